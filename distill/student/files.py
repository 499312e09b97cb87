"""A student's files: found, merged with its base, converted for CTranslate2, and kept in a cache.

CACHE/NAME-VERSION/merged/      weights and tokenizer as transformers reads them
CACHE/NAME-VERSION/ct2-int8/    the same for CTranslate2, with all that a start needs
"""

import json
import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from distill.engines.stop_tokens import ends_of
from distill.student.prompts import FORMS, PromptForm, form_named
from distill.weights.cache import is_whole, kept, version_of, whole_folders
from schemas.errors import BadFile, BadInput
from schemas.progress import Progress
from schemas.relations import Relation

IN_THE_BOX = "smollm2-135m-atomic"
_BOX = Path(__file__).parent / "pretrained"
_HUB_NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?")
COMET_DISTILL_RELATIONS = ("xAttr", "xEffect", "xIntent", "xNeed", "xReact", "xWant", "HinderedBy")
"""Those that the released COMET-distill was trained on."""


class NotConvertible(BadFile):
    """Weights of an architecture that CTranslate2 does not know."""


@dataclass(frozen=True, slots=True)
class StudentFiles:
    """Where a student is, what it is called, and how it is asked."""

    folder: Path
    name: str
    version: str
    form: PromptForm
    relations: tuple[Relation, ...]
    cache: Path

    @property
    def is_adapter(self) -> bool:
        """True where base weights are needed besides."""
        return (self.folder / "adapter_config.json").exists()

    @property
    def cache_dir(self) -> Path:
        """Its place in the cache."""
        return self.cache / f"{self.name}-{self.version}"


def find(student: str, prompt_form: str | None, cache: Path) -> StudentFiles:
    """The files of a student: the one in the box by name, a folder, or a hub's name. Raises BadInput, BadFile."""
    folder = _BOX / student if student == IN_THE_BOX else Path(student)
    if not folder.is_dir():
        folder = _from_hub(student)
    if not any((folder / name).exists() for name in ("config.json", "adapter_config.json")):
        raise BadInput.of("student", student, "a folder with a config.json or an adapter_config.json")
    about = _json(folder / "student.json") if (folder / "student.json").exists() else {}
    form = form_named(prompt_form or about.get("recipe", {}).get("prompt_form") or _recognised(folder, student))
    said = about.get("relations") or (COMET_DISTILL_RELATIONS if form.name == "comet-distill" else list(Relation))
    return StudentFiles(
        folder, _name(str(about.get("name") or student)), version_of(folder), form, tuple(map(Relation, said)), cache
    )


def is_here(student: str) -> bool:
    """True for what is a student of this machine or of none: no hub can have a name like that."""
    return student == IN_THE_BOX or Path(student).exists() or not _HUB_NAME.fullmatch(student)


def merged(files: StudentFiles, progress: Progress) -> Path:
    """The folder that transformers loads; an adapter is merged with its base on first use."""
    if not files.is_adapter:
        return files.folder
    return kept(files.cache_dir, "merged", partial(_merge, files), "the student", progress, full=(SafetensorError,))


def _merge(files: StudentFiles, folder: Path, progress: Progress) -> None:
    import torch

    from distill.training import lora
    from distill.weights.base_models import load_base

    progress("loading the base weights", 0, 3)
    base = load_base(str(_json(files.folder / "adapter_config.json").get("base_model_name_or_path")))
    progress("merging the adapter", 1, 3)
    base.model.to(torch.bfloat16).to(torch.float32)  # as the adapter saw it
    lora.merge(base.model, files.folder)
    progress("writing the merged weights", 2, 3)
    base.model.to(torch.float16)
    base.model.config.quantization_config = None
    state = base.model.state_dict()
    fresh = type(base.model)(_plain(base.model.config)).to(torch.float16)
    fresh.load_state_dict(state)
    fresh.save_pretrained(folder)
    base.tokenizer.save_pretrained(folder)


def converted(files: StudentFiles, compute_type: str, progress: Progress) -> Path:
    """The folder that CTranslate2 loads, made on first use. Raises BadFile where it cannot read the architecture."""
    name = f"ct2-{compute_type}"
    if not is_whole(files.cache_dir / name):
        fill = partial(_convert, files, merged(files, progress), compute_type)
        return kept(files.cache_dir, name, fill, "the student", progress, full=(SafetensorError,))
    return files.cache_dir / name


def _convert(files: StudentFiles, source: Path, compute_type: str, folder: Path, progress: Progress) -> None:
    import ctranslate2
    from transformers import AutoTokenizer

    progress("converting for CTranslate2", 0, 0)
    made = folder / "model"
    try:
        converter = ctranslate2.converters.TransformersConverter(str(source))
        converter.convert(str(made), quantization=compute_type, force=True)
        tokenizer = AutoTokenizer.from_pretrained(source)
        tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
    except Exception as error:  # transformers, safetensors and the converter raise of every kind
        if isinstance(error, OSError) and error.errno is not None:  # the disk's, not transformers' own
            raise
        reason = str(error).strip().partition("\n")[0]
        raise NotConvertible(str(source), f"not convertible for CTranslate2 ({reason})") from error
    config = _json(source / "config.json")
    for path in made.iterdir():
        path.rename(folder / path.name)
    made.rmdir()
    _name_all_tokens(folder / "config.json", tokenizer.eos_token)
    about = {
        "is_seq2seq": bool(config.get("is_encoder_decoder")),
        "end": ends_of(tokenizer, files.form.stops, files.form.end),
    }
    (folder / "student.json").write_text(json.dumps(about))


def _name_all_tokens(path: Path, end: str) -> None:
    """Name the end token where a tokenizer has no token for a purpose: CTranslate2 wants one for each."""
    config = _json(path)
    path.write_text(json.dumps({k: end if k.endswith("_token") and v is None else v for k, v in config.items()}))


def made(files: StudentFiles) -> list[tuple[str, int]]:
    """What was made from a student's files and is whole: name and size in bytes."""
    return whole_folders(files.cache_dir)


def _from_hub(name: str) -> Path:
    if is_here(name):
        raise BadInput.of("student", name, f"{IN_THE_BOX}, a folder that exists, or a hub's name")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, allow_patterns=["*.json", "*.safetensors", "*.bin", "*.txt", "*.model"]))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise BadInput.of(
            "student", name, f"{IN_THE_BOX}, a folder that exists, or a hub's name that can be reached ({reason})"
        ) from error


def _recognised(folder: Path, student: str) -> str:
    """The prompt form of a published checkpoint, from its architecture and vocabulary."""
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
    raise BadInput.of("prompt_form", None, f"needed for {student}, whose form is not known: " + ", ".join(FORMS))


def _name(student: str) -> str:
    return "".join(c if c.isalnum() or c in "-._" else "-" for c in Path(student).name) or "student"


def _json(path: Path) -> dict[str, Any]:
    try:
        said = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BadFile(str(path), f"no JSON that can be read ({error})") from error
    if not isinstance(said, dict):
        raise BadFile(str(path), "no JSON object")
    return said


def _plain(config: Any) -> Any:
    """The configuration without a word of the file that it came from."""
    said = {k: v for k, v in config.to_dict().items() if k not in ("quantization_config", "_name_or_path")}
    return type(config)(**said)
