"""Direct speech: one word to the parser, and after its verb: '"Go," he said' is 'he said "go"'."""

import re

QUOTATION = re.compile(r'"[^"]+"')
_FIRST = re.compile(r'\A"([^"]+?),?"\s*,?\s*(\S.*?)([.!]*)\Z')
_TURNED = re.compile(
    r"(said|says|asked|replied|shouted|yelled|whispered|cried|screamed|answered|muttered|added|wrote) "
    r"((?:my|your|his|her|our|their|the) [\w' ]+|[A-Z]\w+(?: [A-Z]\w+)?)\Z"
)
_SAYS = re.compile(
    r"\b(?:said|says|say|asked|asks|replied|shouted|shouts|yelled|yells|whispered|cried|screamed|answered|muttered|added|"
    r"wrote|told|tells|texted|texts|called|messaged|snapped|begged|announced|thought|laughed|sighed|ordered|warned)\b"
)
_BEFORE = re.compile(r'\s*[,:]\s*(?=")')


def tidy(text: str) -> str:
    """Quotations after the words of their speaker, without the signs between the two."""
    if not QUOTATION.search(text):
        return text
    if QUOTATION.fullmatch(text):
        return text[1:-1]
    if (first := _FIRST.match(text)) and '"' not in first[2] and _SAYS.search(first[2]):
        speaker = _TURNED.sub(r"\2 \1", first[2])
        text = f'{speaker} "{first[1]}"'
    return QUOTATION.sub(_small, _BEFORE.sub(" ", text))


def _small(match: re.Match[str]) -> str:
    """A quoted sentence without its capital and full stop; a title keeps them: "Bohemian Rhapsody"."""
    quoted = match[0][1:-1].strip().rstrip(".,;")
    is_sentence = " " in quoted or quoted[-1:] in ("!", "?")
    keeps = re.match(r"(?:I\b|[A-Z]{2})", quoted) or re.search(r" [A-HJ-Z]", quoted)
    return f'"{quoted if keeps or not is_sentence else quoted[0].lower() + quoted[1:]}"'
