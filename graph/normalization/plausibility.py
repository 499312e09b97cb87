"""Is a text an event at all? Asked before the student writes about an unknown event.

A text is refused, with the reason, where it
1. has no word besides persons (PersonX), blanks, digits and signs;
2. is mostly written in another script than the Latin one: the student knows English alone;
3. has a link, an e-mail address or a path of files in it;
4. has program code, a query, a command with options, markup or a name such as `my_variable` in it;
5. consists of signs and digits for more than two thirds;
6. says the same letters, or one word, over and over;
7. is not English. A word is English where the word list has it, or two listed words make it up, or one slip of the
   pen (in six letters or more) tells it from a listed one. It *reads* like English where each three letters in a row
   in it, its edges counted, stand in ten words of the list. Persons, blanks, numbers, and names (unlisted words with
   a capital, beside an English word) are left aside. Of the words that remain,
   - where there are three different ones or more, at least half must be English;
   - where there are one or two, one must be English, or each must read like it ("googles"), without being a run of
     neighbouring keys; a single abbreviation of two or three letters may stand for itself ("mm").

8. is in another language by its function words (language.py);
9. asks for a fact ("What is the capital of France?"), or is a greeting or a function word alone.

What passes is a text in English, not yet a sensible one: English words in no order are not told from a sentence.
"""

import re
import unicodedata
from collections import Counter

from graph.normalization.event_detection import is_about_facts
from graph.normalization.language import is_foreign
from graph.normalization.lexicon import words as listed_words
from graph.normalization.spelling import STRETCHED, unaccented, word_list
from schemas.errors import BadInput
from schemas.events import canonical

_SAME_WORD = 6

_DOMAINS = "com|org|net|edu|gov|info|io|ai|dev|app|co|uk|de|fr|es|it|nl|ru|cn|jp|in|us|eu|me|tv|xyz"
CALL = r"\w\.\w{1,40}\(|^[A-Za-z_][\w.]*\([^)]*\)\S*$"
"""Regular expression of a call in program code."""
_FOREIGN_BODIES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile("|".join(patterns)))
    for kind, *patterns in (
        (
            "a link",
            r"\b\w{2,20}://\S*",
            r"\bwww\.\w\S*",
            r"\blocalhost:\d+",
            rf"^(?:[\w-]{{2,}}\.)+(?:{_DOMAINS})(?:[/?:]\S*)?$",  # alone: "shops on amazon.com" is an event
            rf"\b(?:[\w-]{{2,60}}\.)+(?:{_DOMAINS})/\S+",
        ),
        ("an address", r"\bmailto:\S*", r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]+\.\w[\w.]*"),
        ("a path", r"(?<!\S)(?:~|\.{1,2})/\S+", r"(?<!\S)(?:/[\w.-]+){2,}", r"\b[A-Za-z]:\\\S*"),
        (
            "markup or data",
            r"<[A-Za-z/!?|][^<]*>",
            r"&#?\w{1,10};",
            r"[{}]",
            r"\[[A-Z_]{2,}\]",
            r'\[\s*["\d]',
            r'"\w+"\s*:',
            r"\\[A-Za-z]+",
            r"```|`[^`]+`",
        ),
        (
            "a query",
            r"\bSELECT\b.+\bFROM\b",
            r"(?i:\bselect\s+(?:\*|\w+\())",
            r"\b(?:SELECT\s+\d|(?:MATCH|MERGE|CREATE)\s*\()",
            r"(?i:\binsert\s+into\s+\w+\s*(?:\(|values\b))",
            r"(?i:\bupdate\s+\w+\s+set\s+\w+\s*=)",
            r"(?i:\bdelete\s+from\s+\w+\s+where\b)",
            r"(?i:^\W*(?:drop|create|alter|truncate)\s+(?:table|database|schema)\s+\w+)",
        ),
        (
            "a command",
            r"^\s*(?:sudo|git|npm|npx|pip3?|docker|kubectl)\s+\w+",
            r"(?<=\s)--\w+",
            r"^[a-z]\w*\s(?:.*\s)?-[A-Za-z]{1,3}\d*\b",
            r"\s\|\s+\w+",
            r"\$[({]|(?<!\w)\$[A-Z_]{3,}\b",
        ),
        (
            "code",
            r"->|=>|==|!=|<=|>=|&&|\|\||::|:=|\+=|-=|/\*|\*/",
            r"(?<!\S)//|\b[a-z]\+\+|(?<!\S)%[sdif]\b|[?&]\w{1,40}=\w+",
            r"""\b\w{1,40}\((?:\s*|[^)]*["'\d=,][^)]*)\)""",
            CALL,
            r"""\b[A-Za-z_]\w{0,40}\s*=\s*["'\d({\[]""",
            r"\w\[\w+\]|[<>]\s*\d+\s*:|:\s*(?:pass|break|continue|return)\b",
            r"^\s*print\s+['\"]",
            r"^\s*(?:let|const|var|int|float|double|bool|char)\s+\w+\s*=",
            r"^\s*(?:def|function)\s+\w+\s*\(",
            r"^\s*(?:from\s+[\w.]+\s+import\s+\w+|import\s+\w+(?:\.\w+|\s+as\s+\w+)$)",
            r"\blambda(?:\s\w+)?:|\bpublic\s+(?:static|class|void)\b|^\s*#(?:include|define|!)",
            r"\b\w{0,40}[^\W_]_[^\W_]\w*",  # my_variable
            r"\b[a-z]{2,}(?:[A-Z][a-z]+){2,}\b",  # getUserName
        ),
    )
)

