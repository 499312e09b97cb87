"""The last source: the student writes what is missing, relation by relation, and the store keeps it."""

import asyncio
import random
from collections.abc import AsyncGenerator

from distill.engines.decoding import Decoding
from distill.student.postprocess import GeneratedTails
from distill.student.student import StudentCard
from schemas.errors import CometgraphError
from schemas.infer import Question
from schemas.relations import Relation
from schemas.triples import NONE, Triple
from service.answering.caller import Caller
from service.answering.compose import PartialAnswer
from service.answering.keep import is_kept
from service.answering.questions import SOCIAL, decoding_for
from service.runtime.resources import Resources


async def write(
    event: str,
    question: Question,
    wanted: tuple[Relation, ...],
    *,
    is_known: bool,
    resources: Resources,
    caller: Caller,
) -> AsyncGenerator[PartialAnswer]:
    """What the student writes, relation by relation as it is done, and kept in the store where it may be."""
    runtime = resources.student
    assert runtime is not None
    try:
        caller.need_student()
        if not is_known:
            await resources.normalizer.check_plausible(event)
        decoding = decoding_for(question, resources.decoding)
        student = await runtime.ready(decoding.method)
        if question.relation:
            student.knows(wanted)
        else:
            wanted = tuple(relation for relation in wanted if relation in student.relations)
            student.knows(wanted or SOCIAL[:1])
        runtime.batcher_of(decoding.method).room_for(len(wanted))
    except CometgraphError as error:
        yield PartialAnswer("generated", error=error, relations=wanted)
        return
    draw = random.getrandbits(32)
    keeps = is_kept(question, caller, keeps=resources.keeps)
    writing = [
        asyncio.ensure_future(_write(event, r, question, decoding, draw, student, resources, keeps)) for r in wanted
    ]
    try:
        for done in asyncio.as_completed(writing):
            yield await done
    finally:
        for task in writing:
            task.cancel()


async def _write(
    event: str,
    relation: Relation,
    question: Question,
    decoding: Decoding,
    draw: int,
    student: StudentCard,
    resources: Resources,
    keeps: bool,
) -> PartialAnswer:
    runtime = resources.student
    assert runtime is not None
    try:
        written, seed = await runtime.write(event, relation, decoding, question.seed, draw)
    except CometgraphError as error:
        return PartialAnswer("generated", error=error, relations=(relation,))
    triples = _triples(event, relation, written, student.origin)
    part = PartialAnswer(
        "generated",
        [t for t in triples if t.tail != NONE],
        [] if written.applies else [relation],
        relations=(relation,),
        student=student,
        decoding=decoding,
        seed=seed,
    )
    if not keeps:
        return part
    try:
        if written.is_cut:
            part.skipped = f"keep {relation}: cut off at max_new_tokens={decoding.max_new_tokens}"
        else:
            await resources.keep(triples)
    except CometgraphError as error:
        part.skipped = f"keep: {error}"
    return part


def _triples(event: str, relation: Relation, written: GeneratedTails, origin: str) -> list[Triple]:
    if not written.applies:
        return [Triple(event, relation, NONE, origins=(origin,), log_prob=written.none_log_prob)]
    return [Triple(event, relation, t.text, origins=(origin,), log_prob=t.log_prob) for t in written.tails]
