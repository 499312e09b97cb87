"""Scores of the critic for the tails of a student."""

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.errors import CometgraphError
from schemas.models import Critic
from schemas.relations import Relation
from service.runtime.model_factories import CriticCard
from service.runtime.resources import Resources


@dataclass(frozen=True, slots=True)
class TailScores:
    """The score of each tail, None without a critic.

    critic: the critic behind the scores.
    error: the failure of the critic.
    """

    p_valid: Sequence[float | None]
    critic: CriticCard | None = None
    error: CometgraphError | None = None


async def score_tails(event: str, relation: Relation, tails: Sequence[str], resources: Resources) -> TailScores:
    """The critic's scores. No tails: no scores. Raises nothing: tails without a score are an answer, too."""
    nothing = [None] * len(tails)
    if resources.critic is None or not tails:
        return TailScores(nothing)
    try:
        p_valid, critic = await resources.critic.p_valid(event, relation, tails)
    except CometgraphError as error:
        return TailScores(nothing, error=error)
    return TailScores(p_valid, critic)


def critic_member(card: CriticCard | None) -> Critic | None:
    """A critic as a member of an answer."""
    return None if card is None else Critic(card.name, card.version)
