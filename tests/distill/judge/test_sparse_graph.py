"""The bundled judge on everyday events against the sample graph."""

from pathlib import Path

from benchmarks.near_duplicate_sparse import answers_of, measured, read_rows
from distill.embedder.embedder import open_embedder
from distill.judge.judge import open_judge
from distill.judge.pairs import read_pairs
from tests.support.server import ROOT


def test_a_sparse_graph_answers_with_the_same_event_or_not_at_all(tmp_path: Path) -> None:
    rows = read_rows()
    judge = open_judge("minilm-same-event", tmp_path, 2, lambda *_: None)
    answers = answers_of(rows, judge, open_embedder("minilm", 2, tmp_path))
    assert answers[[row.asked for row in rows].index("it starts to rain during PersonX's picnic")] == ""
    for split in ("tune", "report"):
        result = measured(rows, answers, split)
        assert result["precision"] >= 0.95
        assert result["recall"] >= 0.5


def test_no_asked_event_is_in_a_training_pair() -> None:
    asked = {row.asked for row in read_rows()}
    assert len(asked) == 180
    pairs = read_pairs(ROOT / "distill" / "judge" / "data" / "pairs.tsv")
    assert not [pair for pair in pairs if not asked.isdisjoint((pair.a, pair.b))]
