"""From what people type to what a parser reads: written-out words, no openers, no tags, a capital and a full stop."""

import re

from graph.natural.names import is_first_name, is_nothing_but_a_name

_EMOJI = re.compile("[\u2190-\u2bff\u3030\u303d\u3297\u3299\ufe0f\u200d\U0001f000-\U0001faff]+")
_EMOTICON = re.compile(r"(?<!\S)(?:[:;=8][-']?[)(DPpOo/|\\*]+|<3+|xD+|XD+|\^_*\^)(?!\w)")
_TAGGED = re.compile(r"(?:\s#\w+)+$|@(?=\w)")
_WRITTEN_OUT = {
    "im": "I'm", "ive": "I've", "dont": "don't", "doesnt": "doesn't", "didnt": "didn't", "cant": "can't",
    "couldnt": "couldn't", "wont": "won't", "wouldnt": "wouldn't", "isnt": "isn't", "wasnt": "wasn't", "arent": "aren't",
    "werent": "weren't", "havent": "haven't", "hasnt": "hasn't", "hadnt": "hadn't", "shouldnt": "shouldn't",
    "youre": "you're", "theyre": "they're", "hes": "he's", "shes": "she's", "thats": "that's", "whats": "what's",
    "gonna": "going to", "wanna": "want to", "gotta": "have to", "hafta": "have to", "tryna": "trying to",
    "u": "you", "ur": "your", "cuz": "because", "coz": "because", "cos": "because", "bc": "because", "pls": "please",
    "plz": "please", "thru": "through", "tho": "though", "ppl": "people", "y'all": "you", "yall": "you", "ain't": "isn't",
    "aint": "isn't", "lemme": "let me", "gimme": "give me", "ya": "you", "tmrw": "tomorrow", "'em": "them",
}  # fmt: skip
_WORD = re.compile(r"(?<![\w'])(?:'em|'cause|[A-Za-z]+(?:'[A-Za-z]+)?)(?![\w'])")
_LONE_I = re.compile(r"(?<![\w.'-])i(?![\w.-])")
_GOT_TO = re.compile(
    r"\b(?:have|has|'ve|'s) got(?= (?:to|a|an|the|no|some|any|my|your|his|her|our|their|this|that|\d+|one|two|three|four|five|six|seven|eight|nine|ten|lots|so|plenty|nothing|something)\b)",
    re.I,
)

_SAYS_NOTHING = (
    "oh|ok|okay|yeah|yep|yes|nope|nah|hey|hi|hello|hiya|dear all|good morning|good evening|good afternoon|honestly|actually|"
    "basically|anyway|anyways|omg|lol|lmao|ugh|wow|whoa|oops|damn|yikes|haha+|hahaha|hmm+|um|uh|btw|fyi|tbh|ngl|smh|apparently|"
    "seriously|literally|frankly|unfortunately|luckily|sadly|thankfully|obviously|clearly|of course|in fact|to be honest|"
    "guess what|you know what|you know|i mean|i swear|let me tell you|listen|look|by the way|not gonna lie|for real|fun fact|"
    "long story short|you see|thank god|thank goodness|god|jesus|believe it or not|no joke|well|and|but|plus|as usual|alas"
)
_OPENER = re.compile(
    rf"(?:{_SAYS_NOTHING}|no|man|dude|guys|bro|sis|honey|babe|mom|dad|mum|girl)\s*[,!.?:;…-]+\s*", re.I
)
_OPENER_BARE = re.compile(
    r"(?:oh|ok|okay|yeah|yep|hey|hi|hello|honestly|actually|basically|anyway|anyways|omg|lol|lmao|ugh|wow|damn|haha+|btw|tbh|ngl|"
    r"smh|apparently|seriously|literally|frankly|unfortunately|luckily|sadly|thankfully|obviously|and|but|i mean|guess what|"
    r"you know what|idk(?: why)?(?: but)?|to be honest|of course|long story short|i swear|you know|turns out|it turns out(?: that)?|"
    r"(?:so|well|then|like|plus|now)(?= (?:i|we|you|he|she|they|it|my|our|your|his|her|their|the|a|an|this|that|there|then|"
    r"yesterday|today|last|when|if|just|anyway|basically|apparently|honestly|like)\b))\s+(?=\S)",
    re.I,
)
_GREETED = re.compile(r"(?:hi|hey|hello|dear)\s+(?:there|all|everyone|guys|(?-i:[A-Z])[a-z]+)\s*[,!.]\s*", re.I)
_CALLED = re.compile(
    r"([A-Z][a-z]+),\s+(?!(?:my|your|his|her) [\w ]+,)(?=(?:I|we|you|he|she|they|it|my|your|can|could|did|do|are|have|please|don't)\b)"
)
_TAG = re.compile(
    r"[\s,.!?;…-]+(?:right|you know|huh|eh|lol|lmao|haha+|hahaha|smh|tbh|ngl|omg|xd|ok|okay|please|thanks|thank you|though|i think|"
    r"i guess|i suppose|i mean|believe it or not|man|dude|bro|guys|honestly|no joke|to be honest|unfortunately|"
    r"(?:is|are|was|were|do|does|did|have|has|had|can|could|will|would|should|wo|ca|ai)(?:n't)?(?: not)? (?:it|you|he|she|they|we|i))"
    r"\s*[.!?…]*$",
    re.I,
)
_TAG_NEEDS_COMMA = re.compile(
    r"^[\s]+(?:you know|please|though|i think|i guess|ok|man|right|guys|\w+(?:n't)? (?:it|you|he|she|they|we|i))", re.I
)
_FINAL = re.compile(r"[\s.!,;:…-]+$")


