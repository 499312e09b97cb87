"""The version of an embedder: a digest of its files."""

import hashlib
from pathlib import Path


def version_of(folder: Path) -> str:
    """Twelve hexadecimal digits that change with the files that decide what a vector is."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and (path.suffix in (".safetensors", ".bin") or path.name in _DECISIVE):
            digest.update(f"{path.relative_to(folder)} {path.stat().st_size}\n".encode())
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:12]


_DECISIVE = {"config.json", "modules.json", "tokenizer.json", "vocab.txt", "sentence_bert_config.json"}
