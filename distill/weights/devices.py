"""Devices by name."""

from pathlib import Path

from schemas.errors import BadInput


def device_of(name: str) -> str:
    """The device: cpu, cuda or cuda:N.

    name: one of these, or auto for a GPU if there is one.
    Raises BadInput for a GPU out of reach of torch.
    """
    if name == "cpu":
        return "cpu"
    if name == "auto" and not any(Path("/dev").glob("nvidia[0-9]*")):  # the import of torch takes seconds
        return "cpu"
    if name != "auto" and not name.startswith("cuda"):
        raise BadInput.of("device", name, "auto, cpu, cuda or cuda:N")
    import torch

    if torch.cuda.is_available():
        return "cuda" if name == "auto" else name
    if name == "auto":
        return "cpu"
    raise BadInput.of("device", name, "cpu or auto", "device: torch finds no GPU here; use cpu or auto")
