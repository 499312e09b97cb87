"""How good the student's tails are, beside published systems on the same 4,000 prompts of ATOMIC-2020's test set.

--data is a folder with prompts.tsv (head, relation, references as a JSON list) and the published outputs. The student
comes in by --decoding NAME (written now, by benchmarks.student_outputs) or --outputs FILE.jsonl (head, relation,
greedy, generations, in the order of the prompts). A system's output is its `greedy`, else the first of its
`generations`, as it stands.

Of a prompt's references, `none` (also NONE, n/a) says that the relation does not apply. Scored are the prompts with at
least one other reference, against those others. There an output `none` is wrong, which a system that never says it is
spared; so a second table passes over `none` where a system has something else to say: it compares the wording alone.
A third follows the published evaluation to the letter, with all prompts, and `none` a reference like any other. How
well a system tells where only `none` is right is reported apart, over all prompts. How the metrics are computed:
benchmarks/text_metrics.py. It needs the packages of the dependency group `bench`.
"""

import argparse
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson

from benchmarks.report import Goal, finish, parser, say, show
from benchmarks.text_metrics import METRICS, judge, totals, word_net
from schemas.relations import RELATIONS
from schemas.triples import says_none

BASE = "comet_bart"
PUBLISHED = {
    BASE: "COMET-BART",
    "kogito_comet_bart_beam5": "COMET-BART by kogito, 5 beams",
    "kogito_comet_gpt2": "COMET-GPT2 by kogito",
    "kogito_gpt2_zeroshot": "GPT-2, zero-shot",
}
_SHOWN = 40
_GOAL = 0.9
_LEAST = 0.01


@dataclass(frozen=True, slots=True)
class Prompt:
    """A head and a relation, with what annotators said, `none` apart."""

    head: str
    relation: str
    references: list[str]

    @property
    def real(self) -> list[str]:
        return [reference for reference in self.references if not says_none(reference)]

    @property
    def is_none(self) -> bool:
        """The relation does not apply: nobody said anything else."""
        return not self.real


@dataclass(frozen=True, slots=True)
class Output:
    """What a system says first, and what it says first besides `none`, where it has that."""

    first: str
    real: str

    @classmethod
    def of(cls, row: dict[str, Any]) -> "Output":
        said = [*([] if row["greedy"] is None else [row["greedy"]]), *row["generations"]]
        # A system that found nothing has said nothing: that is wrong wherever something applies.
        first = said[0] if said else ""
        return cls(first, next((text for text in said if not says_none(text.strip())), first))


@dataclass(frozen=True, slots=True)
class Told:
    """How well a system tells where a relation does not apply, over some prompts."""

    prompts: int
    none: int
    said: int
    right: int
    accurate: int

    @classmethod
    def of(cls, prompts: Sequence[Prompt], outputs: Sequence[str]) -> "Told":
        pairs = [(prompt.is_none, says_none(output.strip())) for prompt, output in zip(prompts, outputs, strict=True)]
        return cls(
            len(pairs),
            sum(none for none, _ in pairs),
            sum(said for _, said in pairs),
            sum(none and said for none, said in pairs),
            sum(none == said for none, said in pairs),
        )

    def as_dict(self) -> dict[str, float | int | None]:
        return {
            "prompts": self.prompts,
            "only_none": self.none,
            "said_none": self.said,
            "precision": round(self.right / self.said, 4) if self.said else None,
            "recall": round(self.right / self.none, 4) if self.none else None,
            "accuracy": round(self.accurate / self.prompts, 4),
        }


@dataclass(frozen=True, slots=True)
class ScoreRequest:
    """What a system reached: over all scored prompts, with `none` passed over, by relation, as published, in `none`."""

    overall: dict[str, float]
    besides_none: dict[str, float]
    relations: dict[str, dict[str, float]]
    as_published: dict[str, float]
    none: dict[str, Told]

    def as_dict(self, base: "ScoreRequest") -> dict[str, Any]:
        return {
            "overall": _rounded(self.overall),
            "ratio": _rounded(_ratios(self.overall, base.overall)),
            "besides_none": _rounded(self.besides_none),
            "besides_none_ratio": _rounded(_ratios(self.besides_none, base.besides_none)),
            "as_published": _rounded(self.as_published),
            "relations": {name: _rounded(one) for name, one in self.relations.items()},
            "relation_ratios": {
                name: _rounded(_ratios(one, base.relations[name])) for name, one in self.relations.items()
            },
            "none": {name: told.as_dict() for name, told in self.none.items()},
        }


