"""Stages of a run: each has inputs, files and a manifest. A stage with unchanged inputs costs nothing.

OUT/stages/NAME.json    digest of the inputs, digests of the files, counts; written last
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path
from typing import IO, Any

import orjson

from schemas.errors import BadFile

Counts = dict[str, Any]
"""Counts of a stage, by name."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage.

    out: the folder of the run.
    files: its outputs, files or folders in `out`.
    inputs: all values that decide the outputs, as JSON.
    """

    name: str
    out: Path
    files: tuple[str, ...]
    inputs: Any

    def counts(self, work: Callable[[], Counts]) -> Counts:
        """The counts of the stage. Works only if the inputs or the files differ from the manifest."""
        if (known := self.known()) is not None:
            return known
        counts = work()
        files = {name: digest(self.out / name) for name in self.files}
        manifest = {"inputs": self._inputs, "files": files, "counts": counts}
        with written(self._manifest) as file:
            file.write(orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
        return counts

    def known(self) -> Counts | None:
        """The counts of a finished stage with these inputs. None if there is work to do."""
        try:
            manifest: dict[str, Any] = orjson.loads(self._manifest.read_bytes())
            is_same = manifest["inputs"] == self._inputs and set(manifest["files"]) == set(self.files)
            if is_same and all(digest(self.out / name) == known for name, known in manifest["files"].items()):
                return manifest["counts"]
        except (OSError, orjson.JSONDecodeError, KeyError, TypeError):
            return None
        return None

    @property
    def key(self) -> str:
        """Digest of the inputs, short."""
        return self._inputs[:16]

    @property
    def _inputs(self) -> str:
        content = orjson.dumps(self.inputs, option=orjson.OPT_SORT_KEYS, default=_plain)
        return hashlib.sha256(content).hexdigest()

    @property
    def _manifest(self) -> Path:
        return self.out / "stages" / f"{self.name}.json"


def folder_for(key: str, folder: Path) -> Path:
    """The folder of a training with these inputs, to begin or to resume. One with others is emptied first."""
    begun = folder / "inputs"
    if not begun.exists() or begun.read_text() != key:
        begun.unlink(missing_ok=True)  # first: a kill leaves no half-empty folder with its old name
        shutil.rmtree(folder, ignore_errors=True)
        with written(begun) as file:
            file.write(key.encode())
    return folder


@contextmanager
def written(path: Path) -> Generator[IO[bytes]]:
    """A new file under a temporary name. It is on disk under its name if the block ends without an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.new")
    with new.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def digest(path: Path) -> str:
    """SHA-256 of a file, or of all files of a folder with their names. Raises OSError."""
    if not path.is_dir():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    parts = [f"{one.relative_to(path)} {digest(one)}" for one in sorted(path.rglob("*")) if one.is_file()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def line(row: Any) -> bytes:
    """A row as a line of JSON."""
    return orjson.dumps(row, default=_plain, option=orjson.OPT_APPEND_NEWLINE)


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a JSONL file. Raises BadFile."""
    try:
        with path.open("rb") as file:
            for one in file:
                yield orjson.loads(one)
    except (OSError, orjson.JSONDecodeError) as error:
        raise BadFile(str(path), f"no readable JSON lines ({error})") from error


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)
