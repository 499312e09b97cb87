"""`cometgraph infer --input`: a file of questions, answered in order, and gone on with after a stop."""

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
from graph.stores.protocol import Progress as Told
from schemas.errors import BadFile, BadInput, CometgraphError
from service.answering.batch import answer_many
from service.answering.caller import LOCAL
from service.answering.concurrency import PART
from service.answering.questions import checked
from service.api.ndjson import line
from service.cli.answer_file import AnswerFile, answer_file, final_path, part_path
from service.cli.options import Stopped
from service.cli.progress import bar, interrupts
from service.runtime.resources import Resources

Line = bytes | None
"""A line of the questions; None: one that is too long."""


@dataclass(frozen=True, slots=True)
class Job:
    """The questions and where their answers go. source: a file, or - for standard input. target: None: standard output.

    defaults: what a line does not say. resume: go on with the answers of a run that was stopped.
    """

    source: str
    target: str | None
    defaults: Mapping[str, Any]
    resume: bool = False

    @property
    def path(self) -> Path | None:
        """The file of the questions; None for standard input."""
        return None if self.source == "-" else Path(self.source)

    def check(self) -> None:
        """Raises BadInput, BadFile."""
        if self.path is not None and (self.path.is_dir() or not self.path.exists()):
            raise BadFile(self.source, "a folder" if self.path.is_dir() else "no such file")
        has_files = self.path is not None and self.target is not None and final_path(self.target) is not None
        if self.resume and not has_files:
            raise BadInput.of("resume", None, "given only together with files, --input FILE and --output FILE")


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
    show: Told,
    total: int,
) -> int:
    """How many of the answers are problems. Raises Stopped where questions are left."""
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
    """The answers of the earlier run, each of which has taken its question. Raises BadInput."""
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
    """True where OUT, without a part, has the answers to all questions."""
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
    """What this line of the answers is not; None where it answers the question.

    A problem need not say which event it was asked for, so it fits any question.
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
    """The lines that are not blank."""
    with opened(Source(job.source, job.path)) as blocks:
        yield (one for block in blocks for one in block.lines if one is None or one.strip())


def _count(job: Job) -> int:
    """How many questions there are; 0 for standard input, of which nobody knows."""
    if job.path is None:
        return 0
    with _lines(job) as lines:
        return sum(1 for _ in lines)


def _question(line: Line, defaults: Mapping[str, Any]) -> Any:
    """A line's question; what it does not say is taken from the flags. What is no JSON is answered with a problem."""
    try:
        value: Any = orjson.loads(line or b"")
    except orjson.JSONDecodeError:
        return None if line is None else line.decode("utf-8", "replace")
    return {**defaults, **cast(dict[str, Any], value)} if isinstance(value, dict) else value
