"""What string rules make of a sentence: the baseline beside the reading of natural input.

The first pronoun or capitalised name becomes PersonX, the second PersonY, the third PersonZ, the same word the same
person; a known past tense becomes the present, "-ed" becomes "-s"; helpers before a verb go.
"""

import re

from schemas.events import canonical

_SUBJECTS = {
    form: subject
    for subject, forms in {
        "I": "i me my mine myself", "you": "you your yours yourself", "he": "he him his himself",
        "she": "she her hers herself",
        "we": "we us our ours ourselves", "they": "they them their theirs themselves", "someone": "someone somebody",
    }.items()
    for form in forms.split()
}  # fmt: skip
_POSSESSIVE = frozenset(("my", "your", "his", "our", "their", "mine", "yours", "ours", "theirs", "hers"))
_PAST = {
    "was": "is", "were": "is", "am": "is", "are": "is", "had": "has", "have": "has", "did": "does",
    "went": "goes", "got": "gets", "took": "takes", "made": "makes", "gave": "gives", "told": "tells",
    "said": "says", "found": "finds", "lost": "loses", "bought": "buys", "broke": "breaks", "left": "leaves",
    "felt": "feels", "met": "meets", "saw": "sees", "came": "comes", "ate": "eats", "fell": "falls",
    "forgot": "forgets", "ran": "runs", "won": "wins", "woke": "wakes", "caught": "catches", "kept": "keeps",
    "stole": "steals", "sold": "sells", "paid": "pays", "wrote": "writes", "drove": "drives", "sent": "sends",
}  # fmt: skip
_CONTRACTIONS = [
    (r"\b(?:can't|cannot)\b", "can not"), (r"\bwon't\b", "does not"), (r"n't\b", " not"), (r"'m\b", " am"),
    (r"'re\b", " are"), (r"'ve\b", " have"), (r"'ll\b", ""), (r"\b(it|he|she|there|that)'s\b", r"\1 is"),
]  # fmt: skip
_HELPERS = re.compile(r"\b(?:will|is going to|am going to|are going to|has been|have been)\s+", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z]+('s)?")
_CAPITALISED_OTHERS = frozenset(
    (
        "the",
        "a",
        "an",
        "there",
        "this",
        "that",
        "it",
        "everyone",
        "nobody",
        "yesterday",
        "today",
        "when",
        "if",
        "because",
    )
)


def read(text: str) -> tuple[str, dict[str, str]]:
    """The event and the roles."""
    for pattern, written in _CONTRACTIONS:
        text = re.sub(pattern, written, text, flags=re.IGNORECASE)
    text = _HELPERS.sub("", text)
    people: dict[str, str] = {}
    text = _WORD.sub(lambda found: _word(found, people), text)
    return canonical(text), {place: words for words, place in people.items()}


def _word(found: re.Match[str], people: dict[str, str]) -> str:
    word, owner = (found[0][:-2], "'s") if found[1] else (found[0], "")
    small = word.lower()
    if small in _SUBJECTS or (word[0].isupper() and small not in _CAPITALISED_OTHERS and len(word) > 1):
        subject = _SUBJECTS.get(small, word)
        if subject not in people and len(people) < 3:
            people[subject] = f"Person{'XYZ'[len(people)]}"
        if subject in people:
            return people[subject] + ("'s" if owner or small in _POSSESSIVE else "")
        return found[0]
    if small in _PAST:
        return _PAST[small] + owner
    if small.endswith("ied"):
        return small[:-3] + "ies" + owner
    return small[:-2] + "s" + owner if small.endswith("ed") and len(small) > 4 else found[0]
