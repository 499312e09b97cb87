"""English words: parts of speech, inflection and articles. Every look-up is remembered."""

import re
from functools import lru_cache

from graph.normalization.lexicon import words

_SIZE = 1 << 17
_BE = {"I": {"is": "am", "was": "was"}, "plural": {"is": "are", "was": "were"}}
_NOT = {"isn't": "aren't", "wasn't": "weren't", "doesn't": "don't", "hasn't": "haven't"}
FINITE = words(
    "is are am was were has have had does do did will would can could cannot can't won't wouldn't "
    "couldn't isn't aren't wasn't weren't doesn't don't didn't hasn't haven't hadn't must should "
    "shouldn't may might"
)
"""Forms of auxiliaries and modals."""
ADVERBS = words(
    "always never often sometimes seldom just also still even almost again soon then now ever not already "
    "barely hardly instead maybe perhaps usually once finally both all all-too better"
)
DETERMINERS = words(
    "a an the this that these those my your his her its our their some any no every each all both many "
    "much more most several few enough another such one's another's nothing something everything somebody "
    "someone anybody anyone nobody everyone everybody lots plenty"
)
PREPOSITIONS = words(
    "in on at of for with by from under over behind near inside outside between among during without like "
    "into onto about around above below beside besides against across through throughout toward towards "
    "until off out up down as than to upon within beneath past since despite along before after if when "
    "while where"
)
NUMERALS = words("one two three four five six seven eight nine ten eleven twelve twenty hundred")
_MASS = words(
    "water money food time work love air ice rain snow sand salt sugar bread milk coffee tea beer wine "
    "juice soup rice meat fish fruit butter cheese flour oil gas wood metal steel iron gold silver glass "
    "plastic leather cotton wool paper cloth fabric rubber clay concrete music art homework housework "
    "advice information news knowledge help furniture luggage traffic weather fun luck health happiness "
    "joy anger fear pain grief sadness sleep rest energy power electricity heat light darkness dust dirt "
    "mud blood hair skin grass corn garlic pasta cash change freedom peace justice trust respect "
    "attention company comfort entertainment education experience research evidence exercise equipment "
    "clothing jewelry jewellery mail cereal candy chocolate meditation drunkenness pollution nervousness "
    "patience pride shame guilt stress courage fat smoke steam soap shampoo toothpaste ink paint alcohol "
    "breakfast lunch dinner school college church prison home bed town work class television radio earth "
    "heaven hell space nature society history mathematics science literature poetry football basketball "
    "tennis"
)
"""Nouns without an article."""
_VOWEL = re.compile(r"[aeiou]|hour|honest|honou?r|heir|[fhlmnrsx](?![a-z])", re.IGNORECASE)
_CONSONANT = re.compile(r"uni(?!n|m)|us[aeiu]|eu|one\b|once\b|u[bt]i|ewe", re.IGNORECASE)


@lru_cache(_SIZE)
def parts(word: str) -> dict[str, tuple[str, ...]]:
    """The base forms of a word by part of speech: VERB, NOUN, ADJ, ADV, AUX, PROPN. Empty for an unknown word."""
    from lemminflect import getAllLemmas  # imports spaCy, which takes seconds

    return getAllLemmas(word)


@lru_cache(_SIZE)
def _inflected(word: str, tag: str) -> str:
    from lemminflect import getInflection

    forms = getInflection(word, tag)
    return forms[0] if forms else word


@lru_cache(_SIZE)
def is_base(word: str) -> bool:
    """The base form of a verb."""
    return word == "be" or word in parts(word).get("VERB", ())


@lru_cache(_SIZE)
def is_third(word: str) -> bool:
    """A verb with the -s of the third person."""
    return word in ("is", "has", "does") or (word.endswith("s") and any(v != word for v in parts(word).get("VERB", ())))


@lru_cache(_SIZE)
def is_finite(word: str) -> bool:
    """An auxiliary, a modal or a verb in the third person."""
    return word in FINITE or is_third(word)


@lru_cache(_SIZE)
def is_gerund(word: str) -> bool:
    """The -ing form of a verb."""
    return len(word) > 4 and word.endswith("ing") and "VERB" in parts(word)


@lru_cache(_SIZE)
def is_adverb(word: str) -> bool:
    """An adverb that may stand between a subject and its verb."""
    return word in ADVERBS or (word.endswith("ly") and not is_base(word))


def is_noun(word: str) -> bool:
    """A noun."""
    return "NOUN" in parts(word)


@lru_cache(_SIZE)
def is_plural(word: str) -> bool:
    """The plural of a noun."""
    nouns = parts(word).get("NOUN", ())
    return word in ("people", "police") or (bool(nouns) and word not in nouns)


def is_adjective(word: str) -> bool:
    """An adjective."""
    return "ADJ" in parts(word)


@lru_cache(_SIZE)
def base(word: str) -> str:
    """The base form of a verb in the third person or present."""
    if word in ("is", "are", "am"):
        return "be"
    verbs = parts(word).get("VERB", ())
    return verbs[0] if verbs else "have" if word == "has" else "do" if word == "does" else word.removesuffix("s")


@lru_cache(_SIZE)
def third(word: str) -> str:
    """The third person of a base form."""
    return "is" if word in ("be", "are") else "has" if word == "have" else _inflected(word, "VBZ")


def gerund(word: str) -> str:
    """The -ing form of a base form."""
    return "being" if word == "be" else _inflected(word, "VBG")


@lru_cache(_SIZE)
def agreeing(word: str, number: str) -> str:
    """A finite verb after a subject of another number than the third person singular."""
    if (form := _BE[number].get(word)) is not None:
        return form
    if word in _NOT:
        return (
            "'m not"
            if number == "I" and word == "isn't"
            else word
            if word == "wasn't" and number == "I"
            else _NOT[word]
        )
    return base(word) if is_third(word) else word


@lru_cache(_SIZE)
def article(words: str) -> str:
    """ "a" or "an", as the words sound."""
    return "an" if _VOWEL.match(words) and not _CONSONANT.match(words) else "a"


@lru_cache(_SIZE)
def noun_of(phrase: str) -> str:
    """The last word of a noun phrase before a preposition, in lower case."""
    words = phrase.lower().split(" ")
    for n, word in enumerate(words[1:], 1):
        if word in PREPOSITIONS or word in ("that", "who", "which", "and", "or"):
            return words[n - 1].strip(",.")
    return words[-1].strip(",.") if words else ""


@lru_cache(_SIZE)
def with_article(phrase: str) -> str:
    """A noun phrase, with "a" or "an" before a countable noun without any article."""
    first, noun = phrase.partition(" ")[0], noun_of(phrase)
    if (
        first.lower() in DETERMINERS
        or first.lower() in NUMERALS
        or first[:1].isupper()
        or "'s" in first
        or first[:1].isdigit()
    ):
        return phrase
    if noun in _MASS or not is_noun(noun) or is_plural(noun) or is_gerund(first) or noun.endswith("ness"):
        return phrase
    return f"{article(phrase)} {phrase}"
