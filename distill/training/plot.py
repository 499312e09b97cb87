"""The loss of a training run, drawn from its log."""

import json
from pathlib import Path


def plot(log: Path, target: Path) -> None:
    """Draw training and validation loss over steps as SVG."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    lines = [json.loads(line) for line in log.read_text().splitlines()]
    training = [(line["step"], line["loss"]) for line in lines if "loss" in line]
    validation = [(line["step"], line["validation_loss"]) for line in lines if "validation_loss" in line]
    with mpl.rc_context({"svg.hashsalt": "cometgraph", "svg.fonttype": "none"}):
        figure = Figure(figsize=(7, 3.5), layout="constrained")
        axes = figure.subplots()
        axes.plot(*zip(*training, strict=True), color="#b0bec5", linewidth=0.8, label="training, each batch")
        axes.plot(*zip(*validation, strict=True), color="#c62828", marker="o", markersize=3, label="validation")
        axes.set_xlabel("step")
        axes.set_ylabel("loss, nats a token")
        # A loss is positive: the margin below a high first one is not.
        axes.set_ylim(bottom=max(0.0, axes.get_ylim()[0]), top=min(max(loss for _, loss in training), 5.0))
        axes.legend(frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
        figure.savefig(target, format="svg", metadata={"Date": None})
