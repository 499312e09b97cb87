"""The file of answers: a part until it is whole, and whole lines after any stop."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.errors import BadInput
from service.cli.answer_file import answer_file

LINES = st.lists(st.binary(max_size=4).map(lambda text: text.replace(b"\n", b"") + b"\n"), max_size=5)


@settings(max_examples=30)
@given(LINES, st.binary(max_size=4).map(lambda text: text.replace(b"\n", b"")), LINES)
@example([], b"", [])
@example([b"\n"], b"{", [b"{}\n"])
def test_a_stopped_run_goes_on_after_its_last_whole_line(earlier: list[bytes], cut: bytes, later: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        target, part = Path(folder) / "out.jsonl", Path(folder) / "out.jsonl.part"
        part.write_bytes(b"".join(earlier) + cut)
        with answer_file(str(target), resume=True) as out:
            assert list(out.earlier()) == earlier
            for line in later:
                out.write(line)
            assert part.read_bytes() == b"".join(earlier + later)
            assert out.number == len(earlier) + len(later)
        assert target.read_bytes() == b"".join(earlier + later)
        assert not part.exists()


def test_an_error_leaves_the_answers_so_far_and_the_old_target(tmp_path: Path) -> None:
    target, part = tmp_path / "out.jsonl", tmp_path / "out.jsonl.part"
    target.write_text("from before\n")

    def fail_after(lines: list[bytes]) -> None:
        with answer_file(str(target), resume=False) as out:
            for line in lines:
                out.write(line)
            raise ZeroDivisionError

    for lines, is_left in (([], False), ([b"1\n"], True)):
        with pytest.raises(ZeroDivisionError):
            fail_after(lines)
        assert part.exists() is is_left
    assert (target.read_text(), part.read_text()) == ("from before\n", "1\n")
    with pytest.raises(BadInput, match="--resume goes on with it"), answer_file(str(target), resume=False):
        pass
    assert part.read_text() == "1\n"


def test_two_runs_do_not_share_a_file(tmp_path: Path) -> None:
    target = str(tmp_path / "out.jsonl")
    with answer_file(target, resume=False) as out:
        out.write(b"1\n")
        for resume in (False, True):
            with pytest.raises(BadInput, match="another process writes"), answer_file(target, resume=resume):
                pass
        out.write(b"2\n")
    assert Path(target).read_bytes() == b"1\n2\n"
