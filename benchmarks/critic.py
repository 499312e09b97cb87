"""The critic on rows and events that it was never trained on, beside cheaper scores, and its speed.

The rows are the test rows of the labels of our own, of CKBP v1 and v2, and Social IQa's dev questions. Beside the
critic: the base rate, the likelihood by the model that wrote the tail, the student's likelihood (mean a token), and the
cosine of event and tail. Intervals are 95 % of bootstrap draws of events.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import numpy as np
import orjson
from matplotlib.figure import Figure

from benchmarks.critic_speed import OWN, measure
from benchmarks.report import RESULTS, Goal, finish, parser, say, show
from distill.critic import BUNDLED, POPULATIONS
from distill.critic.critic import Critic, open_critic
from distill.critic.labels import Example, apart, questions, read_labels
from distill.critic.metrics import (
    Floats,
    Metric,
    auc,
    average_precision,
    calibration_error,
    calibration_error_by_chance,
    error_left,
    interval,
    precision_at,
    reliability,
)
from distill.embedder.embedder import open_embedder
from distill.student.files import BUNDLED as STUDENT
from distill.student.student import Student, StudentSpec, open_student
from schemas.embeddings import Embedder
from schemas.triples import RECALLS

FILES = ("ckbp_v1.csv", "ckbp_v2.csv", "socialiqa_triples.tsv.gz")
METHODS = ("critic", "own likelihood", "student's likelihood", "cosine")


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one source, with the scores of each method, (rows,)."""

    examples: list[Example]
    scores: dict[str, Floats]

    @property
    def labels(self) -> Any:
        return np.array([e.p >= 0.5 for e in self.examples])

    @property
    def heads(self) -> list[str]:
        return [e.head for e in self.examples]


def main() -> None:
    """The command."""
    options = parser("critic", __doc__)
    options.add_argument("--data", type=Path, metavar="DIR", help="folder of CKBP and Social IQa, as facts name it")
    options.add_argument("--critic", default=BUNDLED, metavar="NAME", help="the bundled critic, or a folder")
    options.add_argument("--most", type=int, default=10**9, metavar="N", help="most rows of a source, default all")
    options.add_argument("--other", type=Path, action="append", default=[], metavar="FILE",
                         help="figures of another critic by a run elsewhere, JSON")  # fmt: skip
    params = options.parse_args()
    cache = Path(gettempdir()) / "cometgraph-benchmark-models"
    critic = open_critic(params.critic, cache, 2, lambda *_: None)
    say("speed, before other models are loaded")
    speed = measure(critic, params.critic)
    test, dev = _held_out(params.data)
    draw = random.Random(params.seed)
    sources = {name: _drawn(some, params.most, draw) for name, some in _by_source(test).items()}
    student = open_student(StudentSpec(STUDENT, None, "cpu", "int8", cache, 2), lambda *_: None)
    embedder = open_embedder("minilm", 2, cache)
    scored = {name: _scored(some, critic, student, embedder) for name, some in sources.items()}
    results = {name: _measured(rows) for name, rows in scored.items()}
    right = _choice(dev, params.most, critic, draw)
    _draw(scored, critic)
    _report(params, critic, results, right, speed)


def _held_out(data: Path | None) -> tuple[list[Example], list[Example]]:
    """Test rows, and dev questions: the critic's own split, as its card gives it."""
    files = [OWN, *(data / name for name in FILES)] if data is not None else [OWN]
    examples = [example for file in files for example in read_labels(file)]
    _, dev, test = apart(examples, ("ckbp",), ("ckbp_v1",))
    return test, [e for e in dev if e.group]


def _by_source(examples: Sequence[Example]) -> dict[str, list[Example]]:
    sources: dict[str, list[Example]] = {}
    for example in examples:
        sources.setdefault(example.population or example.source.partition("/")[0], []).append(example)
    return sources


def _drawn(examples: list[Example], most: int, draw: random.Random) -> list[Example]:
    return examples if len(examples) <= most else draw.sample(examples, most)


def _scored(examples: list[Example], critic: Critic, student: Student, embedder: Embedder) -> Rows:
    triples = [(e.head, e.relation, e.tail) for e in examples]
    population = "teacher" if examples[0].population == "teacher" else "student"
    scores: dict[str, Floats] = {"critic": critic.p_valid(triples, population)}
    own = _own_likelihoods()
    if all(triple in own for triple in triples):
        scores["own likelihood"] = np.array([own[triple] for triple in triples])
    say(f"{len(triples)} rows of {examples[0].source}: the student's likelihood, one row at a time")
    tokens = student.score(triples)
    scores["student's likelihood"] = np.array([float(np.mean([t.log_prob for t in row])) for row in tokens])
    heads, tails = embedder.embed([e.head for e in examples]), embedder.embed([e.tail for e in examples])
    scores["cosine"] = np.einsum("ij,ij->i", heads, tails).astype(np.float64)
    return Rows(examples, scores)


def _own_likelihoods() -> dict[tuple[str, Any, str], float]:
    """Log-probability of the tails of our own labels by the models that wrote them."""
    lines = OWN.read_text("utf-8").splitlines()
    columns = lines[0].split("\t")
    rows = [dict(zip(columns, line.split("\t"), strict=True)) for line in lines[1:]]
    return {(r["head"], r["relation"], r["tail"]): float(r["log_prob"]) for r in rows if r.get("log_prob")}