_ASIDE = re.compile(r"(?:Person|People)[XYZ](?:'s)?(?!\w)|___")
_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_INITIALS = re.compile(r"(?<=\b[^\W\d_])\.(?=[^\W\d_]\b)")
_NUMBERED = re.compile(r"[a-z]{1,5}\d{1,4}|\d+[a-z]{1,3}|[a-z\d]{1,5}")
_SAME_LETTERS = re.compile(r"([^\W\d_])\1{7,}|^\W*([^\W\d_]{1,4}?)\2{5,}[^\W\d_]{0,3}\W*$", re.IGNORECASE)
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


_SAYS_NOTHING = listed_words(
    "the a an of and or but if ok okay hello hi hey yes yep yeah nope bye goodbye thanks please to in on at by for with"
)


def check_plausible(event: str) -> None:
    """Accept a possible event. Raises BadInput with the reason for any other text."""
    reason = _reason(event)
    if reason is not None:
        raise BadInput.of("event", event, reason)


def _reason(event: str) -> str | None:
    """The violated condition of an event, None if there is none."""
    rest = _ASIDE.sub(" ", unaccented(canonical(event)))
    letters = [c for c in rest if c.isalpha()]
    if not letters:
        return "an event in words: besides persons, blanks, digits and signs it has none"
    other = [c for c in letters if not c.isascii()]
    if len(other) * 2 > len(letters):
        return f"an event in English, which is all that the student knows: it is written in {_script(other)}"
    for kind, pattern in _FOREIGN_BODIES:
        if found := pattern.search(event):
            return f"an event in words alone: {_cut(found[0])} is {kind}"
    solid = [c for c in STRETCHED.sub(r"\1", unicodedata.normalize("NFD", event)) if c != "_" and not c.isspace()]
    if sum(c.isalpha() for c in solid) * 3 < len(solid):
        return "an event in words: more than two thirds of it are signs and digits"
    tokens = _TOKEN.findall(_INITIALS.sub("", rest))
    if found := _SAME_LETTERS.search(rest):
        return f"an event: it says {_cut(found[1] or found[2])} over and over"
    if len(tokens) >= _SAME_WORD and len({token.lower() for token in tokens}) == 1:
        return f"an event: it says {_cut(tokens[0])} over and over"
    if is_foreign(event):
        return "an event in English, which is all that the student knows: it is in another language"
    if is_about_facts(event):
        return "an event: it asks for a fact, and tells of nobody"
    if all(token.lower() in _SAYS_NOTHING for token in tokens):
        return f"an event: {_listed(tokens)} tells of nothing that happens"
    return _not_english(tokens)


def _not_english(tokens: list[str]) -> str | None:
    spelling = word_list()
    words = {token.lower(): token for token in tokens if not token.isdigit()}
    english = {word for word in words if spelling.has(word)}
    if all(len(word) == 1 for word in english):  # "a" and "i" are no evidence by themselves
        english.clear()
    aside = _left_aside(words, english)
    judged = [word for word in words if word not in aside] or list(words)
    needed = 1 if len(judged) <= 2 else -(-len(judged) // 2)
    missing = needed - len(english)
    strange = [word for word in judged if word not in english]
    for left in range(len(strange), 0, -1):
        if not 0 < missing <= left:
            break
        missing -= spelling.is_misspelt(strange[-left])
    if missing <= 0 and not all(map(_is_run, judged)):
        return None
    if len(judged) > 2:
        return f"an event in English words: most of its words are none ({_listed(strange)})"
    if len(words) == 1 and _is_abbreviation(judged[0]):
        return None
    unread = [word for word in judged if _is_run(word) or not spelling.reads(word)]
    return f"an event in English words: {_listed(unread)} cannot be read as English" if unread else None


def _left_aside(words: dict[str, str], english: set[str]) -> set[str]:
    """Words without evidence for or against English: names and single letters beside an English word, "30th", "mp3"."""
    shows_names = not all(token.isupper() for token in words.values())
    return {
        word
        for word, token in words.items()
        if word not in english
        and (_is_numbered(word) or (english and (len(word) == 1 or (shows_names and token[0].isupper()))))
    }


def _is_numbered(word: str) -> bool:
    return not word.isalpha() and _NUMBERED.fullmatch(word) is not None


def _is_abbreviation(word: str) -> bool:
    return _is_numbered(word) or (2 <= len(word) <= 3 and not _is_run(word))


def _is_run(word: str) -> bool:
    """Three or more neighbouring letters of the keyboard, in either direction."""
    return len(word) >= 3 and any(word in row or word[::-1] in row for row in _ROWS)


def _script(letters: list[str]) -> str:
    """The script of most letters by its Unicode name: "Cyrillic letters"."""
    names = Counter(unicodedata.name(c, "other").split()[0] for c in letters)
    name = names.most_common(1)[0][0]
    return "Chinese characters" if name == "CJK" else f"{name.title()} letters"


def _listed(words: list[str]) -> str:
    return ", ".join(map(_cut, words[:3])) + (", …" if len(words) > 3 else "")


def _cut(text: str) -> str:
    return repr(text if len(text) <= 30 else text[:29] + "…")
