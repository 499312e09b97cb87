"""From inferences to a graph: scored by a critic, cut at a threshold, in ATOMIC-10x's form (West et al., 2022, 4)."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from distill.critic.critic import Critic
from schemas.progress import Progress
from schemas.relations import Relation
from schemas.triples import NONE, RECALLS

_AT_ONCE = 512
_TENTHS = (("test", 1), ("val", 2))
"""Of ten events, the first is for testing, the second for validation."""


def score(
    inferences: Iterable[Mapping[str, Any]], critic: Critic | None, origin: str, file: Path, progress: Progress
) -> None:
    """Write the rows of inferences with their scores. A file with a part of the rows is continued.

    inferences: kept ones, with head, relation and tail.
    critic: None: no scores.
    origin: the teacher's name.
    """
    done = _whole_rows(file)
    waiting = islice(inferences, done, None)
    with file.open("ab") as out:
        while batch := list(islice(waiting, _AT_ONCE)):
            out.write(b"".join(_lines(batch, critic, origin)))
            out.flush()
            done += len(batch)
            progress("scoring", done, 0)


def is_kept(row: Mapping[str, Any], recall: str | None, p_valid: float | None) -> bool:
    """True for a row that passes. A row without a score passes: "does not apply", or a run without a critic."""
    value = row["p_valid_model"]
    if value is None:
        return True
    return bool(row[f"rec_{recall}"]) if recall is not None else p_valid is None or value >= p_valid


def split_of(head: str) -> str:
    """The split of an event: 80 % train, 10 % val, 10 % test. All triples of an event are in one."""
    tenth = int.from_bytes(hashlib.sha256(head.encode()).digest()[:4], "big") % 10 + 1
    return next((name for name, place in _TENTHS if tenth == place), "train")


def _lines(batch: Sequence[Mapping[str, Any]], critic: Critic | None, origin: str) -> Iterator[bytes]:
    scored = [(row["head"], Relation(row["relation"]), row["tail"]) for row in batch if row["tail"] != NONE]
    values = iter(critic.p_valid(scored, "teacher") if critic is not None and scored else ())
    cutoffs = critic.cutoffs("teacher") if critic is not None else {}
    for row in batch:
        value = None if critic is None or row["tail"] == NONE else round(float(next(values)), 4)
        recalls = {f"rec_{r}": None if value is None else value >= cutoffs[r] for r in RECALLS}
        names = {"head": row["head"], "relation": row["relation"], "tail": row["tail"], "inference": row["tail"]}
        rest = {"split": split_of(row["head"]), "p_valid_model": value, "origins": [origin]}
        name = {"critic": None if value is None else str(critic)}  # ATOMIC-10x has no such member
        yield orjson.dumps(names | rest | recalls | name, option=orjson.OPT_APPEND_NEWLINE)


def _whole_rows(file: Path) -> int:
    """The number of whole lines of a file. A part of a line at its end is cut off."""
    if not file.exists():
        return 0
    count = end = 0
    with file.open("rb+") as part:
        for one in part:
            if one.endswith(b"\n"):
                count, end = count + 1, end + len(one)
        part.truncate(end)
    return count
