"""Verbs in the simple present: the finite verb groups of a sentence, each word of them as it is to be written."""

from typing import TYPE_CHECKING

from graph.normalization.lexicon import words
from graph.normalization.tokens import as_written

if TYPE_CHECKING:
    from spacy.tokens import Token

_FINITE = frozenset(("VBD", "VBZ", "VBP", "MD"))
_LEMMAS = {
    "'s": "be", "'re": "be", "'m": "be", "is": "be", "are": "be", "was": "be", "were": "be", "am": "be", "been": "be",
    "being": "be", "be": "be", "ai": "be", "wo": "will", "'ll": "will", "sha": "shall", "ca": "can", "'ve": "have",
}  # fmt: skip
_MODALS = {
    "can": "can", "ca": "can", "could": "can", "should": "should", "must": "must", "may": "may", "might": "might",
    "would": "would", "'d": "would", "ought": "ought",
}  # fmt: skip
_TWO_OBJECTS = words("give offer tell ask show teach pay send call name elect lend hand award grant serve deny")
_PLURAL = words("people police these those both many few several we they kids folks parents")
_PART_OF = words("some many most all both few several lot lots couple bunch half number plenty rest")
_SINGULAR = words("everyone everybody nobody someone somebody anyone anybody something nothing everything")


# Looked up anew each time, which takes some 20 µs of a sentence's 5 ms: a cache would keep the words that people say.
def _inflected(lemma: str, tag: str) -> str | None:
    from lemminflect import getInflection

    forms: tuple[str, ...] = getInflection(lemma, tag)
    return forms[0] if forms else None


def lemma_of(word: str) -> str:
    """The base form of a word as a verb."""
    from lemminflect import getLemma

    lemmas: tuple[str, ...] = getLemma(word, "VERB")
    return lemmas[0] if lemmas else word


def is_word(word: str) -> bool:
    """A word of the dictionary, not an unknown name."""
    from lemminflect import getAllLemmas

    return bool(getAllLemmas(word))


def is_common_noun(word: str) -> bool:
    """A noun of the dictionary."""
    from lemminflect import getAllLemmas

    return word in getAllLemmas(word).get("NOUN", ())


def is_base_form(word: str) -> bool:
    """A verb as the dictionary lists it: "close", never "closed"."""
    from lemminflect import getAllLemmas

    return word in getAllLemmas(word).get("VERB", ())


def is_third_person(word: str) -> bool:
    """A verb with the -s of the third person, even if it is a plural noun, too: "asks", "waits"."""
    from lemminflect import getAllLemmas

    verbs = getAllLemmas(word).get("VERB", ())
    return word.endswith("s") and bool(verbs) and word not in verbs


def is_past_form(word: str) -> bool:
    """An unambiguous past tense: "forgave"."""
    from lemminflect import getAllLemmas

    lemmas = getAllLemmas(word)
    return "VERB" in lemmas and word not in lemmas["VERB"] and not word.endswith(("s", "ing")) and "NOUN" not in lemmas


def lemma(verb: "Token") -> str:
    """The base form of a verb."""
    word = as_written(verb).lower()
    if word == "'s" and verb.dep_ == "aux" and verb.head.tag_ == "VBN":
        return "have"
    if word == "'d":
        return "would" if verb.tag_ == "MD" and verb.head.tag_ not in ("VBN", "VBD") else "have"
    if word in _LEMMAS:
        return _LEMMAS[word]
    return word if verb.tag_ == "VB" else lemma_of(word)


def third_person(base: str) -> str:
    """ "buy" → "buys"."""
    return {"be": "is", "have": "has"}.get(base) or _inflected(base, "VBZ") or base + "s"


def finite(base: str, plural: bool) -> str:
    """The simple present: "buys", of several "buy"."""
    if base == "be":
        return "are" if plural else "is"
    return base if plural else third_person(base)


def is_verb(token: "Token") -> bool:
    """True for verbs and modals."""
    return token.tag_.startswith("VB") or token.tag_ == "MD"


def subject_of(verb: "Token") -> "Token | None":
    """The subject of a verb, its own or shared with the verb before "and"."""
    while True:
        if (subject := own_subject(verb)) is not None:
            return subject
        if verb.dep_ != "conj" or not is_verb(verb.head):
            return None
        verb = verb.head


def own_subject(verb: "Token") -> "Token | None":
    """The subject below a verb, or the noun right before it parsed as a part of a compound."""
    for child in (*verb.children, *(below for helper in helpers_of(verb) for below in helper.children)):
        if child.dep_ in ("nsubj", "nsubjpass", "csubj", "csubjpass"):
            return child
    if verb.dep_ == "acl" and verb.tag_ in ("VBN", "VBD") and verb.head.dep_ == "ROOT":
        return verb.head
    if verb.tag_ not in ("VBD", "VBZ", "VBP"):
        return None
    for child in verb.lefts:
        if child.dep_ in ("compound", "nmod", "npadvmod") and child.i == verb.i - 1 and child.tag_.startswith("NN"):
            return child if child.ent_type_ not in ("DATE", "TIME") or lemma(verb) == "be" else None
    return None


def helpers_of(verb: "Token") -> "list[Token]":
    """The auxiliaries of a verb: "has been" of "has been fired"."""
    return [child for child in verb.children if child.dep_ in ("aux", "auxpass") and child.tag_ != "TO"]


def is_infinitive(verb: "Token") -> bool:
    """True for "to go"."""
    return any(child.dep_ == "aux" and child.tag_ == "TO" for child in verb.children)


def negation_of(verb: "Token") -> "Token | None":
    """The "not" of a verb; "never" is an adverb like others."""
    return next((c for c in verb.children if c.dep_ == "neg" and c.lower_ in ("not", "n't", "n’t")), None)


