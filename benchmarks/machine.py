"""The machine and the libraries that a measurement was made with."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

_LIBRARIES = ("cometgraph", "ladybug", "pyarrow", "numpy", "orjson", "fastapi", "starlette", "uvicorn", "uvloop",
              "httptools", "pydantic", "neo4j", "ctranslate2", "usearch")  # fmt: skip


def describe() -> dict[str, Any]:
    """What somebody else needs to know to compare figures; nothing that tells whose machine it is."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in _LIBRARIES},
    }


def _cpu() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
