"""Sentence frames around an event: clefts, hypothetical questions, titles."""

import re

_WHO = r"(?:I|we|you|he|she|they|it|(?:my|your|his|her|our|their|the) [a-z]+(?: [a-z]+)?|[A-Z][\w'-]+)"
_NOUN = r"(?:me|you|him|her|us|them|(?:my|your|his|her|our|their|the|an?) [\w' -]+?|[A-Z][\w'-]*(?: [A-Z][\w'-]*)?)"
_SUBJECTS = {"me": "I", "him": "he", "us": "we", "them": "they", "her": "she"}
_IS = r"(?:is|was|'s|has been|will be)"
_BEGINS = (
    r"(?=(?:I|I'm|I've|we|we're|you|you're|he|he's|she|she's|they|they're|it|it's|my|your|his|her|our|their|the|an?|"
    r"this|that|some|someone|somebody|everyone|nobody|no one|two|three|[A-Z][\w'-]+)\b)"
)

_FRAMES = tuple(
    (re.compile(pattern, re.IGNORECASE if small else 0), replacement)
    for small, pattern, replacement in (
        # "what should I do if", "what if", "what happens when"
        (1, r"\A(?:so |but |and )?(?:what|how)\b(?: \w+[\w']*){0,6}? if (?=\w+ \w)", ""),
        (1, r"\A(?:so )?(?:what happens|what would happen|what to do|"
            r"what (?:should|do) i do) when (?=\w+ \w)", ""),
        (1, r"\A(?:imagine|suppose|supposing|say) (?:that |if )(?=\w+ \w)", ""),
        # clefts
        (0, rf"\A(?:[Ww]hat|[Aa]ll|[Tt]he (?:only|first|last|best|worst|one) thing)(?: that)? ({_WHO}) "
            r"(did|do|does|ever did|had to do|have to do|has to do|wanted to do|want to do|wants to do|need to do|"
            rf"needs to do|can do|could do|should do|should have done)(?: \w+)? {_IS} (?:to )?(?=[a-z])", r"\1 \2 "),
        (0, rf"\A(?:[Ww]hat|[Aa]ll)(?: that)? ({_WHO}) ((?:really |ever |do |just )*(?:want|need|like|love|hate|miss|"
            rf"enjoy|fear|regret|said|see|saw|got|bought|remember|lost|found|learned)(?:ed|s|d)?) {_IS} "
            r"(?=[a-z])", r"\1 \2 "),
        (1, r"\A(?:what happened (?:is|was)|the (?:thing|problem|truth|fact|point|worst part|best part|issue|bad news|"
            r"good news|funny thing|reality|sad part) is)(?: that|,)? (?=\w)", ""),
        (1, r"\A(?:it (?:seems|appears|turns out|looks like|so happens|feels like)|the fact)(?: that)? "
            + _BEGINS, ""),
        # titles
        (0, r"\A(?:[Hh]ow|[Ww]hy|[Tt]he (?:real |main )?reason(?: why| that)?|[Tt]he (?:story|tale) of how|"
            r"[Hh]ere's (?:how|why)|[Tt]his is (?:how|why)|[Hh]ow come) " + _BEGINS, ""),
        (1, r"\A(?:the|that one|that|that awkward|this one) (?:time|day|moment|night|year|summer|morning|feeling|face)"
            r"(?: when| that|,)? " + _BEGINS + r"(?!.*\b(?:was|is|were) (?:the|a|my|so|very)\b)", ""),
        (1, r"\A(?:(?:that|this|the) )?(?:moment|feeling|face|awkward moment|look) when " + _BEGINS, ""),
        (1, r"\Ahow (?:much|long|often|far|soon|well|badly|many times|quickly|late|early) "
            r"(?=(?:do|does|did|is|are|was|were|have|has|had|will|would|can|could|should)\b)", ""),
        (1, r"\A(?:at )?what (?:time|day|year|age) (?=(?:do|does|did|is|are|was|were|have|has|will|would|can)\b)", ""),
    )
)  # fmt: skip
_IT_WAS = re.compile(
    rf"\A[Ii]t(?:'s| {_IS}) ({_NOUN}) (?:who|that) (?!I\b|we\b|you\b|he\b|she\b|they\b|the\b|my\b|[A-Z])(?=\w)"
)
_ABSTRACT = re.compile(
    r"\A(?:a|an|the|my|no) (?:\w+ )?(?:shame|pity|fact|lie|rumou?r|miracle|wonder|idea|hope|day|time|way)\Z"
)
_IT_WAS_OBJECT = re.compile(
    rf"\A[Ii]t(?:'s| {_IS}) ({_NOUN}) (?:who|that|whom) ((?:I|we|you|he|she|they|my \w+|[A-Z]\w+) [a-z]+)\b(?: (.*))?\Z"
)
_THE_ONE = re.compile(rf"\A[Tt]he (?:one|person|man|woman|guy|girl) (?:who|that) (.+) {_IS} ({_NOUN})([.!?]*)\Z")


def unframed(text: str) -> str:
    """The clause inside a frame. A text without a frame stays."""
    if (found := _IT_WAS.match(text)) and not _ABSTRACT.match(found[1]):
        return _subject(found[1]) + " " + text[found.end() :]
    if (found := _IT_WAS_OBJECT.match(text)) and not _ABSTRACT.match(found[1]):
        return " ".join(part for part in (found[2], found[1], found[3]) if part)
    if found := _THE_ONE.match(text):
        return f"{_subject(found[2])} {found[1]}{found[3]}"
    for pattern, replacement in _FRAMES:
        if found := pattern.match(text):
            rest = text[found.end() :]
            opening = found.expand(replacement)
            asks = re.match(r"how (?:\w+|many times) \Z|(?:at )?what (?:time|day|year|age) \Z", found[0], re.IGNORECASE)
            return opening + (rest if asks or opening else rest.rstrip("? "))
    return text


def _subject(words: str) -> str:
    return _SUBJECTS.get(words.lower(), words)