def _measured(rows: Rows) -> dict[str, Any]:
    labels = rows.labels
    metrics: dict[str, Metric] = {"average precision": average_precision, "auc": auc}
    for recall in RECALLS:
        metrics[f"precision at {recall}"] = partial(precision_at, recall=float(recall))
        metrics[f"error left at {recall}"] = partial(error_left, recall=float(recall))
    result: dict[str, Any] = {"rows": len(labels), "base rate": round(float(labels.mean()), 4)}
    for method, scores in rows.scores.items():
        result[method] = {name: _with_interval(metric, rows, scores) for name, metric in metrics.items()}
    if rows.examples[0].population in POPULATIONS:
        p = rows.scores["critic"]
        result["critic"]["calibration error"] = _with_interval(calibration_error, rows, p)
        result["critic"]["calibration error by chance"] = round(calibration_error_by_chance(p), 4)
        result["reliability"] = [[round(p, 4), round(share, 4), n] for p, share, n in reliability(labels, p)]
    return result


def _with_interval(metric: Metric, rows: Rows, scores: Floats) -> list[float]:
    return [round(v, 4) for v in (metric(rows.labels, scores), *interval(metric, rows.labels, scores, rows.heads))]


def _choice(dev: Sequence[Example], most: int, critic: Critic, draw: random.Random) -> dict[str, Any]:
    places = [q for q in questions(dev) if len(q) > 1]
    places = places if len(places) <= most else draw.sample(places, most)
    if not places:
        return {}
    hits: list[bool] = []
    for q in places:
        p = critic.p_valid([(dev[n].head, dev[n].relation, dev[n].tail) for n in q])
        hits.append(dev[q[int(np.argmax(p))]].p >= 0.5)
    return {"questions": len(hits), "right": round(float(np.mean(hits)), 4)}


def _draw(scored: dict[str, Rows], critic: Critic) -> None:
    """The reliability diagram of both populations, as SVG."""
    import matplotlib as mpl

    with mpl.rc_context({"svg.hashsalt": "cometgraph", "svg.fonttype": "none"}):
        figure = Figure(figsize=(5, 4), layout="constrained")
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color="#b0bec5", linewidth=0.8)
        for population, colour in zip(POPULATIONS, ("#c62828", "#1565c0"), strict=True):
            if population in scored:
                rows = scored[population]
                bins = reliability(rows.labels, rows.scores["critic"])
                axes.plot([p for p, _, _ in bins], [share for _, share, _ in bins], marker="o", markersize=3,
                          color=colour, label=population)  # fmt: skip
        axes.set_xlabel(f"p_valid of {critic.name}")
        axes.set_ylabel("share of valid triples")
        axes.legend(frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
        figure.savefig(RESULTS / "critic.svg", format="svg", metadata={"Date": None})


def _report(
    params: Any, critic: Critic, results: dict[str, Any], right: dict[str, Any], speed: dict[str, float]
) -> None:
    for source, result in results.items():
        columns = ("average precision", "auc", "error left at 0.8", "error left at 0.5")
        rows = [
            [method, *(_interval(result[method][name]) for name in columns)] for method in METHODS if method in result
        ]
        title = f"{source}: {result['rows']} rows, {result['base rate']:.2f} of them valid"
        show(title, ["", "average precision", "AUC", "error left at 0.8", "at 0.5"], rows)
    show("Speed", ["", ""], [[name, f"{value:g}"] for name, value in speed.items()])
    others = {file.stem: orjson.loads(file.read_bytes()) for file in params.other}
    body = {
        "critic": f"{critic.name}@{critic.version}",
        "most rows of a source": params.most if params.most < 10**9 else None,
        "sources": results,
        "Social IQa, dev questions": right,
        "speed": speed,
        "by a GPU run": {name: {"test": o["test"], "dev": o["dev"], "columns": _COLUMNS} for name, o in others.items()},
    }
    finish("critic", params.output, body, list(_goals(results, right, speed)))


def _interval(value: Sequence[float]) -> str:
    return f"{value[0]:.3f} ({value[1]:.3f} to {value[2]:.3f})"


_COLUMNS = "rows, base rate, AUC, average precision, precision at recall 0.8, at 0.5. choice: questions, share right"


def _goals(results: dict[str, Any], right: dict[str, Any], speed: dict[str, float]) -> list[Goal]:
    goals: list[Goal] = []
    if (v2 := results.get("ckbp_v2")) is not None:
        goals += [Goal("CKBP v2: AUC", v2["critic"]["auc"][0], "≥", 0.72, "")]
        goals += [Goal("CKBP v2: average precision", v2["critic"]["average precision"][0], "≥", 0.42, "")]
    if right:
        goals += [Goal("Social IQa dev: right answers", right["right"], "≥", 0.58, "")]
    for population in POPULATIONS:
        for recall, bound in (("0.8", 0.6), ("0.5", 0.4)):
            value = results[population]["critic"][f"error left at {recall}"][0]
            goals.append(Goal(f"{population}: error left at recall {recall}", value, "≤", bound, ""))
    goals.append(
        Goal("student: calibration error", results["student"]["critic"]["calibration error"][0], "≤", 0.05, "")
    )
    for source, result in results.items():
        for method in METHODS[1:]:
            if method in result:
                lead = result["critic"]["auc"][0] - result[method]["auc"][0]
                goals.append(Goal(f"{source}: AUC above {method}", lead, "≥", 0.0, ""))
    factor = speed["triples a second"] / speed["triples a second, the authors' way"]
    goals.append(Goal("triples a second beside the authors' way", factor, "≥", 10))
    goals.append(Goal("ten tails of a relation", speed["ten tails of a relation, p50 ms"], "≤", 40, "ms"))
    goals.append(Goal("nine relations of ten tails", speed["nine relations of ten tails, p50 ms"], "≤", 250, "ms"))
    return goals


if __name__ == "__main__":
    main()
