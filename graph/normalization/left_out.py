"""Left-out subjects: "lost my keys" is "I lost my keys", "need a ride?" is "you need a ride?"."""

import re

from graph.normalization.event_detection import is_past
from graph.normalization.first_names import is_first_name
from graph.normalization.verbs import is_past_form

_ADVERBS = (
    "(?:(?:just|finally|almost|already|never|totally|accidentally|still|really|so|also|literally|actually|"
    "officially|currently|seriously|kind of|sort of|definitely|probably) )*"
)
_PAST = re.compile(
    rf"\A{_ADVERBS}"
    r"(?:got|lost|went|had|broke|fell|found|told|made|took|bought|forgot|left|spent|saw|ran|woke|quit|met|ate|didn't|"
    r"can't|couldn't|haven't|won't|wasn't|hit|gave|sent|came|slept|drank|wrote|caught|paid|sold|won|felt|heard|thought|"
    r"said|kept|threw|drove|cut|put|tore|wore|held|stole|hurt|did not|hadn't|shouldn't|wouldn't|[a-z]+ed) "
    r"(?=(?:my|the|an?|his|her|our|your|their|in|on|to|from|into|with|at|out|up|down|off|over|it|him|them|you|me|back|home|"
    r"late|so|too|lost|married|engaged|fired|dumped|promoted|rejected|sick|stuck|caught|robbed|mugged|hit|sleep|find|"
    r"believe|get|wait|go|see|stop|even|really|some|two|three|through|for|about|by|again|like|that|this|be|have|make|"
    r"call|ghosted|yelled|told|asked|scammed|cheated|accepted|invited|bitten|stung|left|drunk|help|do|think|\d+)\b)",
    re.IGNORECASE,
)
_WAS = re.compile(
    rf"\A{_ADVERBS}(?:was|wasn't|am|been)\s+(?!(?:i|you|he|she|it|we|they|the|this|that|there|my|your|his|her|(?-i:[A-Z])\w+)\b)",
    re.IGNORECASE,
)
_MODAL = re.compile(
    r"\A(?:should|could|would|might|must|can|will|shouldn't|wouldn't) (?:not |never |really |have |n't )*"
    r"(?!(?:i|you|he|she|it|we|they|the|this|that|there|my|your|be|(?-i:[A-Z])\w+)\b)",
    re.IGNORECASE,
)
_WANTS = re.compile(
    rf"\A{_ADVERBS}(?:need|want|hate|miss|love|hope|wish|guess|think|don't|have to|going to|about to|trying to|feel|"
    r"can not|am|haven't|keep|wanna|hoping|wondering|know|doubt|regret|adore|can't|dread|prefer|like) (?!me\b)(?=\S)",
    re.IGNORECASE,
)
_NO_ORDER = re.compile(r"\A(?:don't|keep|like|have(?! to)) ", re.IGNORECASE)
_DON_T = re.compile(
    r"\Adon't (?=(?:want|know|like|think|feel|care|have|need|understand|trust|even|really|remember|love|get|"
    r"believe in)\b)",
    re.IGNORECASE,
)
_DOING = re.compile(
    rf"\A{_ADVERBS}(?:not )?(?:thinking|feeling|trying|getting|waiting|looking|considering|planning|hoping|wondering|"
    r"dreading|missing|moving|leaving|heading|crying|struggling|dating|working|going|losing|starting|dying|freezing|craving|"
    r"loving|celebrating|studying|cooking|watching|having|taking|meeting|visiting|expecting|saving|selling|buying|"
    r"quitting|applying|living|staying|seeing|making) "
    r"(?!.*\b(?:is|was|are|were|makes|made|feels|felt|helps|takes|took)\b)"
    r"(?!.*,.*\b(?:I|he|she|they|we|you|[A-Z][a-z]+) )",
    re.IGNORECASE,
)
_PLACES = re.compile(
    r"\A(?:finally |still |just |now |not )?(?:back|home|on my way|off to|in love with|stuck|late for|late to|out of|"
    r"at my wit'?s'? end|stranded|alone|at home|in bed|in trouble)(?: |[.!]*\Z)(?!.*\b(?:is|was|are|were)\b)(?!.*,)",
    re.IGNORECASE,
)
_STATES = (
    "proud|jealous|sick|tired|sorry|afraid|scared|terrified|happy|sad|glad|mad|angry|sure|unsure|certain|worried|excited|"
    "nervous|anxious|ashamed|embarrassed|grateful|thankful|disappointed|upset|annoyed|bored|ready|lonely|drunk|broke|"
    "hungry|starving|thirsty|exhausted|obsessed|confused|curious|devastated|furious|frustrated|fed up|heartbroken|"
    "desperate|lucky|blessed|stressed|overwhelmed|pregnant|engaged|single|addicted|allergic|able|unable|willing|"
    "eager|surprised|shocked|convinced|homesick|guilty|relieved|pissed|pissed off|burned out|burnt out|depressed|"
    "determined|impressed|amazed|hopeful|conflicted|torn|speechless|done|busy|awake|free|super|used|hungover|late|"
    "freaked out|livid|thrilled|delighted|honored|humbled|offended|inspired|mortified|"
    "petrified|tempted|clueless|helpless|hopeless|worn out|wide awake|aware|concerned|fond|"
    "interested|opposed|restless|satisfied|suspicious|uncomfortable|unhappy|weary|content|envious|shy|sleepy|stoked"
)
_STATE = re.compile(
    rf"\A(?:(?:not|so|too|very|really|super|pretty|still|finally|beyond|totally|completely|absolutely|kind of|a bit|"
    rf"a little|always|just|more than|quite|extremely|genuinely|honestly|also|already|never|incredibly|almost|"
    rf"officially|scarily) )*(?:{_STATES})(?: |[.!?]*\Z)(?!\w+s? (?:is|was|are|were)\b)(?!.*,\s)",
    re.IGNORECASE,
)
_THANKS = re.compile(r"\A(?:many |a million )?thank(?:s|ing)?(?: you)?(?: you)?\b(?=[\s.!]|\Z)", re.IGNORECASE)
_SPLICE = re.compile(r",\s+(?=(?:then )?(?:\w+ed|" + "took|went|got|gave|made|left|told|ran|came|bought|sold) )")
_WANTED = re.compile(r"\A(?:need|want|going to|feel|trying to|have to|hate|love|miss) ", re.IGNORECASE)
_GOING = re.compile(r"\A(?:going|trying|about|hoping|wondering) ", re.IGNORECASE)


