"""A student ready to write: its files, its engines, and the way from an event and a relation to tails."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from distill.engines.decoding import Decoding, Method
from distill.engines.engine import Engine, GenerationJob, Placement, ScoredToken
from distill.student.files import NotConvertible, StudentFiles, converted, find, merged
from distill.student.postprocess import GeneratedTails
from distill.student.postprocess import merged as merged_tails
from distill.student.prompts import PromptForm
from schemas.errors import BadInput, CometgraphError, Unavailable
from schemas.progress import Progress
from schemas.relations import Relation
from schemas.triples import STUDENT


@dataclass(frozen=True, slots=True)
class TailRequest:
    """One relation of one event. The seed counts where tails are sampled."""

    event: str
    relation: Relation
    decoding: Decoding
    seed: int = 0


@dataclass(frozen=True, slots=True)
class StudentSpec:
    """Which student, and where it computes.

    student: the one in the box by name, a folder, or a hub's name. device: cpu, cuda, or auto for a GPU where there is
    one. compute_type: int8, float32, bfloat16, or auto. url: an OpenAI-compatible server that generates instead, and
    the name it knows the model by.
    """

    student: str
    prompt_form: str | None
    device: str
    compute_type: str
    cache: Path
    threads: int
    url: str | None = None
    url_model: str | None = None
    url_key: str = ""
    url_timeout: float | None = 30.0


@dataclass(frozen=True, slots=True)
class StudentCard:
    """What one knows of a student without its model: how it is asked, and where it computes by which method."""

    name: str
    version: str
    form: PromptForm
    relations: tuple[Relation, ...]
    placements: dict[Method, Placement]

    @property
    def origin(self) -> str:
        """How its triples are labelled in a store."""
        return origin_of(self.name)

    def prompt(self, event: str, relation: Relation) -> str:
        """What the model reads."""
        return self.form.write(event, relation)

    def knows(self, relations: Sequence[Relation]) -> None:
        """Raises BadInput for a relation that it was never taught."""
        for relation in relations:
            if relation not in self.relations:
                known = ", ".join(self.relations)
                raise BadInput.of("relation", relation.value, f"one that the student {self.name} has learnt: {known}")


def origin_of(name: str) -> str:
    """How the triples of a student are labelled in a store."""
    return STUDENT + name


@dataclass(slots=True)
class Student:
    """A student that answers. `write` and `score` block; one thread at a time."""

    card: StudentCard
    engines: dict[Method, Engine]
    scorer: Engine

    @property
    def out_of_memory(self) -> int:
        """How often a batch was too large for a GPU's memory and went on in halves."""
        return sum({id(e): getattr(e, "out_of_memory", 0) for e in self.engines.values()}.values())

    def write(self, asks: Sequence[TailRequest]) -> list[GeneratedTails | CometgraphError]:
        """Tails for each, or what went wrong with it."""
        results: dict[int, GeneratedTails | CometgraphError] = {}
        for method, engine in self.engines.items():
            places = [n for n, ask in enumerate(asks) if ask.decoding.method == method]
            if places:
                results |= zip(places, self._written(engine, [asks[n] for n in places]), strict=True)
        missing = Unavailable(f"these engines of the student know {', '.join(self.engines)} only", None)
        return [results.get(n, missing) for n in range(len(asks))]

    def write_and_count(self, asks: Sequence[TailRequest]) -> tuple[list[GeneratedTails | CometgraphError], int]:
        """The same, and `out_of_memory` after it."""
        return self.write(asks), self.out_of_memory

    def score(self, triples: Sequence[tuple[str, Relation, str]]) -> list[list[ScoredToken]]:
        """Of each (event, relation, tail) the tail's tokens with their log-probabilities, its end included."""
        form = self.card.form
        return self.scorer.score([(form.write(e, r), form.before_tail + tail) for e, r, tail in triples])

    def close(self) -> None:
        """Let go of all engines."""
        for engine in {id(e): e for e in [*self.engines.values(), self.scorer]}.values():
            engine.close()

    def _written(self, engine: Engine, asks: list[TailRequest]) -> list[GeneratedTails | CometgraphError]:
        drafted = engine.draft([GenerationJob(self.card.prompt(a.event, a.relation), a.decoding, a.seed) for a in asks])
        return [d if isinstance(d, CometgraphError) else merged_tails(d, self.card.form.stops) for d in drafted]


def open_student(spec: StudentSpec, progress: Progress) -> Student:
    """Load a student. On a CPU, CTranslate2 searches, and `open_sampler` makes what samples.

    Raises BadInput, BadFile for what is no student, Unavailable where it cannot be prepared here.
    """
    files = find(spec.student, spec.prompt_form, spec.cache)
    if spec.url is not None:
        from distill.engines.openai_api import OpenAiEngine

        remote = OpenAiEngine(spec.url, spec.url_model or files.name, spec.url_key, files.form.stops, spec.url_timeout)
        return _comet(files, {"greedy": remote, "beam": remote, "sample": remote})
    if _device(spec.device) == "cpu" and spec.compute_type != "bfloat16":
        try:
            return _on_cpu(files, spec, progress)
        except NotConvertible:
            pass
    engine = _torch(files, spec, progress)
    return _comet(files, {"greedy": engine, "beam": engine, "sample": engine})


def open_sampler(spec: StudentSpec, progress: Progress) -> Student:
    """The part of a student that samples, where CTranslate2 does the rest. Imports torch. Raises as `open_student`."""
    files = find(spec.student, spec.prompt_form, spec.cache)
    return _comet(files, {"sample": _torch(files, spec, progress)})


def _on_cpu(files: StudentFiles, spec: StudentSpec, progress: Progress) -> Student:
    from distill.engines.ctranslate2_cpu import Ct2Engine

    compute_type = "int8" if spec.compute_type == "auto" else spec.compute_type
    merged(files, progress)  # what samples needs it at its first question, which should not wait for that
    engine = Ct2Engine(converted(files, compute_type, progress), compute_type, spec.threads)
    return _comet(files, {"greedy": engine, "beam": engine})


def _torch(files: StudentFiles, spec: StudentSpec, progress: Progress) -> Engine:
    folder = merged(files, progress)
    progress("loading torch", 0, 0)
    import torch

    from distill.engines.pytorch import TorchEngine
    from distill.weights.base_models import training_dtype

    device = _device(spec.device)
    if device == "cpu":
        torch.set_num_threads(spec.threads)
    dtype = torch.float32 if spec.compute_type == "float32" else training_dtype()
    return TorchEngine.load(folder, files.form.stops, files.form.end, device, dtype)


def _comet(files: StudentFiles, engines: dict[Method, Engine]) -> Student:
    placements: dict[Method, Placement] = {method: engine.placement for method, engine in engines.items()}
    card = StudentCard(files.name, files.version, files.form, files.relations, placements)
    return Student(card, engines, next(iter(engines.values())))


def _device(wanted: str) -> str:
    """The device that is meant. Raises BadInput for a GPU that is not there."""
    if wanted == "cpu":
        return wanted

    # Asking torch costs seconds, so a machine without the driver's device file is not asked.
    if wanted == "auto" and not any(Path("/dev").glob("nvidia[0-9]*")):
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda" if wanted == "auto" else wanted
    if wanted == "auto":
        return "cpu"
    raise BadInput.of("device", wanted, "cpu or auto: no GPU is here that torch can use")
