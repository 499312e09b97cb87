"""Contractions and chat spellings written out: "imma text u" is "I am going to text you"."""

import re

from graph.normalization.event_detection import is_past
from graph.normalization.lexicon import words

_WRITTEN_OUT = {
    "im": "I'm", "ive": "I've", "dont": "don't", "doesnt": "doesn't", "didnt": "didn't", "cant": "can't",
    "couldnt": "couldn't", "wont": "won't", "wouldnt": "wouldn't", "isnt": "isn't", "wasnt": "wasn't",
    "arent": "aren't", "werent": "weren't", "havent": "haven't", "hasnt": "hasn't", "hadnt": "hadn't",
    "shouldnt": "shouldn't", "youre": "you're", "theyre": "they're", "hes": "he's", "shes": "she's",
    "thats": "that's", "whats": "what's", "aint": "isn't", "ain't": "isn't", "gonna": "going to", "gunna": "going to",
    "wanna": "want to", "gotta": "have to", "hafta": "have to", "tryna": "trying to", "finna": "going to",
    "bouta": "about to", "imma": "I'm going to", "ima": "I'm going to", "i'ma": "I'm going to",
    "lemme": "let me", "gimme": "give me", "dunno": "don't know", "gotcha": "got you", "cmon": "come on",
    "shoulda": "should have", "coulda": "could have", "woulda": "would have", "mighta": "might have",
    "musta": "must have", "kinda": "kind of", "sorta": "sort of", "lotta": "lot of", "outta": "out of",
    "idk": "I don't know", "idc": "I don't care", "idek": "I don't even know", "ily": "I love you",
    "ilysm": "I love you so much", "omw": "on my way", "hmu": "hit me up",
    "u": "you", "ya": "you", "yall": "you", "y'all": "you", "ur": "your", "urself": "yourself", "r": "are",
    "cuz": "because", "coz": "because", "cos": "because", "bc": "because", "'cause": "because", "becuz": "because",
    "pls": "please", "plz": "please", "thru": "through", "tho": "though", "altho": "although", "ppl": "people",
    "tmrw": "tomorrow", "tmr": "tomorrow", "tmw": "tomorrow", "2moro": "tomorrow", "2day": "today", "2nite": "tonight",
    "tonite": "tonight", "rn": "right now", "atm": "at the moment", "b4": "before", "gr8": "great", "l8": "late",
    "bday": "birthday", "prolly": "probably", "probs": "probably", "rly": "really", "rlly": "really", "abt": "about",
    "luv": "love", "wit": "with", "w/": "with", "w/o": "without", "lil": "little", "smth": "something",
    "sth": "something", "msg": "message", "msged": "messaged", "txt": "text", "txted": "texted", "sum1": "someone",
    "some1": "someone", "every1": "everyone", "no1": "no one", "any1": "anyone", "thanx": "thanks", "thnx": "thanks",
    "thx": "thanks", "tnx": "thanks", "ty": "thank you", "tysm": "thank you so much", "'em": "them", "da": "the",
    "bcs": "because", "bcuz": "because", "wud": "would", "shud": "should", "hav": "have", "wat": "what",
    "teh": "the", "hte": "the", "adn": "and", "thier": "their", "alot": "a lot",
    "dosent": "doesn't", "doesent": "doesn't", "dosnt": "doesn't", "dosen't": "doesn't", "doesn": "doesn't",
    "dident": "didn't", "didint": "didn't", "didn": "didn't", "dint": "didn't", "dnt": "don't", "wouldent": "wouldn't",
    "couldent": "couldn't", "shouldent": "shouldn't", "havnt": "haven't", "havent'": "haven't", "hasent": "hasn't",
    "isent": "isn't", "wasent": "wasn't", "arnt": "aren't", "cannt": "can't", "wern't": "weren't",
}  # fmt: skip
_WORD = re.compile(r"(?<![\w'/])(?:'em|'cause|w/o?(?=\s)|[A-Za-z\d]*[A-Za-z][A-Za-z\d]*(?:'[A-Za-z]+)?)(?![\w'/])")
_LONE_I = re.compile(r"(?<![\w.'-])i(?![\w.-])")
_HAVE = re.compile(r"\b(should|could|would|must|might)(n't|nt)?[ ']?(?:ve|of)\b(?! course)", re.IGNORECASE)
_NOBODY = re.compile(r"\b(?:aint|ain't) (nobody|no one|nothing|nowhere)\b(?: (got)\b)?", re.IGNORECASE)
_AM_NOT = re.compile(r"\b(I) (?:ain'?t)\b", re.IGNORECASE)
_AINT_GOT = re.compile(r"\bain'?t got\b", re.IGNORECASE)
_GOT = re.compile(
    r"\b(?:have|has|'ve|'s) (?:got(?= (?:to|an?|the|no|some|any|my|your|his|her|our|their|this|that|\d+|one|two|three|"
    r"four|five|six|seven|eight|nine|ten|lots|so|plenty|nothing|something)\b)|have(?= to\b))",
    re.IGNORECASE,
)
_BEEN = re.compile(r"'([sd]) (?=(?:never |always |already |just |not |really )?been\b)")
_OFFER = re.compile(r"\A(?:just )?lemme (?=[a-z]+\b(?! (?:go|alone|be)\b))", re.IGNORECASE)

