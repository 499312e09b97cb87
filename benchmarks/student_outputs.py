"""What our student writes for the prompts of the quality benchmark: the one that a service would run here."""

from collections.abc import Sequence
from typing import Any

from rich.progress import track

from distill.engines.decoding import decoding_of
from distill.student.student import TailRequest, open_sampler, open_student
from schemas.errors import CometgraphError
from schemas.events import canonical
from schemas.progress import silent
from schemas.relations import Relation
from schemas.triples import NONE
from service.runtime.specs import student_spec_of
from service.settings import load_settings

AT_ONCE = 64


def write_outputs(prompts: Sequence[tuple[str, str]], decoding: str) -> list[dict[str, Any]]:
    """Tails of each (head, relation) by a preset, best first, in the order of the prompts; seeds count up from 0.

    Where the student says that a relation does not apply, that is its one output: none.
    """
    chosen = decoding_of(decoding)
    opened = open_sampler if chosen.method == "sample" else open_student
    comet = opened(student_spec_of(load_settings({})), silent)
    asks = [TailRequest(canonical(head), Relation(relation), chosen, n) for n, (head, relation) in enumerate(prompts)]
    written = [one for n in track(range(0, len(asks), AT_ONCE), decoding) for one in comet.write(asks[n : n + AT_ONCE])]
    comet.close()
    outputs: list[dict[str, Any]] = []
    for (head, relation), one in zip(prompts, written, strict=True):
        if isinstance(one, CometgraphError):
            raise one
        texts = [tail.text for tail in one.tails] if one.applies else [NONE]
        best = texts[0] if texts else None
        outputs.append({"head": head, "relation": relation, "greedy": best, "generations": texts})
    return outputs
