"""The stage of the student: other triples train another student in the same folder."""

from pathlib import Path

import orjson

from distill.run.config import Config
from distill.run.place import Place
from distill.run.student_stage import train_student
from schemas.progress import silent
from tests.support.tiny_models import make


def test_other_kept_triples_train_anew(tmp_path: Path) -> None:
    values = {
        "name": "test",
        "teacher": {"url": "in-process", "model": "smollm2-135m"},
        "events": {"calls": 1},
        "student": {"base": str(make("llama", tmp_path / "base")), "rank": 2, "epochs": 1},
    }
    config, place = Config.model_validate(values), Place(tmp_path, tmp_path / "log", tmp_path / "models", 1)
    for count in (12, 9):
        rows = [
            {"head": f"PersonX opens door {n}", "relation": "xWant", "tail": "to go in", "split": "train"}
            for n in range(count)
        ]
        (tmp_path / "kept.jsonl").write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
        counts = train_student(config, place, silent)
        assert counts == {"training": count - 1, "validation": 1}
        assert train_student(config, place, silent) == counts
    assert (tmp_path / "student" / "adapter" / "student.json").exists()