_IS = re.compile(r"\b([A-Za-z]+)'s (?=(\S+)(.*))")
_NEVER_OWNED = words(
    "not so too very really always never still already finally just here there gone at in on with from about a an "
    "the my your his her our their being getting going gonna dead broken stuck"
)
_STATES = words("stolen frozen fallen beaten taken hidden forgotten bitten written shaken torn worn ruined")
_NO_DOING = words(
    "something anything nothing everything understanding "
    "wedding building painting earring meeting clothing feelings morning evening ceiling king ring thing wing string "
    "spring being drawing recording writing ending beginning training sibling darling pudding underling"
)
_STANDS_ALONE = re.compile(
    r"\A(?:$|[.!?,]| (?:in|on|at|by|with|to|for|from|over|again|today|now|because|and|but|so)\b)"
)


def written_out(text: str) -> str:
    """A text with contractions and chat spellings in full words."""
    text = _OFFER.sub("I ", text)
    text = _NOBODY.sub(lambda match: f"{match[1]} has" if match[2] else match[1], text)
    text = _AM_NOT.sub("I am not", _AINT_GOT.sub("don't have", text))
    text = _WORD.sub(_full_word, _LONE_I.sub("I", text))
    text = _HAVE.sub(lambda match: match[1] + (" not" if match[2] else "") + " have", text)
    text = _IS.sub(_is_or_owns, text)
    return _BEEN.sub(lambda match: " has " if match[1] == "s" else " had ", _GOT.sub(_has, text))


def _full_word(match: re.Match[str]) -> str:
    word = match[0]
    return word if word in ("U", "R", "Ty", "Wit", "Da", "Sth", "Ima") else _WRITTEN_OUT.get(word.lower(), word)


def _has(match: re.Match[str]) -> str:
    """ "I've got to" is "I have to", and so is "I've gotta"."""
    has = "has" if match[0].lower().startswith(("has", "'s")) else "have"
    return " " + has if match[0].startswith("'") else has


def _is_or_owns(match: re.Match[str]) -> str:
    """ "Anna's crying" is "Anna is crying", "Anna's wedding was nice" stays."""
    owner, word, rest = match[1], match[2].lower().strip(".,!?"), match[3]
    if owner.lower() in ("it", "he", "she", "that", "what", "who", "there", "where", "here", "how", "let"):
        return match[0]
    told_later = any(is_past(later) or later in ("is", "was", "are", "were", "has") for later in rest.lower().split())
    does = word.endswith("ing") and word not in _NO_DOING and not told_later and not rest.strip(" .!?").endswith("'s")
    state = (
        (word in _STATES or (is_past(word) and word.endswith("ed")))
        and _STANDS_ALONE.match(rest) is not None
        and not told_later
    )
    if word in _NEVER_OWNED or does or state:
        return f"{owner} is "
    return match[0]
