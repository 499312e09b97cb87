"""Headlines: "Man arrested in Leeds" is "man is arrested in Leeds", "Company to close" is "company is to close"."""

import re

from graph.normalization.first_names import is_first_name
from graph.normalization.lexicon import POSSESSIVES, words
from graph.normalization.verbs import is_base_form, is_past_form, is_third_person

_SUFFERED = (
    "arrested|rescued|hailed|honou?red|killed|injured|charged|jailed|sentenced|accused|convicted|fired|shot|stabbed|robbed|"
    "evacuated|trapped|hospitali[sz]ed|stranded|wounded|named|elected|banned|sued|fined|suspended|awarded|seized|stolen|"
    "destroyed|damaged|freed|attacked|bitten|mauled|crushed|detained|deported|identified|praised|acquitted|indicted|"
    "blamed|forced|urged|warned|reunited|kidnapped|abducted|murdered|beaten|spotted|discovered|questioned|"
    "remanded|airlifted|delayed|cancell?ed|recalled|unveiled|approved|rejected|postponed|sold|saved|appointed|nominated|"
    "mugged|scammed|evicted|expelled|adopted|burned|burnt|flooded|looted|vandali[sz]ed|cleared|released|rewarded|crowned|"
    "chased|threatened|tortured|buried|swept|struck|torn|thrown|laid off|dismissed|sacked|"
    "towed|scratched|smashed|ruined|wrecked|hacked|leaked|shut|poisoned|electrocuted|drugged|tricked|conned|"
    "hit by|held|pulled|caught|found|born|ordered|told|left|raised|revived|hunted|feared|disqualified|dropped"
)
_NOUN_PHRASE = r"(?P<who>(?:[\w'-]+ ){0,4}?[\w'-]+)(?P<age>,? \d{1,2},)?"
_PASSIVE = re.compile(
    rf"\A{_NOUN_PHRASE} (?P<verb>{_SUFFERED})(?=\s*[.!]*\Z| (?:in|on|at|after|for|from|by|as|to|with|over|during|while|"
    r"near|under|amid|outside|inside|into|off|since|when|before|again|today|yesterday|alive|dead|guilty|safe|unharmed|"
    r"missing|following|out of|until|twice|last|this|because|via|hiding|unconscious|president|mayor|champion|through|"
    r"without)\b)"
)
_FUTURE = re.compile(rf"\A{_NOUN_PHRASE} (?P<verb>to (?=(?P<act>[a-z]+)\b))")
_NO_SUBJECT = words(
    "i you he she it we they me him us them who what which that there this these those is are was were am be been do "
    "does did has have had can could will would should must may might if when why how where and but or so because not "
    "in on at by with from to of for about after before just finally got gets get getting being almost already never "
    "always need needs want wants wanted love hate tell told make made let lets please don't went go going came "
    "come comes "
)
_DETERMINERS = words("the a an")
_VERBAL = words(
    "said says sent asked tried forgot began started decided refused failed seems happens plans hopes agreed likes "
    "loves wants needs tries seeks aims vows offers promises threatens refuses intends starts begins continues looks "
    "used ready able happy sad afraid set due allergic goes helped wanted learned learnt"
)
_LONGEST_ANNOUNCED = 3
_SUFFERED_SOMEWHERE = words("found caught pulled held shot ordered told born sold")
_SOMEWHERE = words("in on at from under near after to inside for outside")
_MANY = re.compile(
    r"(?:two|three|four|five|six|seven|eight|nine|ten|dozens|hundreds|several|many|\d+)\b", re.IGNORECASE
)
_ONE_IN_S = words("boss class glass business news bus princess actress waitress campus virus series gas")
_ACTIVE_TOO = words(
    "found left held caught pulled told shut raised dropped burned burnt flooded struck sold shot ordered born "
    "smashed scratched hacked leaked saved hunted feared threatened chased wrecked ruined swept"
)


def completed(text: str) -> str:
    """A headline with its missing "is"."""
    for pattern in (_PASSIVE, _FUTURE):
        if (found := pattern.match(text)) and _is_bare(found["who"].split(), is_future=pattern is _FUTURE):
            if pattern is _FUTURE and not is_base_form(found["act"]):
                continue
            if found["verb"] in _ACTIVE_TOO and not _is_suffered(found["verb"], text[found.end() :].split()):
                continue
            carrier = "are" if _are_many(found["who"]) else "is"
            place = found.start("verb")
            return f"{text[:place]}{carrier} {text[place:]}"
    return text


def _is_bare(who: list[str], *, is_future: bool) -> bool:
    """A noun phrase without a verb: of a future, with a capital and without a determiner."""
    first, small = who[0], [word.lower() for word in who]
    if any(
        word in _NO_SUBJECT or word in _VERBAL or (word.endswith(("'s", "n't")) and len(who) == 1) for word in small
    ):
        return False
    if small[0] in _DETERMINERS or any(word in _DETERMINERS for word in small[1:]):
        return False
    if any(word.endswith("ed") and n for n, word in enumerate(small)):
        return False
    if small[-1].endswith("ly") and small[-1] != "family":
        return False
    if is_future:
        return (
            first[0].isupper()
            and small[0] not in POSSESSIVES
            and len(who) <= _LONGEST_ANNOUNCED
            and not any(map(_is_verbal, small[1:]))
        )
    return first[0].isupper() or first.isdigit() or small[0] in ("my", "our", "his", "her", "their", "your")


def _is_verbal(word: str) -> bool:
    return (
        is_past_form(word)
        or is_third_person(word)
        or "'" in word
        or word in POSSESSIVES
        or word.endswith(("ing", "ly"))
    )


def _is_suffered(verb: str, rest: list[str]) -> bool:
    """For verbs with both readings: "found alive", "held by police", and not "left at noon"."""
    following = rest[0].lower() if rest else ""
    if following in (
        "alive",
        "dead",
        "guilty",
        "safe",
        "unharmed",
        "by",
        "unconscious",
        "missing",
        "hiding",
        "hostage",
    ):
        return True
    return verb in _SUFFERED_SOMEWHERE and following in _SOMEWHERE


def _are_many(who: str) -> bool:
    last = who.split()[-1].lower()
    return (
        bool(_MANY.match(who))
        or (last.endswith("s") and last not in _ONE_IN_S and not last.endswith("ss") and not is_first_name(last))
        or last in ("people", "men", "women", "police", "children")
    )
