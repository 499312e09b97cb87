"""Labels before a text, and the names of its speaker and of the one addressed: "[Update]", "TIL", "Anna:", "@sam"."""

import re

from graph.normalization.event_detection import is_past
from graph.normalization.first_names import is_first_name
from graph.normalization.lexicon import words
from graph.normalization.verbs import is_base_form

_TAG = re.compile(r"\A(?:[\[{(][\w !?'&/-]{1,25}[\])}]\s*[:–-]?\s*)+(?=\w)")
_TAG_AT_END = re.compile(r"(?<=\w)[\s.!?]+\[[\w !?'&/-]{1,25}\]\Z")
_ACCUSED = re.compile(
    r"\A(?:AITAH?|WIBTAH?|AIBU|TIFU|am i (?:the asshole|the jerk|wrong|overreacting|being unreasonable))\b\W*"
    r"(?:(?:for|by|in) (?P<not>not )?(?=\w+ing\b)|(?:if|when|because|that|and|bc)?\b\s*)(?=\w)",
    re.IGNORECASE,
)
_POST = re.compile(
    r"\A(?:(?:TIL|POV|PSA|LPT|FML|YSK|ELI5|TL;?DR|MRW|MFW|TFW|IMO|IMHO|FYI|CMV|DAE|NSFW|WTF|RIP|SOS|ICYMI|TW|CW|LOL|"
    r"OMG|NGL|SMH|TBH|BREAKING|UPDATE|EDIT|REMINDER|RANT|HELP)\b(?:\s*[:,;.!–-]+|\b)|"
    r"(?i:update|edit|note|reminder|question|quick question|serious question|rant|confession|story time|psa|til|pov|"
    r"fun fact|pro tip|unpopular opinion|hot take|advice needed|breaking(?: news)?|news|ps|p\.s\.|tl;?dr|"
    r"shower thought|life update)\s*\d*\s*:)\s*(?:(?:that|when)\s+)?(?=\w)"
)
_SPEAKER = re.compile(r"\A@?([A-Z][\w'.-]*(?: [A-Za-z][\w'-]*){0,2}):\s+(?=\S+\s+\S)")
_SAYS = words(
    "i he she they we you my his her our your their it said says asked told is are was were replied wrote yelled"
)
_MENTION = re.compile(r"\A@\w+[,:]?\s+(?=(\w+))")
_CALLED = re.compile(
    r"\A(?:(?i:doctor|doc|boss|coach|officer|sir|ma'am|madam|professor|teacher|darling|sweetie|love|"
    r"baby|buddy|kids|everyone|everybody|folks|friends|ladies|gentlemen|grandma|grandpa|dear diary|diary|your honor|"
    r"team|son|kiddo|mate|auntie|alexa|siri)|(?P<name>[A-Z][a-z]+)),\s+(?!(?:my|your|his|her|an?|the|who) [\w ]+,)"
    r"(?=(?P<next>[\w']+))"
)
_STARTS = words(
    "i we you he she they it my your our this that there can could will would did do does are is have has please don't "
    "let's let never always why what how when where who if don't can't won't i'm i've you're it's he's she's we're"
)
_CALLED_AT_END = re.compile(r"(?<=\w),\s+(?P<who>[A-Z][a-z]+)\s*(?P<end>[.!?]*)\Z")


def without_labels(text: str) -> str:
    """A text without its labels, speaker and addressee."""
    text = _TAG_AT_END.sub("", _TAG.sub("", text))
    text = _POST.sub("", text)
    if accused := _ACCUSED.match(text):
        rest = text[accused.end() :].rstrip(" ?")
        does = rest.split()[0].endswith("ing")
        text = ("I am not " if accused["not"] else "I am ") + rest if does else rest
    if (speaker := _SPEAKER.match(text)) and not _SAYS & set(speaker[1].lower().split()):
        text = text[speaker.end() :]
    return _without_addressee(text)


def _without_addressee(text: str) -> str:
    if (mention := _MENTION.match(text)) and not _is_told(mention[1].lower()):
        text = text[mention.end() :]
    if (called := _CALLED.match(text)) and (called["name"] is None or is_first_name(called["name"])):
        following = called["next"].lower()
        if following in _STARTS or is_base_form(following):
            text = text[called.end() :]
    called = _CALLED_AT_END.search(text)
    if called and is_first_name(called["who"]) and "," not in text[: called.start()]:
        text = text[: called.start()] + called["end"]
    return text


def _is_told(word: str) -> bool:
    """A verb after its subject: "@sam stole my bike"."""
    return is_past(word) or word in ("is", "has", "can", "will", "won't", "can't")
