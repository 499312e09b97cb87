"""A loaded student: from events and relations to tails."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from distill.engines.decoding import Decoding, Method
from distill.engines.engine import Engine, GenerationJob, Placement, ScoredToken
from distill.student.files import StudentFiles, ct2_weights, find, merged_weights
from distill.student.postprocess import GeneratedTails, rank_tails
from distill.student.prompts import PromptForm
from distill.weights.convert import NotConvertible
from distill.weights.devices import device_of
from schemas.errors import BadInput, CometgraphError, Unavailable
from schemas.progress import Progress
from schemas.relations import Relation
from schemas.triples import STUDENT


@dataclass(frozen=True, slots=True)
class TailRequest:
    """One relation of one event. seed: for sampled tails."""

    event: str
    relation: Relation
    decoding: Decoding
    seed: int = 0


@dataclass(frozen=True, slots=True)
class StudentSpec:
    """A student and its engine.

    student: the bundled one by name, a folder, or a Hugging Face model id.
    prompt_form: a name in prompts.py. None: the student's own.
    device: cpu, cuda, cuda:N, or auto for a GPU if there is one.
    compute_type: int8, float32, bfloat16, or auto for int8 on a CPU and bfloat16 on a GPU.
    cache: see distill.weights.cache.
    threads: CPU threads.
    url: an OpenAI-compatible server in place of an engine here.
    url_model: the server's name of the model.
    url_key: the server's API key.
    url_timeout: seconds of a request to the server. None: no limit.
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
    """The description of a loaded student. placements: its engines by decoding method."""

    name: str
    version: str
    form: PromptForm
    relations: tuple[Relation, ...]
    placements: dict[Method, Placement]

    @property
    def origin(self) -> str:
        """The origin of its triples in a store."""
        return origin_of(self.name)

    def prompt(self, event: str, relation: Relation) -> str:
        """The model's input."""
        return self.form.write(event, relation)

    def knows(self, relations: Sequence[Relation]) -> None:
        """Raises BadInput for a relation outside its training."""
        for relation in relations:
            if relation not in self.relations:
                known = ", ".join(self.relations)
                raise BadInput.of("relation", relation.value, f"one that the student {self.name} has learnt: {known}")


def origin_of(name: str) -> str:
    """The origin of a student's triples in a store."""
    return STUDENT + name


@dataclass(slots=True)
class Student:
    """A loaded student. Calls block, and must not overlap."""

    card: StudentCard
    engines: dict[Method, Engine]
    scorer: Engine

    @property
    def out_of_memory(self) -> int:
        """The number of batches that were halved because the GPU was out of memory."""
        return sum({id(e): getattr(e, "out_of_memory", 0) for e in self.engines.values()}.values())

    def write(self, requests: Sequence[TailRequest]) -> list[GeneratedTails | CometgraphError]:
        """The tails of each request, or its error."""
        results: dict[int, GeneratedTails | CometgraphError] = {}
        for method, engine in self.engines.items():
            places = [n for n, request in enumerate(requests) if request.decoding.method == method]
            if places:
                results |= zip(places, self._generate(engine, [requests[n] for n in places]), strict=True)
        missing = Unavailable(f"the engines of this student know {', '.join(self.engines)} alone", None)
        return [results.get(n, missing) for n in range(len(requests))]

    def write_and_count(self, requests: Sequence[TailRequest]) -> tuple[list[GeneratedTails | CometgraphError], int]:
        """The same, and then `out_of_memory`."""
        return self.write(requests), self.out_of_memory

    def score(self, triples: Sequence[tuple[str, Relation, str]]) -> list[list[ScoredToken]]:
        """The tail's tokens of each (event, relation, tail), the end token included."""
        form = self.card.form
        return self.scorer.score([(form.write(e, r), form.before_tail + tail) for e, r, tail in triples])

    def close(self) -> None:
        """Free all engines."""
        for engine in {id(e): e for e in [*self.engines.values(), self.scorer]}.values():
            engine.close()

    def _generate(self, engine: Engine, requests: list[TailRequest]) -> list[GeneratedTails | CometgraphError]:
        jobs = [GenerationJob(self.card.prompt(r.event, r.relation), r.decoding, r.seed) for r in requests]
        stops = self.card.form.stops
        return [c if isinstance(c, CometgraphError) else rank_tails(c, stops) for c in engine.draft(jobs)]


