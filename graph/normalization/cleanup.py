"""From what people type to what a parser reads: written-out words, no openers, no tags, a capital and a full stop."""

import re

from graph.normalization.first_names import is_first_name, is_nothing_but_a_name

_EMOJI = re.compile("[\u2190-\u2bff\u3030\u303d\u3297\u3299\ufe0f\u200d\U0001f000-\U0001faff]+")
_EMOTICON = re.compile(r"(?<!\S)(?:[:;=8][-']?[)(DPpOo/|\\*]+|<3+|xD+|XD+|\^_*\^)(?!\w)")
_TAGGED = re.compile(r"(?:\s#\w+)+$|@(?=\w)")
_WRITTEN_OUT = {
    "im": "I'm", "ive": "I've", "dont": "don't", "doesnt": "doesn't", "didnt": "didn't", "cant": "can't",
    "couldnt": "couldn't", "wont": "won't", "wouldnt": "wouldn't", "isnt": "isn't", "wasnt": "wasn't",
    "arent": "aren't", "werent": "weren't", "havent": "haven't", "hasnt": "hasn't", "hadnt": "hadn't",
    "shouldnt": "shouldn't", "youre": "you're", "theyre": "they're", "hes": "he's", "shes": "she's",
    "thats": "that's", "whats": "what's", "aint": "isn't", "ain't": "isn't", "gonna": "going to",
    "wanna": "want to", "gotta": "have to", "hafta": "have to", "tryna": "trying to", "lemme": "let me",
    "gimme": "give me", "u": "you", "ya": "you", "yall": "you", "y'all": "you", "ur": "your", "cuz": "because",
    "coz": "because", "cos": "because", "bc": "because", "'cause": "because", "pls": "please", "plz": "please",
    "thru": "through", "tho": "though", "ppl": "people", "tmrw": "tomorrow", "'em": "them",
}  # fmt: skip
_WORD = re.compile(r"(?<![\w'])(?:'em|'cause|[A-Za-z]+(?:'[A-Za-z]+)?)(?![\w'])")
_LONE_I = re.compile(r"(?<![\w.'-])i(?![\w.-])")
_GOT = re.compile(
    r"\b(?:have|has|'ve|'s) got(?= (?:to|an?|the|no|some|any|my|your|his|her|our|their|this|that|\d+|one|two|three|"
    r"four|five|six|seven|eight|nine|ten|lots|so|plenty|nothing|something)\b)",
    re.IGNORECASE,
)

_BEEN = re.compile(r"'([sd]) (?=(?:never |always |already |just |not |really )?been\b)")