def main() -> None:
    """The command."""
    options = parser("student_quality", __doc__)
    options.add_argument("--data", type=Path, required=True, metavar="DIR", help="prompts and published outputs")
    options.add_argument(
        "--outputs",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a system's outputs; may repeat; it is called as the file",
    )
    options.add_argument(
        "--decoding",
        action="append",
        default=[],
        metavar="NAME",
        help="have the student write outputs so (greedy, beam5, paper, …); may repeat",
    )
    options.add_argument("--keep", type=Path, metavar="DIR", help="keep here what the student writes, as NAME.jsonl")
    said = options.parse_args()
    prompts = read_prompts(said.data / "prompts.tsv")
    published = {name: read_outputs(said.data / f"{name}.jsonl", prompts) for name in PUBLISHED}
    ours = _ours(said, prompts)
    with word_net():
        scored = {name: _score(name, prompts, outputs) for name, outputs in (published | ours).items()}
    _report(said, prompts, scored, ours)


def read_prompts(file: Path) -> list[Prompt]:
    """Prompts of a TSV file with the columns head, relation, refs."""
    lines = file.read_text("utf-8").removesuffix("\n").split("\n")
    rows = [line.split("\t") for line in lines[1:]]
    return [Prompt(head, relation, orjson.loads(references)) for head, relation, references in rows]


def read_outputs(file: Path, prompts: Sequence[Prompt]) -> list[Output]:
    """The outputs of a file with one JSON object a prompt."""
    return _checked(file.name, prompts, [orjson.loads(line) for line in file.read_bytes().splitlines()])


def _checked(name: str, prompts: Sequence[Prompt], rows: Sequence[dict[str, Any]]) -> list[Output]:
    if [(row["head"], row["relation"]) for row in rows] != [(prompt.head, prompt.relation) for prompt in prompts]:
        raise SystemExit(f"{name}: its heads and relations are not those of prompts.tsv, in that order")
    return [Output.of(row) for row in rows]


def _ours(said: argparse.Namespace, prompts: Sequence[Prompt]) -> dict[str, list[Output]]:
    ours = {file.stem: read_outputs(file, prompts) for file in said.outputs}
    for decoding in said.decoding:
        # Only here: who scores files needs no student.
        from benchmarks.student_outputs import write_outputs

        say(f"the student writes: {decoding}")
        rows = write_outputs([(prompt.head, prompt.relation) for prompt in prompts], decoding)
        if said.keep:
            said.keep.mkdir(parents=True, exist_ok=True)
            (said.keep / f"{decoding}.jsonl").write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
        ours[decoding] = _checked(decoding, prompts, rows)
    if clash := ours.keys() & PUBLISHED.keys():
        raise SystemExit(f"outputs with a published system's name: {', '.join(clash)}")
    return ours


def _score(name: str, prompts: Sequence[Prompt], outputs: Sequence[Output]) -> ScoreRequest:
    say(f"scoring {name}")
    applies = [(prompt, output) for prompt, output in zip(prompts, outputs, strict=True) if prompt.real]
    references = [prompt.real for prompt, _ in applies]
    judged = judge([output.first for _, output in applies], references)
    by_relation = {relation: [n for n, (prompt, _) in enumerate(applies) if prompt.relation == relation]
                   for relation in _present(prompts)}  # fmt: skip
    first = [output.first for output in outputs]
    return ScoreRequest(
        totals(judged),
        totals(judge([output.real for _, output in applies], references)),
        {relation: totals([judged[n] for n in places]) for relation, places in by_relation.items() if places},
        totals(judge(first, [prompt.references for prompt in prompts])),
        {"all": Told.of(prompts, first)} | _told(prompts, first),
    )


