"""The critic's speed: in batches, the way of West et al. (2022), and what it adds to a live answer."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from distill.critic import BUNDLED
from distill.critic import critic as critic_module
from distill.critic.critic import Critic
from distill.critic.inputs import named, unnamed
from distill.critic.labels import read_labels
from schemas.relations import RELATIONS

OWN = Path(critic_module.__file__).parent / "data" / "labels.tsv"
PASSES = 5
"""Of the authors over each triple, with different names."""
Triples = Sequence[tuple[str, Any, str]]


def measure(critic: Critic, name: str) -> dict[str, float]:
    """Triples a second, and milliseconds. name: of the critic, or its folder."""
    examples = [e for e in read_labels(OWN) if e.split == "test" and e.population == "student"]
    triples = [(e.head, e.relation, e.tail) for e in examples]
    tails = [tail for _, _, tail in triples[:10]]
    social = [relation for relation, info in RELATIONS.items() if info.group == "social"][:9]
    ten = [[(head, relation, tail) for tail in tails] for head, relation, _ in triples[10:40]]
    ninety = [[(head, r, tail) for r in social for tail in tails] for head, _, _ in triples[40:50]]
    critic.p_valid(triples[:50])
    return {
        "triples a second": round(200 / _seconds(lambda: critic.p_valid(triples[:200])), 1),
        "triples a second, the authors' way": round(_authors_way(name, triples[:10]), 2),
        "ten tails of a relation, p50 ms": _median(critic, ten),
        "nine relations of ten tails, p50 ms": _median(critic, ninety),
    }


def _median(critic: Critic, answers: Sequence[Triples]) -> float:
    return round(1000 * float(np.median([_seconds(partial(critic.p_valid, triples)) for triples in answers])), 1)


def _authors_way(name: str, triples: Triples) -> float:
    """Triples a second with five passes under different names, one triple at a time, in torch's float32."""
    import torch

    from distill.critic.model import restore_model

    folder = Path(critic_module.__file__).parent / "pretrained" / name if name == BUNDLED else Path(name)
    model = restore_model(folder, orjson.loads((folder / "critic.json").read_bytes())["recipe"]["base"], "cpu")
    model.module.eval()
    torch.set_num_threads(2)

    def passes() -> None:
        with torch.no_grad():
            for triple in triples:
                for seed in range(PASSES):
                    model.logits([named(*unnamed(*triple), seed)])

    passes()
    return len(triples) / _seconds(passes)


def _seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
