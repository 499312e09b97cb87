"""The critic's scores of stored triples, for `cometgraph distill score` and `cometgraph load --critic`.

The triples of a few events are scored and written at a time. So a run after a stop or a kill goes on where it ended.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from distill.critic import Population
from distill.critic.critic import Critic, open_critic
from graph.stores.protocol import Search, Store
from schemas.progress import Progress
from schemas.triples import Triple, is_generated, says_none
from service.runtime.specs import critic_spec_of
from service.settings import Settings

EVENTS = 32
"""Events at a time."""

Scope = Literal["unscored", "critics", "all"]
"""Triples without a score. With `critics` also those with a score of another critic, with `all` also those with a score
that came with a data set."""


@dataclass(frozen=True, slots=True)
class ScoreReport:
    """Counts of stored triples: triples = scored + replaced + present + left + none + changed.

    scored: had no score.
    replaced: had another score in the scope.
    present: have a score of this critic already.
    left: keep another score, outside the scope.
    none: have the tail `none`, so no score.
    changed: keep a score that another process wrote meanwhile.
    """

    triples: int
    scored: int
    replaced: int
    present: int
    left: int
    none: int
    changed: int

    @classmethod
    def of(cls, counts: Counter[str]) -> "ScoreReport":
        kinds = ("scored", "replaced", "present", "left", "none", "changed")
        return cls(counts.total(), *(counts[kind] for kind in kinds))

    def __str__(self) -> str:
        counts = asdict(self)
        if not self.changed:
            del counts["changed"]
        return "  ".join(f"{name} {count:,}" for name, count in counts.items())


def critic_of(settings: Settings, progress: Progress) -> Critic:
    """The critic of the settings, in this process. Raises BadInput, BadFile, Unavailable."""
    spec = critic_spec_of(settings)
    progress("loading the critic", 0, 0)
    return open_critic(spec.critic, spec.cache, spec.threads, progress)


async def score_stored(
    store: Store, critic: Critic, scope: Scope, progress: Progress, events: Collection[str] | None = None
) -> ScoreReport:
    """Score the stored triples of some events, None: of all. Raises StoreUnavailable."""
    total = (await store.stats()).events if events is None else len(events)
    counts: Counter[str] = Counter()
    done = 0
    async for page in _pages(store, events):
        progress("scoring", done, total)
        await _score(await store.triples(page), store, critic, scope, counts)
        done += len(page)
    progress("scoring", done, total)
    return ScoreReport.of(counts)


async def _pages(store: Store, events: Collection[str] | None) -> AsyncGenerator[Sequence[str]]:
    if events is not None:
        ordered = sorted(events)
        for start in range(0, len(ordered), EVENTS):
            yield ordered[start : start + EVENTS]
        return
    last = ""
    while page := await store.events(Search(EVENTS, after=last, generated=True)):
        yield page
        last = page[-1]


async def _score(triples: Sequence[Triple], store: Store, critic: Critic, scope: Scope, counts: Counter[str]) -> None:
    """Score and write some triples, and add to the counts of a report."""
    name = str(critic)
    groups: defaultdict[tuple[str, Population], list[Triple]] = defaultdict(list)
    for triple in triples:
        kind = _kind(triple, name, scope)
        if kind in ("scored", "replaced"):
            groups[kind, "student" if is_generated(triple) else "teacher"].append(triple)
        else:
            counts[kind] += 1
    for (kind, population), group in groups.items():
        texts = [(t.head, t.relation, t.tail) for t in group]
        p_valid = await asyncio.to_thread(critic.p_valid, texts, population)
        written = await store.set_scores(group, p_valid.tolist(), name)
        counts[kind] += written
        counts["changed"] += len(group) - written


def _kind(triple: Triple, critic: str, scope: Scope) -> str:
    """The count of a triple in the report."""
    if says_none(triple.tail):
        return "none"
    if triple.p_valid is None:
        return "scored"
    if triple.critic == critic:
        return "present"
    is_in_scope = scope == "all" or (scope == "critics" and triple.critic is not None)
    return "replaced" if is_in_scope else "left"
