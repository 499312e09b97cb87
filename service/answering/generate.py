"""The last source: the student generates tails of missing relations. The critic scores them, the store keeps them."""

import asyncio
import random
from collections.abc import AsyncGenerator

from distill.engines.decoding import Decoding
from distill.student.postprocess import GeneratedTails
from distill.student.student import StudentCard
from schemas.errors import CometgraphError
from schemas.infer import Question
from schemas.relations import Relation
from schemas.triples import NONE, Triple, sort_key
from service.answering.caller import Caller
from service.answering.compose import PartialAnswer
from service.answering.privacy import is_kept
from service.answering.questions import SOCIAL, decoding_for
from service.answering.tail_scores import TailScores, score_tails
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
        if question.min_p_valid is not None:
            assert resources.critic is not None
            await resources.critic.model.ready()  # without scores, every tail would be left out
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
    scores = await score_tails(event, relation, [tail.text for tail in tails.tails], resources)
    triples = _triples(event, relation, tails, student.origin, scores)
    part = PartialAnswer(
        "generated",
        _shown(triples, question),
        [] if tails.applies else [relation],
        relations=(relation,),
        student=student,
        decoding=decoding,
        seed=seed,
        critic=scores.critic,
    )
    if keeps:
        part.skipped += await _keep(relation, triples, tails, decoding, resources)
    if scores.error is None:
        return part
    if question.min_p_valid is not None:  # without scores, every tail is left out
        return PartialAnswer("generated", error=scores.error, relations=(relation,), skipped=part.skipped)
    part.skipped.append(f"critic: {scores.error}")
    return part


async def _keep(
    relation: Relation, triples: list[Triple], tails: GeneratedTails, decoding: Decoding, resources: Resources
) -> list[str]:
    """Store generated triples. Returns the reason if they are not stored."""
    if tails.is_cut:
        return [f"keep {relation}: cut off at max_new_tokens={decoding.max_new_tokens}"]
    try:
        await resources.keep(triples)
    except CometgraphError as error:
        return [f"keep: {error}"]
    return []


def _shown(triples: list[Triple], question: Question) -> list[Triple]:
    """The inferences of an answer, in its order. Those below min_p_valid are stored, but left out."""
    minimum = question.min_p_valid
    shown = [
        t for t in triples if t.tail != NONE and (minimum is None or (t.p_valid is not None and t.p_valid >= minimum))
    ]
    return sorted(shown, key=sort_key(question.order))


def _triples(event: str, relation: Relation, tails: GeneratedTails, origin: str, scores: TailScores) -> list[Triple]:
    if not tails.applies:
        return [Triple(event, relation, NONE, origins=(origin,), log_prob=tails.none_log_prob)]
    critic = None if scores.critic is None else str(scores.critic)
    return [
        Triple(event, relation, t.text, origins=(origin,), log_prob=t.log_prob, p_valid=p_valid, critic=critic)
        for t, p_valid in zip(tails.tails, scores.p_valid, strict=True)
    ]
