"""The card of a critic: README.md in its folder."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from distill.critic import POPULATIONS
from schemas.triples import RECALLS

_MEANING = """\
`p_valid` is the probability that a reader finds the triple right: for a triple of the stated population, under the
labels of its dev rows. Another source has another base rate. There the order of triples is still of use, and the
probability is not.
"""


def card(name: str, about: Mapping[str, Any]) -> str:
    """The text. about: the content of critic.json."""
    parts = [
        f"# {name}",
        "A critic: it gives the probability that a triple is right.",
        _table(("setting", "value"), [(key, str(value)) for key, value in about["recipe"].items()]),
        f"Best step: {about['step']}, by precision at recall 0.8 on the dev rows: {1 - about['validation_loss']:.3f}.",
        "## Labels",
        _table(("source", "train", "dev", "test", "weight"), [
            (source, *(f"{int(n[split]):,}" for split in ("train", "dev", "test")), f"{n['weight']:g}")
            for source, n in about["data"].items()
        ]),
        "No event of a test row is in a dev or training row, none of a dev row is in a training row.",
        "## Probability",
        _MEANING.rstrip(),
        _table(("population", "calibrated on", "rows", "base rate", *(f"cutoff {r}" for r in RECALLS)), [
            (population, ", ".join(c["of"]), f"{c['rows']:,}", f"{c['base_rate']:.2f}", *(
                f"{c['cutoffs'][r]:.4f}" for r in RECALLS))
            for population in POPULATIONS
            for c in [about["calibration"][population]]
        ]),
        "A cutoff of 0.8 keeps eight in ten of the valid dev triples.",
        "## Test rows",
        _table(("source", "rows", "base rate", "average precision", "AUC", "error left at 0.8", "at 0.5",
                "calibration error", "by chance"), list(_measured(about["test"]))),
        "In brackets: 95 % of bootstrap draws of events. Error left: the share of invalid triples among the kept ones, "
        "divided by their share among all. By chance: the mean calibration error of right probabilities on so many "
        "rows.",
        *_choice(about["choice"]),
        *_self_test(about["self_test"]),
    ]  # fmt: skip
    return "\n\n".join(part for part in parts if part) + "\n"


def _measured(test: Mapping[str, Mapping[str, Any]]) -> Iterable[tuple[str, ...]]:
    columns = ("average_precision", "auc", "error left at recall 0.8", "error left at recall 0.5", "calibration_error")
    for source, row in test.items():
        measured = (_interval(row[column]) if column in row else "" for column in columns)
        by_chance = f"{row['calibration_error_by_chance']:.2f}" if "calibration_error_by_chance" in row else ""
        yield source, f"{row['rows']:,}", f"{row['base_rate']:.2f}", *measured, by_chance


def _interval(value: Sequence[float]) -> str:
    return f"{value[0]:.2f} ({value[1]:.2f} to {value[2]:.2f})"


def _choice(results: Mapping[str, Mapping[str, Any]]) -> Iterable[str]:
    for split, row in results.items():
        if row:
            yield f"Of {row['questions']:,} {split} questions {row['right']:.3f} have the right answer first."


def _self_test(rows: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    if rows:
        yield "## Self-test"
        yield "Of N test triples a cutoff should keep N r b / p, with recall, base rate and precision of the dev rows."
        yield _table(("population", "recall", "expected", "kept", ""), [
            (r["population"], r["recall"], f"{r['expected']:.0f} ± {r['deviation']:.0f}", str(r["kept"]),
             "passes" if r["passes"] else "fails")
            for r in rows
        ])  # fmt: skip


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
