"""The version of a model: a digest of its files."""

import hashlib
from pathlib import Path

_WEIGHTS = frozenset({".safetensors", ".bin"})
_DESCRIPTIONS = frozenset(
    {
        "config.json",
        "tokenizer.json",
        "vocab.txt",
        "vocab.json",
        "merges.txt",
        "added_tokens.json",
        # embedders of sentence-transformers, adapters, students, judges, critics
        "modules.json",
        "sentence_bert_config.json",
        "adapter_config.json",
        "student.json",
        "judge.json",
        "critic.json",
    }
)


def version_of(folder: Path) -> str:
    """Twelve hexadecimal digits of a SHA-256 over the weights, the vocabulary and the configuration in a folder.

    All bytes count, so it takes a second for each gigabyte or two. Indexes and caches are named by it: a change of
    this rule makes them anew.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and (path.suffix in _WEIGHTS or path.name in _DESCRIPTIONS):
            digest.update(f"{path.relative_to(folder)} {path.stat().st_size}\n".encode())
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:12]