def open_student(spec: StudentSpec, progress: Progress) -> Student:
    """Load a student. On a CPU its engine is CTranslate2, without sampling: see `open_sampler`.

    Raises BadInput for an unknown student and for a compute type that it cannot have here, BadFile for damaged files,
    Unavailable for a cache on a full disk.
    """
    files = find(spec.student, spec.prompt_form, spec.cache)
    if spec.url is not None:
        from distill.engines.openai_api import OpenAiEngine

        remote = OpenAiEngine(spec.url, spec.url_model or files.name, spec.url_key, files.form.stops, spec.url_timeout)
        return _student(files, {"greedy": remote, "beam": remote, "sample": remote})
    if _device(spec) == "cpu" and spec.compute_type != "bfloat16":
        try:
            return _on_cpu(files, spec, progress)
        except NotConvertible as error:
            if spec.compute_type == "int8":
                raise BadInput.of("compute_type", "int8", f"possible for this student: {error}") from error
            progress(f"torch takes the place of CTranslate2: {error}", 0, 0)
    engine = _torch(files, spec, progress)
    return _student(files, {"greedy": engine, "beam": engine, "sample": engine})


def open_sampler(spec: StudentSpec, progress: Progress) -> Student:
    """Load a student for sampling alone, beside CTranslate2. Imports torch. Raises as `open_student`."""
    files = find(spec.student, spec.prompt_form, spec.cache)
    return _student(files, {"sample": _torch(files, spec, progress)})


def _on_cpu(files: StudentFiles, spec: StudentSpec, progress: Progress) -> Student:
    from distill.engines.ctranslate2_cpu import Ct2Engine

    compute_type = "int8" if spec.compute_type == "auto" else spec.compute_type
    folder = ct2_weights(files, compute_type, progress)
    engine = Ct2Engine(folder, compute_type, spec.threads, files.form.stops, files.form.end)
    return _student(files, {"greedy": engine, "beam": engine})


def _torch(files: StudentFiles, spec: StudentSpec, progress: Progress) -> Engine:
    folder = merged_weights(files, progress)
    progress("loading torch", 0, 0)
    import torch

    from distill.engines.pytorch import TorchEngine
    from distill.weights.base_models import fast_dtype

    device = _device(spec)
    if device == "cpu":
        torch.set_num_threads(spec.threads)
    dtype = torch.float32 if spec.compute_type == "float32" else fast_dtype(device)
    if spec.compute_type == "bfloat16" and dtype != torch.bfloat16:
        message = "compute_type: this CPU has no bfloat16 arithmetic; use auto, int8 or float32"
        raise BadInput.of("compute_type", "bfloat16", "auto, int8 or float32", message)
    progress(f"loading the student in {str(dtype).removeprefix('torch.')} on {device}", 0, 0)
    return TorchEngine.load(folder, files.form.stops, files.form.end, device, dtype)


def _student(files: StudentFiles, engines: dict[Method, Engine]) -> Student:
    placements: dict[Method, Placement] = {method: engine.placement for method, engine in engines.items()}
    card = StudentCard(files.name, files.version, files.form, files.relations, placements)
    return Student(card, engines, next(iter(engines.values())))


def _device(spec: StudentSpec) -> str:
    """See `device_of`. Raises BadInput for int8 on a GPU, too."""
    device = device_of(spec.device)
    if device != "cpu" and spec.compute_type == "int8":
        message = "compute_type: int8 needs a CPU; use auto, bfloat16 or float32 on a GPU, or --device cpu"
        raise BadInput.of("compute_type", "int8", "auto, bfloat16 or float32", message)
    return device