_EXCLAIMED = (
    "oh|ok|okay|yeah|yep|hey|hi|hello|omg|lol|lmao|ugh|wow|damn|haha+|btw|tbh|ngl|smh|honestly|actually|basically|"
    "anyway|anyways|apparently|seriously|literally|frankly|unfortunately|luckily|sadly|thankfully|obviously|i mean|"
    "i swear|guess what|you know what|you know|to be honest|of course|long story short"
)
_EXCLAIMED_WITH_COMMA = (
    "yes|no|nope|nah|hiya|dear all|good morning|good evening|good afternoon|whoa|oops|yikes|hmm+|um|uh|fyi|clearly|"
    "in fact|let me tell you|listen|look|by the way|for real|fun fact|you see|thank god|thank goodness|god|"
    "jesus|believe it or not|no joke|well|so|then|like|and|but|plus|as usual|alas|man|dude|guys|bro|sis|honey|babe|"
    "mom|dad|mum|girl"
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
        rf"(?:{_EXCLAIMED}|and|but|idk(?: why)?(?: but)?|(?:it )?turns out(?: that)?|"
        rf"(?:so|well|then|like|plus|now)(?= (?:{_CLAUSE_STARTS})\b))\s+(?=\S)",
        re.IGNORECASE,
    ),
)
_CALLED = re.compile(
    r"([A-Z][a-z]+),\s+(?!(?:my|your|his|her) [\w ]+,)"
    r"(?=(?:I|we|you|he|she|they|it|my|your|can|could|did|do|are|have|please|don't)\b)"
)
_ENDS_SAYING_NOTHING = (
    "right|you know|huh|eh|lol|lmao|haha+|smh|tbh|ngl|omg|xd|ok|okay|please|thanks|thank you|though|i think|i guess|"
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
_LEFT_OUT_I = re.compile(
    r"\A(?:(?:just|finally|almost|already|never|totally|accidentally) )?"
    r"(?:got|lost|went|had|broke|fell|found|told|made|took|bought|forgot|left|spent|saw|ran|woke|quit|met|ate|was|didn't|"
    r"can't|couldn't|haven't|won't|wasn't|hit|[a-z]+ed) "
    r"(?=(?:my|the|an?|his|her|our|your|their|in|on|to|from|into|with|at|out|up|down|off|over|it|him|them|you|me|back|home|"
    r"late|so|too|lost|married|engaged|fired|dumped|promoted|rejected|sick|stuck|caught|robbed|mugged|hit|sleep|find|"
    r"believe|get|wait|go|see|stop|even|really|some|two|three|\d+)\b)",
    re.IGNORECASE,
)
_SMALL_WORD = re.compile(
    r"(?<!\bmy )(?<!\bthe )(?<!\ba )(?<!\bhis )(?<!\bher )(?<!\bour )(?<!\byour )(?<!\btheir )"
    r"(?<![\w'-])[a-z]{2,}(?![\w-])"
)
_FINAL = re.compile(r"[\s.!?,;:…-]+$")


def for_parser(text: str) -> str:
    """The sentence in words that a parser knows; "" where nothing is left."""
    text = _EMOTICON.sub(" ", _EMOJI.sub(" ", text))
    text = _TAGGED.sub("", text)
    if text.isupper() and " " in text.strip():
        text = text.lower()
    text = _WORD.sub(_written_out, _LONE_I.sub("I", text))
    text = _BEEN.sub(lambda found: " has " if found[1] == "s" else " had ", _GOT.sub(_has, text))
    text = _without_tags(_without_openers(" ".join(text.split())))
    text = _LET_US.sub("We ", _LET_US_NOT.sub("We do not ", text))
    text = _LEFT_OUT_I.sub(lambda found: "I " + found[0][0].lower() + found[0][1:], text)
    if not any(c.isupper() for c in text.replace("I", "")[1:]):
        text = _SMALL_WORD.sub(_with_capital, text)
    is_question = text.rstrip(" .!…\"'").endswith("?")
    text = _FINAL.sub("", text)
    return text[0].upper() + text[1:] + ("?" if is_question else ".") if text else ""


def _written_out(found: re.Match[str]) -> str:
    word = found[0]
    return word if word == "U" else _WRITTEN_OUT.get(word.lower(), word)


def _has(found: re.Match[str]) -> str:
    """ "I've got to" is "I have to"."""
    has = "has" if found[0].lower().startswith(("has", "'s")) else "have"
    return " " + has if found[0].startswith("'") else has


def _with_capital(found: re.Match[str]) -> str:
    return found[0].capitalize() if is_nothing_but_a_name(found[0]) else found[0]


def _without_openers(text: str) -> str:
    """Without what comes before the first clause and says nothing: "so", "honestly", "hey Tom,"."""
    while True:
        found = next((found for opener in _OPENERS if (found := opener.match(text))), None)
        if found is None and (called := _CALLED.match(text)) and is_first_name(called[1]):
            found = called
        if found is None or found.end() == len(text):
            return text
        text = text[found.end() :]


def _without_tags(text: str) -> str:
    """Without what comes after the last clause and says nothing: ", right?", "lol"."""
    while found := _TAG.search(text):
        if found.start() == 0 or _NO_TAG_WITHOUT_COMMA.match(found[0]):
            return text
        text = text[: found.start()]
    return text
