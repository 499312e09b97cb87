"""A student ready to write: its files, its engines, and the way from an event and a relation to tails."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from distill.decoding import Decoding, Method
from distill.engine import Engine, Job, Placement, ScoredToken
from distill.files import StudentFiles, converted, find, merged
from distill.prompts import PromptForm
from distill.tails import Written
from distill.tails import merged as merged_tails
from schemas.errors import BadFile, BadInput, CometgraphError, Unavailable
from schemas.relations import Relation
from schemas.triples import STUDENT

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Ask:
    """One relation of one event. The seed counts where tails are sampled."""

    event: str
    relation: Relation
    decoding: Decoding
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Spec:
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


@dataclass(slots=True)
class Comet:
    """What answers live. `write` and `score` block; one thread at a time."""

    name: str
    version: str
    form: PromptForm
    relations: tuple[Relation, ...]
    engines: dict[Method, Engine]
    scorer: Engine
    sampler_failed: str = ""
    _rest: Callable[[], Engine] | None = field(default=None, repr=False)

    @staticmethod
    def origin_of(name: str) -> str:
        """How the triples of a student are labelled in a store."""
        return STUDENT + name

    @property
    def origin(self) -> str:
        """How its triples are labelled in a store."""
        return self.origin_of(self.name)

    @property
    def placements(self) -> list[Placement]:
        """Where its engines compute, each once."""
        return list(dict.fromkeys(engine.placement for engine in [*self.engines.values(), self.scorer]))

    @property
    def out_of_memory(self) -> int:
        """How often a batch was too large for a GPU's memory and went on in halves."""
        return sum({id(e): getattr(e, "out_of_memory", 0) for e in self.engines.values()}.values())

    def prompt(self, event: str, relation: Relation) -> str:
        """What the model reads."""
        return self.form.write(event, relation)

    def knows(self, relations: Sequence[Relation]) -> None:
        """Raises BadInput for a relation that it was never taught."""
        for relation in relations:
            if relation not in self.relations:
                known = ", ".join(self.relations)
                raise BadInput.of("relation", relation.value, f"one that the student {self.name} has learnt: {known}")

    def load_rest(self) -> None:
        """Load what is not needed for a first answer: what samples."""
        if self._rest is not None:
            self.engines["sample"] = self._rest()
            self._rest = None

    def write(self, asks: Sequence[Ask]) -> list[Written | CometgraphError]:
        """Tails for each, or what went wrong with it."""
        results: dict[int, Written | CometgraphError] = {}
        for method in ("greedy", "beam", "sample"):
            places = [n for n, ask in enumerate(asks) if ask.decoding.method == method]
            if places:
                results |= zip(places, self._written(method, [asks[n] for n in places]), strict=True)
        return [results[n] for n in range(len(asks))]

    def score(self, triples: Sequence[tuple[str, Relation, str]]) -> list[list[ScoredToken]]:
        """Of each (event, relation, tail) the tail's tokens with their log-probabilities, its end included."""
        return self.scorer.score([(self.prompt(e, r), self.form.before_tail + tail) for e, r, tail in triples])

    def close(self) -> None:
        """Let go of all engines."""
        for engine in {id(e): e for e in [*self.engines.values(), self.scorer]}.values():
            engine.close()

    def _written(self, method: Method, asks: list[Ask]) -> list[Written | CometgraphError]:
        engine = self.engines.get(method)
        if engine is None and self.sampler_failed:
            return [Unavailable(f"the student cannot sample: {self.sampler_failed}", 60)] * len(asks)
        if engine is None:
            return [Unavailable("what samples is being loaded", 5)] * len(asks)
        drafted = engine.draft([Job(self.prompt(a.event, a.relation), a.decoding, a.seed) for a in asks])
        return [d if isinstance(d, CometgraphError) else merged_tails(d, self.form.stops) for d in drafted]


def open_comet(spec: Spec, progress: Progress) -> Comet:
    """Load a student so that it can answer; `load_rest` then completes it.

    Raises BadInput, BadFile for what is no student, Unavailable where it cannot be prepared here.
    """
    files = find(spec.student, spec.prompt_form, spec.cache)
    if spec.url is not None:
        from distill.openai_engine import OpenAiEngine

        remote = OpenAiEngine(spec.url, spec.url_model or files.name, spec.url_key, files.form, spec.url_timeout)
        return _comet(files, {"greedy": remote, "beam": remote, "sample": remote}, remote)
    if _device(spec.device) == "cpu" and spec.compute_type != "bfloat16":
        try:
            return _on_cpu(files, spec, progress)
        except BadFile as error:
            if "not convertible" not in str(error):
                raise
    engine = _torch(files, spec, progress)
    return _comet(files, {"greedy": engine, "beam": engine, "sample": engine}, engine)


def _on_cpu(files: StudentFiles, spec: Spec, progress: Progress) -> Comet:
    from distill.ct2_engine import Ct2Engine

    compute_type = "int8" if spec.compute_type == "auto" else spec.compute_type
    engine = Ct2Engine(converted(files, compute_type, progress), compute_type, spec.threads)
    return _comet(files, {"greedy": engine, "beam": engine}, engine, lambda: _torch(files, spec, progress))


def _torch(files: StudentFiles, spec: Spec, progress: Progress) -> Engine:
    folder = merged(files, progress)
    import torch

    from distill.torch_engine import TorchEngine
    from distill.weights import training_dtype

    device = _device(spec.device)
    if device == "cpu":
        torch.set_num_threads(spec.threads)
    dtype = torch.float32 if spec.compute_type == "float32" else training_dtype()
    return TorchEngine.load(folder, files.form, device, dtype)


def _comet(
    files: StudentFiles, engines: dict[Method, Engine], scorer: Engine, rest: Callable[[], Engine] | None = None
) -> Comet:
    return Comet(files.name, files.version, files.form, files.relations, engines, scorer, _rest=rest)


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
