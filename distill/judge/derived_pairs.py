"""Training pairs derived from single events by rules. The rule gives the label."""

import random
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import pairwise

from distill.judge.numerals import number_of
from distill.judge.pairs import Pair
from distill.judge.voice import swap_persons
from distill.judge.wordnet import WordNet
from schemas.events import PERSON


def derive(heads: Sequence[str], wordnet: WordNet, seed: int, each: int) -> list[Pair]:
    """Pairs of each kind, without a label of a person.

    Changed words (owner, role, negation, number, opposite) make another event. Changed wording (article, tense,
    synonym, added "really") makes the same event. Heads with a difference of one word are different events, but for
    words in one synset of WordNet.

    heads: events.
    seed: of the draws.
    each: most pairs of a kind.
    """
    draw = random.Random(seed)
    pairs: list[Pair] = []
    for kind, same, change in _CHANGES:
        derived: list[Pair] = []
        for head in draw.sample(heads, len(heads)):
            changed = change(head, draw, wordnet)
            if changed is not None and changed != head:
                derived.append(Pair(head, changed, same, f"derived {kind}", head))
            if len(derived) == each:
                break
        pairs += derived
    one_word = _one_word_apart(heads, wordnet)
    pairs += draw.sample(one_word, min(2 * each, len(one_word)))
    return pairs + _unrelated(heads, draw, 2 * each)


def _unrelated(heads: Sequence[str], draw: random.Random, count: int) -> list[Pair]:
    """Pairs of two random events. Without them few common words would look like a paraphrase."""
    if len(heads) < 2:
        return []
    drawn = (draw.sample(heads, 2) for _ in range(count))
    return [Pair(a, b, False, "derived unrelated", a) for a, b in drawn]


def _one_word_apart(heads: Sequence[str], wordnet: WordNet) -> list[Pair]:
    frames: dict[tuple[str, ...], list[tuple[str, str]]] = defaultdict(list)
    for head in heads:
        words = head.split()
        for place in range(1, len(words)):
            if not words[place].startswith("Person"):
                frames[(*words[:place], "*", *words[place + 1 :])].append((head, words[place]))
    pairs: list[Pair] = []
    for frame, filled in frames.items():
        for (a, one), (b, other) in pairwise(filled):
            related = one[:3] == other[:3] or wordnet.are_related(one, other)
            if not related and one.isalpha() and other.isalpha() and len(frame) > 2 and min(len(one), len(other)) > 3:
                pairs.append(Pair(a, b, False, "derived object", a))
    return pairs


_VERB = re.compile(rf"^({PERSON}) ([a-z]{{2,}})\b(?!')")
_BASES = {"has": "have", "does": "do", "goes": "go"}
_BE = {"is", "are", "was", "were", "can", "has", "will", "must", "does", "should", "would", "could"}


def _base(verb: str) -> str | None:
    """The infinitive of a verb in the third person. None for other words."""
    if verb in _BASES:
        return _BASES[verb]
    if not verb.endswith("s") or verb.endswith("ss"):
        return None
    if verb.endswith("ies") and len(verb) > 4:
        return verb[:-3] + "y"
    return verb[:-2] if verb.endswith(("sses", "shes", "ches", "xes", "zzes")) else verb[:-1]


def _denied(head: str, _draw: random.Random, _wordnet: WordNet) -> str | None:
    match = _VERB.match(head)
    if match is None or " not " in head or " n't" in head or " never " in head:
        return None
    if match[2] in ("is", "can", "will"):
        return f"{match[1]} {match[2]} not{head[match.end() :]}"
    base = _base(match[2])
    return f"{match[1]} does not {base}{head[match.end() :]}" if base else None


def _swapped(head: str, _draw: random.Random, _wordnet: WordNet) -> str | None:
    return swap_persons(head) if "PersonX" in head and "PersonY" in head else None