def is_finite(verb: "Token") -> bool:
    """True for a verb with a tense."""
    if is_infinitive(verb):
        return False
    helpers = helpers_of(verb)
    if helpers:
        return any(helper.tag_ in _FINITE for helper in helpers)
    own_subject = any(child.dep_ in ("nsubj", "expl") for child in verb.children)
    return verb.tag_ in _FINITE or (
        own_subject and verb.tag_ in ("VB", "VBN") and verb.dep_ not in ("ccomp", "xcomp", "pcomp")
    )


def are_several(subject: "Token") -> bool:
    """ "Tom and Anna", even if both are parsed as children of the verb."""
    joined = next((child for child in subject.children if child.dep_ == "conj"), None)
    if any(child.dep_ == "cc" and child.lower_ in ("and", "&") for child in subject.children):
        return joined is not None or len(subjects_below(subject.head)) > 1
    return joined is not None and are_several(joined)


def subjects_below(verb: "Token") -> "list[Token]":
    """All subjects right below a verb."""
    return [child for child in verb.lefts if child.dep_ in ("nsubj", "nsubjpass")]


def is_plural(subject: "Token | None") -> bool:
    """True if the verb after it has no -s. Persons are singular: "we move" → "PersonX moves"."""
    if subject is None:
        return False
    if are_several(subject):
        return True
    if subject.tag_ in ("PRP", "NNP") or subject.lower_ in _SINGULAR:
        return False
    if subject.tag_ in ("WDT", "WP") and subject.head.dep_ == "relcl":
        return is_plural(subject.head.head)
    if subject.lower_ == "that" and subject.head.dep_ == "relcl":
        return is_plural(subject.head.head)
    if (whole := _what_of(subject)) is not None and (subject.like_num or subject.lower_ in _PART_OF):
        return subject.lower_ != "one" and is_plural(whole)
    return subject.tag_ in ("NNS", "NNPS") or subject.lower_ in _PLURAL


def _what_of(subject: "Token") -> "Token | None":
    """ "two of my friends" are friends."""
    of = next((child for child in subject.children if child.dep_ == "prep" and child.lower_ == "of"), None)
    return None if of is None else next((child for child in of.children if child.dep_ == "pobj"), None)


def passive_of(verb: "Token") -> "Token | None":
    """The "is" or "gets" of a passive, not a "has" mistaken for it ("she's finished her book")."""
    carrier = next((c for c in verb.children if c.dep_ == "auxpass"), None)
    if carrier is None and verb.tag_ == "VBN":
        carrier = next((helper for helper in helpers_of(verb) if lemma(helper) == "be"), None)
    if carrier is None or verb.tag_ == "VBG" or lemma(verb) == "be":
        return None
    takes_object = any(c.dep_ == "dobj" for c in verb.children) and lemma(verb) not in _TWO_OBJECTS
    return None if carrier.lower_ == "'s" and takes_object else carrier


def modal_of(verb: "Token") -> "Token | None":
    """The auxiliary with a meaning of its own, to keep: "can", "should", never "will"."""
    return next((h for h in helpers_of(verb) if h.tag_ == "MD" and h.lower_ in _MODALS and lemma(h) != "have"), None)


def modal_word(modal: "Token") -> str:
    """A modal as it is written in the present."""
    perfect = any(lemma(helper) == "have" for helper in helpers_of(modal.head))
    return "could" if modal.lower_ == "could" and perfect else _MODALS[modal.lower_]


def in_present(verb: "Token", plural: bool, with_negation: bool = True) -> dict[int, str]:
    """The words of a finite verb group, by their place in the sentence, as they stand in the simple present."""
    helpers, negation = helpers_of(verb), negation_of(verb)
    words = {helper.i: "" for helper in helpers}
    if negation is not None:
        words[negation.i] = "not" if with_negation else ""
        negation = negation if with_negation else None
    target, words = _behind_going_to(verb, words)
    if (modal := modal_of(verb)) is not None and target == verb:
        kept = [helper for helper in helpers if helper.tag_ != "MD"]
        words |= {helper.i: "have" if helper.lower_ == "'ve" else helper.lower_ for helper in kept}
        words[modal.i] = modal_word(modal)
        following = verb.doc[modal.i + 1]
        if following.lower_ == "better" and modal.lower_ == "'d":
            words[modal.i] = "had"
        return words
    carrier = passive_of(target)
    base = lemma(carrier if carrier is not None else target)
    first = min([helper.i for helper in helpers], default=None)
    if target.lower_ == "used" and target.tag_ == "VBD" and any(c.dep_ == "xcomp" for c in target.children):
        return words
    if base == "be":
        place = first if first is not None else target.i if carrier is None else carrier.i
        words[target.i if carrier is None else carrier.i] = ""
        words[place] = finite("be", plural)
    elif negation is not None and first is not None:
        words[first] = "do" if plural else "does"
        words[target.i if carrier is None else carrier.i] = base
    else:
        words[target.i if carrier is None else carrier.i] = finite(base, plural)
    return words


def _behind_going_to(verb: "Token", words: dict[int, str]) -> "tuple[Token, dict[int, str]]":
    """ "is going to cry" is about "cry"."""
    if verb.lower_ != "going" or not any(lemma(helper) == "be" for helper in helpers_of(verb)):
        return verb, words
    for child in verb.children:
        if child.dep_ == "xcomp" and is_infinitive(child):
            to = next(c for c in child.children if c.tag_ == "TO")
            return child, words | {verb.i: "", to.i: ""} | {h.i: "" for h in helpers_of(child)}
    return verb, words