def with_subject(text: str) -> str:
    """The text with its left-out "I", or the left-out "you" of a question."""
    if _THANKS.match(text):
        return _THANKS.sub("I thank you", text)
    if _is_named(text):
        return text
    is_question = text.endswith("?")
    if is_question and re.match(
        r"\A(?:need|want|going to|feel|trying to|have to|hate|love|miss) ", text, re.IGNORECASE
    ):
        return "You " + _small(text)
    for opener in (_STATE, _PLACES, _DOING):
        if opener.match(text):
            return "I am " + _small(text)
    if _GOING.match(text):
        return "I am " + _small(text)
    if _PAST.match(text) or _WAS.match(text) or _MODAL.match(text) or _DON_T.match(text):
        return "I " + _SPLICE.sub(" and ", _small(text), count=1)
    if _WANTS.match(text) and not _NO_ORDER.match(text):
        return "I " + _small(text)
    return text


def _is_named(text: str) -> bool:
    """A name before its verb, and not a verb itself: "Will asked", "Hope lost"."""
    first, _, rest = text.partition(" ")
    following = rest.partition(" ")[0]
    return first[:1].isupper() and is_first_name(first) and (is_past(following) or is_past_form(following))


def _small(text: str) -> str:
    return text[0].lower() + text[1:]
