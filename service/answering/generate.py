"""The last source: the student generates tails of the missing relations, and the store keeps them."""

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
from service.answering.privacy import is_kept
from service.answering.questions import SOCIAL, decoding_for
from service.runtime.resources import Resources


async def generate(
    event: str,
    question: Question,
    missing: tuple[Relation, ...],
    *,
    is_known: bool,
    resources: Resources,
    caller: Caller,
) -> AsyncGenerator[PartialAnswer]:
    """A partial answer for each missing relation, as it is done, stored if that is allowed. Or one error for all.

    is_known: the graph knows the event, so it need not be checked for plausibility.
    """
    runtime = resources.student
    assert runtime is not None
    try:
        caller.need_student()
        if not is_known:
            await resources.normalizer.check_plausible(event)
        decoding = decoding_for(question, resources.decoding)
        student = await runtime.ready(decoding.method)
        if question.relation:
            student.knows(missing)
        else:
            missing = tuple(relation for relation in missing if relation in student.relations)
            student.knows(missing or SOCIAL[:1])
        runtime.batcher_of(decoding.method).room_for(len(missing))
    except CometgraphError as error:
        yield PartialAnswer("generated", error=error, relations=missing)
        return
    draw = random.getrandbits(32)
    keeps = is_kept(question, caller, keeps=resources.keeps)
    tasks = [
        asyncio.create_task(_generate(event, relation, question, decoding, draw, student, resources, keeps))
        for relation in missing
    ]
    try:
        for part in asyncio.as_completed(tasks):
            yield await part
    finally:
        for task in tasks:
            task.cancel()


async def _generate(
    event: str,
    relation: Relation,
    question: Question,
    decoding: Decoding,
    draw: int,
    student: StudentCard,
    resources: Resources,
    keeps: bool,
) -> PartialAnswer:
    """The partial answer of one relation. draw: the seed of a question without one."""
    runtime = resources.student
    assert runtime is not None
    try:
        tails, seed = await runtime.write(event, relation, decoding, question.seed, draw)
    except CometgraphError as error:
        return PartialAnswer("generated", error=error, relations=(relation,))
    triples = _triples(event, relation, tails, student.origin)
    part = PartialAnswer(
        "generated",
        [t for t in triples if t.tail != NONE],
        [] if tails.applies else [relation],
        relations=(relation,),
        student=student,
        decoding=decoding,
        seed=seed,
    )
    if not keeps:
        return part
    try:
        if tails.is_cut:
            part.skipped = f"keep {relation}: cut off at max_new_tokens={decoding.max_new_tokens}"
        else:
            await resources.keep(triples)
    except CometgraphError as error:
        part.skipped = f"keep: {error}"
    return part


def _triples(event: str, relation: Relation, tails: GeneratedTails, origin: str) -> list[Triple]:
    if not tails.applies:
        return [Triple(event, relation, NONE, origins=(origin,), log_prob=tails.none_log_prob)]
    return [Triple(event, relation, t.text, origins=(origin,), log_prob=t.log_prob) for t in tails.tails]