def _told(prompts: Sequence[Prompt], outputs: Sequence[str]) -> dict[str, Told]:
    """By relation, where a prompt has only `none`, or the system says it."""
    told: dict[str, Told] = {}
    for relation in _present(prompts):
        places = [n for n, prompt in enumerate(prompts) if prompt.relation == relation]
        told[relation] = Told.of([prompts[n] for n in places], [outputs[n] for n in places])
    return {relation: one for relation, one in told.items() if one.none or one.said}


def _present(prompts: Sequence[Prompt]) -> list[str]:
    named = {prompt.relation for prompt in prompts}
    return [relation.value for relation in RELATIONS if relation.value in named]


def _ratios(values: dict[str, float], base: dict[str, float]) -> dict[str, float | None]:
    """None where the base has next to nothing: few tails of xAttr have three words."""
    return {name: value / base[name] if base[name] >= _LEAST else None for name, value in values.items()}


def _rounded(values: Mapping[str, float | None]) -> dict[str, float | None]:
    return {name: None if value is None else round(value, 4) for name, value in values.items()}


def _report(
    said: argparse.Namespace, prompts: Sequence[Prompt], scored: dict[str, ScoreRequest], ours: dict[str, list[Output]]
) -> None:
    base = scored[BASE]
    titles = PUBLISHED | {name: name for name in ours}
    applicable = sum(not prompt.is_none for prompt in prompts)
    rows = [row for name, one in scored.items() for row in _rows(titles[name], one.overall, base.overall)]
    show(f"{applicable:,} prompts with a real reference", ["", *METRICS], rows)
    rows = [row for name, one in scored.items() for row in _rows(titles[name], one.besides_none, base.besides_none)]
    show("The same prompts, none passed over where a system has more outputs", ["", *METRICS], rows)
    rows = [_row(titles[name], one.as_published) for name, one in scored.items()]
    show(f"As published: all {len(prompts):,} prompts, none a reference like any other", ["", *METRICS], rows)
    for name in ours or [BASE]:
        of_relations = [row for relation, one in scored[name].relations.items()
                        for row in _rows(relation, one, base.relations[relation])]  # fmt: skip
        show(f"{titles[name]}, by relation (CIDEr by the weights of all prompts)", ["", *METRICS], of_relations)
    for name, one in scored.items():
        columns = ["", "prompts", "only none", "says none", "precision", "recall", "accuracy"]
        show(f"{titles[name]}: none", columns, [_none_row(relation, told) for relation, told in one.none.items()])
    for name, outputs in ours.items():
        drawn = sorted(random.Random(said.seed).sample(range(len(prompts)), min(_SHOWN, len(prompts))))
        print(f"\n{_SHOWN} outputs of {name}, drawn with seed {said.seed}, as they are\n")
        for n in drawn:
            print(f"{prompts[n].head} | {prompts[n].relation} | {outputs[n].first}")
    goals = [Goal(f"{name}: {metric} by COMET-BART's", scored[name].overall[metric] / base.overall[metric], "≥", _GOAL)
             for name in ours for metric in METRICS]  # fmt: skip
    about = {"prompts": len(prompts), "with_real_reference": applicable, "only_none": len(prompts) - applicable}
    measured = {name: one.as_dict(base) for name, one in scored.items()}
    packages = {name: version(name) for name in ("pycocoevalcap", "nltk", "wn")}
    settings = {"seed": said.seed, "packages": packages}
    finish("student_quality", said.output, {"settings": settings, "data": about, "measured": measured}, goals)


def _row(name: str, values: dict[str, float]) -> list[str]:
    return [name, *(f"{values[metric]:.3f}" for metric in METRICS)]


def _rows(name: str, values: dict[str, float], base: dict[str, float]) -> list[list[str]]:
    """The values, and below them what they are by COMET-BART's."""
    if values is base:
        return [_row(name, values)]
    ratios = _ratios(values, base)
    return [_row(name, values), ["", *("" if ratio is None else f"{ratio:.2f} ×" for ratio in ratios.values())]]


def _none_row(relation: str, told: Told) -> list[str]:
    said = told.as_dict()
    shares = (said["precision"], said["recall"], said["accuracy"])
    return [relation, f"{told.prompts:,}", f"{told.none:,}", f"{told.said:,}",
            *("" if share is None else f"{share:.3f}" for share in shares)]  # fmt: skip


if __name__ == "__main__":
    main()