_LET_US = re.compile(r"\A(?:let's|lets|let us) (?=\w)", re.I)
_SHALL_WE = re.compile(r"\A(?:let's|lets|let us) not (?=\w)", re.I)
_LEFT_OUT_I = re.compile(
    r"\A(?:(?:just|finally|almost|already|never|totally|accidentally) )?"
    r"(?:got|lost|went|had|broke|fell|found|told|made|took|bought|forgot|left|spent|saw|ran|woke|quit|met|ate|was|didn't|can't|couldn't|"
    r"haven't|won't|wasn't|hit|missed|dropped|failed|finished|started|spilled|burned|cried|[a-z]+ed) "
    r"(?=(?:my|the|a|an|his|her|our|your|their|in|on|to|from|into|with|at|out|up|down|off|over|it|him|them|you|me|back|home|late|so|too|"
    r"lost|married|engaged|fired|dumped|promoted|rejected|sick|stuck|caught|robbed|mugged|hit|sleep|find|believe|get|wait|go|see|stop|"
    r"even|really|some|two|three|\d+)\b)",
    re.I,
)
_SMALL_WORD = re.compile(
    r"(?<!\bmy )(?<!\bthe )(?<!\ba )(?<!\bhis )(?<!\bher )(?<!\bour )(?<!\byour )(?<!\btheir )(?<![\w'-])[a-z]{2,}(?![\w-])"
)


def for_parser(text: str) -> str:
    """The sentence in words that a parser knows; "" where nothing is left."""
    text = _EMOTICON.sub(" ", _EMOJI.sub(" ", text))
    text = _TAGGED.sub("", text)
    if text.isupper() and " " in text.strip():
        text = text.lower()
    text = _LONE_I.sub("I", text)
    text = _WORD.sub(_written_out, text)
    text = _GOT_TO.sub(_got, text)
    text = _without_tags(_without_openers(" ".join(text.split())))
    text = _SHALL_WE.sub("We do not ", text) if _SHALL_WE.match(text) else _LET_US.sub("We ", text)
    text = _LEFT_OUT_I.sub(lambda found: "I " + found[0][0].lower() + found[0][1:], text)
    if not any(c.isupper() for c in text.replace("I", "")[1:]):
        text = _SMALL_WORD.sub(
            lambda found: found[0].capitalize() if is_nothing_but_a_name(found[0]) else found[0], text
        )
    question = text.rstrip(" .!…\"'").endswith("?")
    text = _FINAL.sub("", text.rstrip(" ?!."))
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("?" if question else ".")


def _written_out(found: re.Match[str]) -> str:
    word = found[0]
    if word == "'cause":
        return "because"
    return _WRITTEN_OUT.get(word.lower(), word) if word.lower() != "u" or word == "u" else word


def _got(found: re.Match[str]) -> str:
    return (
        (" has" if found[0].lower().startswith(("has", "'s")) else " have")
        if found[0][0] == "'"
        else found[0].split()[0]
    )


def _without_openers(text: str) -> str:
    """Without what comes before the first clause and says nothing: "so", "honestly", "hey Tom,"."""
    while True:
        found = _GREETED.match(text) or _OPENER.match(text) or _OPENER_BARE.match(text)
        if not found and (called := _CALLED.match(text)) and is_first_name(called[1]):
            found = called
        if not found or found.end() == len(text):
            return text
        text = text[found.end() :]


def _without_tags(text: str) -> str:
    """Without what comes after the last clause and says nothing: ", right?", "lol"."""
    while found := _TAG.search(text):
        if found.start() == 0 or _TAG_NEEDS_COMMA.match(found[0]):
            return text
        text = text[: found.start()] + ("" if "?" not in found[0] else "")
    return text
