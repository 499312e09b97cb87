"""`cometgraph infer --input`: a file of questions, answered in order. A stopped run can be resumed."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, cast

import click
import orjson

from graph.loading.lines import Source, opened
from schemas.errors import BadFile, BadInput, CometgraphError
from schemas.progress import Progress
from service.answering.batch import answer_many
from service.answering.caller import LOCAL
from service.answering.concurrency import PART
from service.answering.questions import checked
from service.api.ndjson import line
from service.cli.answer_file import AnswerFile, answer_file, final_path, part_path
from service.cli.progress import bar, interrupts
from service.cli.stopped import Stopped
from service.runtime.resources import Resources

Line = bytes | None
"""A line of the questions. None: too long."""


@dataclass(frozen=True, slots=True)
class Job:
    """A file of questions and its file of answers.

    source: a file, or - for standard input.
    target: a file, or None for standard output.
    defaults: fields of a question, for lines without them.
    resume: continue a stopped run.
    """

    source: str
    target: str | None
    defaults: Mapping[str, Any]
    resume: bool = False

    @property
    def path(self) -> Path | None:
        """The file of the questions. None: standard input."""
        return None if self.source == "-" else Path(self.source)

    def check(self) -> None:
        """Raises BadInput, BadFile."""
        if self.path is not None and (self.path.is_dir() or not self.path.exists()):
            raise BadFile(self.source, "a folder" if self.path.is_dir() else "no such file")
        has_files = self.path is not None and self.target is not None and final_path(self.target) is not None
        if self.resume and not has_files:
            raise no_file_to_resume()


def no_file_to_resume() -> BadInput:
    """The error of --resume without both files."""
    need = "given together with --input FILE and --output FILE"
    return BadInput.of("resume", None, need, "resume: --resume needs --input FILE and --output FILE")


def infer_file(job: Job, resources: AbstractAsyncContextManager[Resources]) -> None:
    """Write an answer or a problem for each question. Raises BadInput, BadFile, StoreUnavailable, Stopped."""
    job.check()
    if job.resume and _is_complete(job):
        click.echo(f"cometgraph: {job.target} has all answers already", err=True)
        return
    with (
        interrupts() as is_stopped,
        bar() as show,
        answer_file(job.target, resume=job.resume) as out,
        _lines(job) as lines,
    ):
        problems = sum(map(_is_problem, _checked(out, lines, job))) if job.resume else 0
        total = _count(job) if sys.stderr.isatty() else 0
        problems += asyncio.run(_answer(job, lines, out, resources, is_stopped, show, total))
    if problems:
        click.echo(f"cometgraph: {problems:,} of {out.number:,} answers are problems", err=True)


async def _answer(
    job: Job,
    lines: Iterator[Line],
    out: AnswerFile,
    resources: AbstractAsyncContextManager[Resources],
    is_stopped: Callable[[], bool],
    show: Progress,
    total: int,
) -> int:
    """The number of problems among the answers. Raises Stopped if questions are left."""
    problems = 0
    is_end = False

    async def parts() -> AsyncGenerator[list[Any]]:
        nonlocal is_end
        while part := await asyncio.to_thread(lambda: list(islice(lines, PART))):
            yield [_question(one, job.defaults) for one in part]
        is_end = True

    async with resources as opened, aclosing(answer_many(parts(), opened, LOCAL, is_stopped)) as results:
        show("answering", out.number, total)
        async for result in results:
            out.write(line(result))
            problems += isinstance(result, CometgraphError)
            show("finishing what is under way" if is_stopped() else "answering", out.number, total)
    if not is_end:
        raise Stopped(f"stopped; {out.part.name} has {out.number:,} answers, --resume goes on" if out.part else "")
    return problems


def _checked(out: AnswerFile, lines: Iterator[Line], job: Job) -> Iterator[bytes]:
    """The answers of the stopped run. Each takes its question from the lines. Raises BadInput."""
    assert out.part is not None
    for number, answer in enumerate(out.earlier(), 1):
        question = next(lines, b"")
        place = f"{out.part.name}, line {number}"
        if question == b"":
            raise BadInput.of("resume", place, f"the answer to a question: {job.source} has only {number - 1:,} now")
        why = _mismatch(answer, question, job)
        if why is not None:
            raise BadInput.of("resume", place, f"{why}; mend {job.source}, or delete {out.part.name} to begin anew")
        yield answer


def _is_complete(job: Job) -> bool:
    """True if the target has all answers, and there is no part of it."""
    final = final_path(job.target or "")
    if final is None or not final.exists() or part_path(final).exists():
        return False
    with _lines(job) as lines, final.open("rb") as answers_:
        for answer in answers_:
            question = next(lines, b"")
            if question == b"" or _mismatch(answer, question, job) is not None:
                return False
        return next(lines, b"") == b""


def _mismatch(answer: bytes, line: Line, job: Job) -> str | None:
    """The missing property of this line of answers. None if it answers the question.

    A problem may come without its event, so it fits any question.
    """
    try:
        body: Any = orjson.loads(answer)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        return "an answer or a problem"
    text = cast(dict[str, Any], body).get("asked")
    if text is None:
        return None
    try:
        event = checked(_question(line, job.defaults)).event
    except CometgraphError:
        return "the answer to the line there now, which is no question"
    return None if text == event else f"the answer to {event!r}, the question there now"


def _is_problem(answer: bytes) -> bool:
    return "asked" not in orjson.loads(answer)


@contextmanager
def _lines(job: Job) -> Generator[Iterator[Line]]:
    """The lines without the blank ones."""
    with opened(Source(job.source, job.path)) as blocks:
        yield (one for block in blocks for one in block.lines if one is None or one.strip())


def _count(job: Job) -> int:
    """The number of questions. 0 for standard input."""
    if job.path is None:
        return 0
    with _lines(job) as lines:
        return sum(1 for _ in lines)


def _question(line: Line, defaults: Mapping[str, Any]) -> Any:
    """The question of a line, with the flags as defaults. A line without JSON gets a problem later."""
    try:
        value: Any = orjson.loads(line or b"")
    except orjson.JSONDecodeError:
        return None if line is None else line.decode("utf-8", "replace")
    return {**defaults, **cast(dict[str, Any], value)} if isinstance(value, dict) else value
