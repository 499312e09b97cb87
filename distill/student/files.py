"""A student's files: located, merged with the base, converted for CTranslate2, and cached.

CACHE/NAME-VERSION/merged/      weights and tokenizer for transformers
CACHE/NAME-VERSION/ct2-int8/    weights, tokenizer and student.json for CTranslate2
"""

import json
import re
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from distill.student.prompts import FORMS, PromptForm, form_named
from distill.weights.cache import cached, whole_folders
from distill.weights.convert import convert_generator
from distill.weights.version import version_of
from schemas.errors import BadFile, BadInput
from schemas.progress import Progress
from schemas.relations import ATOMIC_2020, RELATIONS, Relation

BUNDLED = "smollm2-135m-atomic"
_PRETRAINED = Path(__file__).parent / "pretrained"
_MODEL_ID = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?")
COMET_DISTILL_RELATIONS = tuple(
    map(Relation, ["xAttr", "xEffect", "xIntent", "xNeed", "xReact", "xWant", "HinderedBy"])
)
"""The training relations of the released COMET-distill."""


@dataclass(frozen=True)
class StudentFiles:
    """A student's folder and description.

    form: its prompt form.
    relations: its training relations.
    cache: see distill.weights.cache.
    """

    folder: Path
    name: str
    form: PromptForm
    relations: tuple[Relation, ...]
    cache: Path

    @cached_property
    def version(self) -> str:
        """See `version_of`. Computed at its first use: it reads all weights."""
        return version_of(self.folder)

    @property
    def is_adapter(self) -> bool:
        """True for an adapter, which needs the weights of its base."""
        return (self.folder / "adapter_config.json").exists()

    @property
    def cache_dir(self) -> Path:
        """Its part of the cache."""
        return self.cache / f"{self.name}-{self.version}"


def find(student: str, prompt_form: str | None, cache: Path) -> StudentFiles:
    """Locate a student. A Hugging Face model is downloaded.

    student: the bundled one by name, a folder, or a Hugging Face model id.
    prompt_form: a name in prompts.py. None: the student's own.
    cache: see distill.weights.cache.
    Raises BadInput for an unknown student, BadFile for a damaged description.
    """
    folder = _PRETRAINED / student if student == BUNDLED else Path(student)
    if not folder.is_dir():
        folder = _from_hub(student)
    if not any((folder / name).exists() for name in ("config.json", "adapter_config.json")):
        raise BadInput.of("student", student, "a folder with a config.json or an adapter_config.json")
    about = _described(folder / "student.json")
    form = form_named(prompt_form or about.prompt_form or _detect_form(folder, student))
    relations = about.relations or (COMET_DISTILL_RELATIONS if form.name == "comet-distill" else ATOMIC_2020)
    return StudentFiles(folder, _file_name(about.name or student), form, relations, cache)


@dataclass(frozen=True, slots=True)
class _Description:
    """What a student.json says, without one nothing."""

    name: str = ""
    prompt_form: str | None = None
    relations: tuple[Relation, ...] = ()


def _described(path: Path) -> _Description:
    if not path.exists():
        return _Description()
    about = _json(path)
    try:
        form = about.get("recipe", {}).get("prompt_form")
        names = tuple(map(str, about.get("relations") or ()))
    except (AttributeError, TypeError) as error:
        raise BadFile(str(path), f"no description of a student ({error})") from error
    if unknown := [name for name in names if name not in RELATIONS]:
        raise BadFile(str(path), f"relations: {', '.join(unknown)} without a file in COMETGRAPH_RELATIONS")
    return _Description(str(about.get("name") or ""), form, tuple(map(Relation, names)))


def is_here(student: str) -> bool:
    """False for a possible Hugging Face model id, unless it is also the name of a local folder."""
    return student == BUNDLED or Path(student).exists() or not _MODEL_ID.fullmatch(student)


def merged_weights(files: StudentFiles, progress: Progress) -> Path:
    """The folder for transformers. An adapter is merged with its base at first use."""
    if not files.is_adapter:
        return files.folder
    return cached(files.cache_dir, "merged", partial(_merge, files), "the student", progress)


def _merge(files: StudentFiles, folder: Path, progress: Progress) -> None:
    import torch

    from distill.training import lora
    from distill.weights.base_models import load_base, save_plain

    progress("loading the base weights", 0, 3)
    base = load_base(str(_json(files.folder / "adapter_config.json").get("base_model_name_or_path")))
    progress("merging the adapter", 1, 3)
    model = base.model
    model.to(torch.bfloat16).to(torch.float32)  # the precision of training
    lora.merge(model, files.folder)
    progress("writing the merged weights", 2, 3)
    if model.get_input_embeddings().weight is not model.get_output_embeddings().weight:
        model.config.tie_word_embeddings = False  # an adapter may have its own output layer
    save_plain(model, base.tokenizer, folder)


def ct2_weights(files: StudentFiles, compute_type: str, progress: Progress) -> Path:
    """The folder for CTranslate2, written at first use. Raises NotConvertible for an unknown architecture."""
    fill = partial(_convert, merged_weights(files, progress), compute_type)
    return cached(files.cache_dir, f"ct2-{compute_type}", fill, "the student", progress)


def _convert(source: Path, compute_type: str, folder: Path, progress: Progress) -> None:
    progress("converting for CTranslate2", 0, 0)
    end = convert_generator(source, folder, compute_type)
    is_seq2seq = bool(_json(source / "config.json").get("is_encoder_decoder"))
    (folder / "student.json").write_text(json.dumps({"is_seq2seq": is_seq2seq, "eos": end}))


def cached_weights(files: StudentFiles) -> list[tuple[str, int]]:
    """The complete folders in a student's part of the cache: name and size in bytes."""
    return whole_folders(files.cache_dir)


def _from_hub(model_id: str) -> Path:
    allowed = f"{BUNDLED}, a folder that exists, or a Hugging Face model id"
    if is_here(model_id):
        raise BadInput.of("student", model_id, allowed)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(
            snapshot_download(model_id, allow_patterns=["*.json", "*.safetensors", "*.bin", "*.txt", "*.model"])
        )
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise BadInput.of("student", model_id, f"{allowed} that can be downloaded ({reason})") from error


def _detect_form(folder: Path, student: str) -> str:
    """The prompt form of a published checkpoint, from its architecture and vocabulary. Raises BadInput."""
    if (folder / "config.json").exists() and _json(folder / "config.json").get("is_encoder_decoder"):
        return "comet-2020"
    words = "".join(
        (folder / name).read_text("utf-8", "replace")
        for name in ("added_tokens.json", "special_tokens_map.json", "tokenizer_config.json", "tokenizer.json")
        if (folder / name).exists()
    )
    if "</head>" in words:
        return "comet-distill"
    if "[GEN]" in words:
        return "comet-2020"
    raise BadInput.of("prompt_form", None, f"required, since {student} has no known form: " + ", ".join(FORMS))


def _file_name(student: str) -> str:
    return "".join(c if c.isalnum() or c in "-._" else "-" for c in Path(student).name) or "student"


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BadFile(str(path), f"no readable JSON ({error})") from error
    if not isinstance(content, dict):
        raise BadFile(str(path), "no JSON object")
    return content
