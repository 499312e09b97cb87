"""Formatting around and inside a sentence: list marks, links, markup, stage directions, ages in brackets, emoji."""

import html
import re

from schemas.events import PERSON

_LIST_MARK = re.compile(r"\A\s*(?:(?:(?:\d{1,3}|[a-z])[.)]|[-*•·▪–—>]+|\[[ xX]\]|#{1,6})\s+)+(?=\S)")
_PLACEHOLDER_IN_BRACKETS = re.compile(rf"[\[<{{]+({PERSON})[\]>}}]+")
_WORDS_IN_BRACKETS = re.compile(r"[\[<{]+(\w[\w' -]*)[\]>}]+")

_AGE = r"\d{1,2}(?:\s*(?:y/?o|yrs?|years?|months?|mos?)\b\.?(?:[\s-]+old)?)?"
_GENDER = r"(?:[MFmf]|nb|NB|male|female|man|woman)"
_EMOJI = "[\u2190-\u2bff\u3030\u303d\u3297\u3299\ufe0f\u200d\U0001f000-\U0001faff]+"
_HEART = "[\u2764\u2665\U0001f493-\U0001f49f\U0001f9e1\U0001f90d\U0001f90e\U0001f5a4\U0001f60d]+\ufe0f?"
_OWNED = "my|your|his|her|our|their|the|an?|this|that|some"
_MOVES = r"[a-z]+(?:s|ing)\b"  # what somebody does in a stage direction

_STEPS = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\[([^\]]+)\]\(\S+\)", r"\1"),
        (r"(?:https?://|\bwww\.)\S+", " "),
        (r"</?[a-zA-Z][^<>]*>(?=.*\w)|</[a-zA-Z]+>", " "),
        (r"(\*\*|__|~~|`{1,3})(?=\S)(.+?)(?<=\S)\1", r"\2"),
        (rf"\A(?:\*{_MOVES}[^*]*\*|[\[(]{_MOVES}[^)\]]{{0,20}}[\])])\s*(?=\w)", ""),
        (rf"(?<=\w)[\s,.!?]+\*{_MOVES}[^*]*\*\Z", ""),
        (r"(?<!\w)([*_])(?=\S)([^*_]+?)(?<=\S)\1(?!\w)", r"\2"),
        (_LIST_MARK.pattern, ""),
        (r"\A/me\s+(?=\w)", "I "),
        (r"\A[\[(]?[\d/.,:\- ]*\d{1,2}:\d{2}(?::\d{2})?(?:\s?[apAP][mM])?[\])][\s-]*(?=\S)", ""),
        (r"\A<@?\w[\w .-]*>\s+(?=\w)", ""),
        (rf"\s*[\[(]\s*(?:{_GENDER}[\s,/]*)?{_AGE}(?:[\s,/]*{_GENDER})?\s*[\])]", ""),
        (rf"\s*[\[(]\s*(?:{_GENDER}|(?:she|he|they)/\w+(?:/\w+)?)\s*[\])]", ""),
        (r",?\s+(?:\d{2}\s?[MF]|[MF]\s?\d{2})\b,?", ""),
        (r"\s+(?:—|–|--?)\s+(\w+(?: \w+)?)\s+(?:—|–|--?)\s+", r" \1 "),
        (r"\s+(?:—|–|--?)\s+|(?<=\w)—(?=\w)", ", "),
        (r"(?<=\w)\s+&\s+(?=\w)", " and "),
        (r"\A[.…\s]+(?=\S)", ""),
        (r"\s*(?:…|\.{2,})\s*(?=[a-z])", " "),
        (r"\s*(?:…|\.{2,})\s*(?=[A-Z])", ". "),
        (rf"\A{_HEART}\s*(?=(?i:{_OWNED}|you|him|when|how|it)\b)", "I love "),
        (rf"(?<=\b[Ii] ){_HEART}\s*(?=\w)|(?<=\b[Ww]e ){_HEART}\s*(?=\w)", "love "),
    )
)
_EMOJI_IN_TEXT = re.compile(rf"(\b(?:{_OWNED})\s+)?({_EMOJI})", re.IGNORECASE)
_ONLY_EMOJI = re.compile(_EMOJI)
_EMOTICON = re.compile(r"(?<!\S)(?:[:;=8][-']?[)(DPpOo/|\\*]+|<3+|xD+|XD+|\^_*\^)(?!\w)")


def without_marks(text: str) -> str:
    """An event without its list mark, and with its placeholders out of their brackets."""
    text = _LIST_MARK.sub("", text)
    return _WORDS_IN_BRACKETS.sub(r"\1", text) if _PLACEHOLDER_IN_BRACKETS.search(text) else text


def plain(text: str) -> str:
    """The words of a text without its formatting."""
    text = html.unescape(text)
    for pattern, replacement in _STEPS:
        text = pattern.sub(replacement, text)
    text = _EMOTICON.sub(" ", _EMOJI_IN_TEXT.sub(_without_emoji, text))
    return " ".join(text.split())


def is_emoji(word: str) -> bool:
    """True for a word of emoji alone."""
    return _ONLY_EMOJI.fullmatch(word) is not None


def _without_emoji(match: re.Match[str]) -> str:
    """Emoji removed, except as the object of a determiner: "lost my 🔑"."""
    return match[0] if match[1] else " "