def _other_owner(head: str, draw: random.Random, _wordnet: WordNet) -> str | None:
    owners = list(re.finditer(r"(?<=.)Person([XY])(?='s )", head))
    if not owners:
        return None
    one = draw.choice(owners)
    return f"{head[: one.start()]}Person{'Y' if one[1] == 'X' else 'X'}{head[one.end() :]}"


def _other_number(head: str, draw: random.Random, _wordnet: WordNet) -> str | None:
    words = head.split()
    places = [n for n, word in enumerate(words) if (number_of(word) or "").isdigit()]
    if not places:
        return None
    words[draw.choice(places)] = draw.choice(
        ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve", "twenty"]
    )
    return " ".join(words)


def _opposite(head: str, draw: random.Random, wordnet: WordNet) -> str | None:
    return _replaced(head, draw, wordnet.opposites)


def _synonym(head: str, draw: random.Random, wordnet: WordNet) -> str | None:
    return _replaced(head, draw, wordnet.synonyms)


def _replaced(head: str, draw: random.Random, others: Callable[[str, str], Sequence[str]]) -> str | None:
    """The event with another verb after the person, or another noun after an article or owner.

    In these places the part of speech is certain.
    """
    words = head.split()
    for place in draw.sample(range(1, len(words)), max(0, len(words) - 1)):
        word, before = words[place], words[place - 1]
        part = "v" if place == 1 else "n" if before in ("a", "an", "the") or before.endswith("'s") else ""
        if part and len(word) > 2 and word.isalpha() and word.islower() and (others_of_word := others(word, part)):
            return " ".join([*words[:place], draw.choice(others_of_word), *words[place + 1 :]])
    return None


def _other_article(head: str, draw: random.Random, _wordnet: WordNet) -> str | None:
    articles = list(re.finditer(r"(?<= )(a|an|the|PersonX's)(?= [a-z])", head))
    if not articles:
        return None
    one = draw.choice(articles)
    instead = (
        "the" if one[1] != "the" else draw.choice(["a" if head[one.end() + 1] not in "aeiou" else "an", "PersonX's"])
    )
    return f"{head[: one.start()]}{instead}{head[one.end() :]}"


def _progressive(head: str, _draw: random.Random, _wordnet: WordNet) -> str | None:
    match = _VERB.match(head)
    if match is None or match[2] in _BE or (base := _base(match[2])) is None:
        return None
    if base.endswith("e") and not base.endswith("ee"):
        base = base[:-1]
    elif re.fullmatch(r"[^aeiou]*[aeiou][bdgmnprt]", base):
        base += base[-1]
    return f"{match[1]} is {base}ing{head[match.end() :]}"


def _emphatic(head: str, draw: random.Random, _wordnet: WordNet) -> str | None:
    match = _VERB.match(head)
    if match is None or match[2] in _BE or _base(match[2]) is None:
        return None
    if draw.random() < 0.5:
        return f"{head} {draw.choice(['yesterday', 'today', 'this morning', 'last week', 'on Monday', 'tonight'])}"
    return f"{match[1]} {draw.choice(['really', 'just', 'finally', 'suddenly'])} {head[len(match[1]) + 1 :]}"


def _stage(head: str, draw: random.Random, _wordnet: WordNet) -> str | None:
    match = _VERB.match(head)
    if match is None or match[2] in _BE or (base := _base(match[2])) is None:
        return None
    stage = draw.choice(["wants to", "tries to", "almost", "forgets to", "refuses to", "plans to", "pretends to"])
    return f"{match[1]} {stage} {match[2] if stage == 'almost' else base}{head[match.end() :]}"


_CHANGES: tuple[tuple[str, bool, Callable[[str, random.Random, WordNet], str | None]], ...] = (
    ("role", False, _swapped),
    ("owner", False, _other_owner),
    ("negation", False, _denied),
    ("number", False, _other_number),
    ("opposite", False, _opposite),
    ("stage", False, _stage),
    ("synonym", True, _synonym),
    ("article", True, _other_article),
    ("tense", True, _progressive),
    ("emphasis", True, _emphatic),
)
