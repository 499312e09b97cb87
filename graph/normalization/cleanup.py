"""Typed text prepared for the parser: one sentence in full words, with a capital and a full stop."""

import re

from graph.normalization.contractions import written_out
from graph.normalization.first_names import is_first_name, is_nothing_but_a_name
from graph.normalization.formatting import plain
from graph.normalization.frames import unframed
from graph.normalization.headlines import completed
from graph.normalization.labels import without_labels
from graph.normalization.left_out import with_subject
from graph.normalization.quotations import tidy
from graph.normalization.spelling import word_list
from graph.normalization.verbs import is_word

_TAGGED = re.compile(r"(?:\s#\w+)+$|@(?=\w)")
_EXCLAIMED = (
    "oh|ok|okay|yeah|yep|hey|hi|hello|omg|lol|lmao|ugh|wow|damn|haha+|btw|tbh|ngl|smh|honestly|actually|basically|"
    "anyway|anyways|apparently|seriously|literally|frankly|unfortunately|luckily|sadly|thankfully|obviously|i mean|"
    "i swear|guess what|you know what|you know|to be honest|of course|long story short"
)
_EXCLAIMED_WITH_COMMA = (
    "yes|no|nope|nah|hiya|dear all|good morning|good evening|good afternoon|whoa|oops|yikes|hmm+|um|uh|fyi|clearly|"
    "in fact|let me tell you|listen|look|by the way|for real|fun fact|you see|thank god|thank goodness|god|"
    "sorry|jesus|believe it or not|no joke|well|so|then|like|and|but|plus|as usual|alas|man|dude|guys|bro|sis|honey|"
    "babe|mom|dad|mum|girl"
)
_CLAUSE_STARTS = (
    "i|we|you|he|she|they|it|my|our|your|his|her|their|the|an?|this|that|there|then|yesterday|today|last|when|if|just|"
    "anyway|"
    "basically|apparently|actually|honestly|like"
)
_OPENERS = (
    re.compile(r"(?:hi|hey|hello|dear)\s+(?:there|all|everyone|guys|(?-i:[A-Z])[a-z]+)\s*[,!.]\s*", re.IGNORECASE),
    re.compile(rf"(?:{_EXCLAIMED}|{_EXCLAIMED_WITH_COMMA})\s*[,!.?:;…-]+\s*", re.IGNORECASE),
    re.compile(
        rf"(?:{_EXCLAIMED}|and|but|(?:idk|i don't know)(?: why)?,? but|(?:it )?turns out(?: that)?|"
        rf"(?:so|well|then|like|plus|now)(?= (?:{_CLAUSE_STARTS})\b))\s+(?=\S)",
        re.IGNORECASE,
    ),
)
_ENDS_SAYING_NOTHING = (
    "right|you know|huh|eh|ugh+|argh+|meh|sigh|yikes|oof|wtf|fml|rip|yay|woohoo|whew|damn|jk|imo|imho|lmfao|rofl|af|fr|"
    "no cap|heh|hehe|ikr|wow|omfg|sadly|ffs|so yeah|tbf|"
    "lol|lmao|haha+|smh|tbh|ngl|omg|xd|ok|okay|please|thanks|thank you|though|i think|i guess|"
    "i suppose|"
    "i mean|believe it or not|man|dude|bro|guys|honestly|no joke|to be honest|unfortunately|"
    "(?:is|are|was|were|do|does|did|have|has|had|can|could|will|would|should|wo|ca|ai)(?:n't)?(?: not)? "
    "(?:it|you|he|she|they|we|i)"
)
_TAG = re.compile(rf"[\s,.!?;…-]+(?:{_ENDS_SAYING_NOTHING})\s*[.!?…]*$", re.IGNORECASE)
_NO_TAG_WITHOUT_COMMA = re.compile(
    r"\s+(?:you know|please|though|thanks|thank you|i think|i guess|ok|man|right|guys|\w+(?:n't)?(?: not)? "
    r"(?:it|you|he|she|they|we|i))\b",
    re.IGNORECASE,
)

_LET_US_NOT = re.compile(r"\A(?:let's|lets|let us) not (?=\w)", re.IGNORECASE)
_LET_US = re.compile(r"\A(?:let's|lets|let us) (?=\w)", re.IGNORECASE)
_SMALL_WORD = re.compile(
    r"(?<!\bmy )(?<!\bthe )(?<!\ba )(?<!\bhis )(?<!\bher )(?<!\bour )(?<!\byour )(?<!\btheir )"
    r"(?<![\w'-])[a-z]{2,}(?![\w-]|'(?!s\b))"
)
_UNKNOWN = re.compile(r"(?<![\w'@#.-])[a-z]{5,}(?![\w'-])")
_ENDS_IN_LETTER = re.compile(r"\b[Pp]erson [A-Z\d]\Z")
_FINAL = re.compile(r"[\s.!?,;:…-]+$")


def for_parser(text: str) -> str:
    """The sentence in full words, "" if nothing remains."""
    text = _TAGGED.sub("", without_labels(plain(text)))
    if text.isupper() and " " in text.strip():
        text = text.lower()
    text = _UNKNOWN.sub(_corrected, written_out(text))
    text = tidy(_without_tags(_without_openers(" ".join(text.split()))))
    text = _LET_US.sub("We ", _LET_US_NOT.sub("We do not ", unframed(without_labels(text))))
    text = completed(with_subject(text)) if text else text
    if not any(c.isupper() for c in text.replace("I", "")[1:]):
        text = _SMALL_WORD.sub(_with_capital, text)
    is_question = text.rstrip(" .!…'").endswith("?")
    text = _FINAL.sub("", text)
    if not text:
        return ""
    end = "?" if is_question else " ." if _ENDS_IN_LETTER.search(text) else "."
    return text[0].upper() + text[1:] + end


def _corrected(match: re.Match[str]) -> str:
    """A misspelt word corrected. Names and dictionary words stay."""
    word = match[0]
    if is_first_name(word):
        return word
    corrected = word_list().corrected(word)
    return word if corrected == word or is_word(word) else corrected


def _with_capital(found: re.Match[str]) -> str:
    return found[0].capitalize() if is_nothing_but_a_name(found[0]) else found[0]


def _without_openers(text: str) -> str:
    """The text without empty openers: "so", "honestly", "hey Tom,"."""
    while True:
        found = next((found for opener in _OPENERS if (found := opener.match(text))), None)
        if found is None or found.end() == len(text):
            return text
        text = text[found.end() :]


def _without_tags(text: str) -> str:
    """The text without empty endings: ", right?", "lol"."""
    while found := _TAG.search(text):
        if found.start() == 0 or _NO_TAG_WITHOUT_COMMA.match(found[0]):
            return text
        text = text[: found.start()]
    return text
