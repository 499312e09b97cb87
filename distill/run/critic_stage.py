"""The stages after the teacher: scored.jsonl by a critic, kept.jsonl by a threshold."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from distill import filter
from distill.critic.critic import Critic, open_critic
from distill.critic.labels import apart, read_labels
from distill.run.config import Config
from distill.run.place import Place
from distill.run.stage import Counts, Stage, digest, folder_for, line, rows, written
from distill.run.teacher_stages import INFERENCES, kept_inferences
from schemas.errors import BadFile
from schemas.progress import Progress
from schemas.triples import NONE

CRITIC = "critic/critic"
SCORED = "scored.jsonl"
KEPT = "kept.jsonl"


def write_scored(config: Config, place: Place, progress: Progress) -> Counts:
    """Train the critic, if the run has labels, and score the inferences. Returns the counts."""
    trained = _trained(config, place, progress) if config.critic.labels else None
    name = str(trained) if trained is not None else config.critic.name
    critic = open_critic(name, place.cache, place.threads, progress) if config.filter.uses_critic else None
    try:
        version = None if critic is None else f"{critic.name}@{critic.version}"
        inputs = [version, config.teacher.model, Path(str(filter.__file__)).read_text(), digest(place.out / INFERENCES)]
        stage = Stage("critic", place.out, (SCORED,), inputs)
        return stage.counts(lambda: _score(config, place, critic, version, stage.key, progress))
    finally:
        if critic is not None:
            critic.close()


def write_kept(config: Config, place: Place) -> Counts:
    """Write the rows that pass the threshold. Returns the counts."""
    inputs = [config.filter, digest(place.out / SCORED)]
    return Stage("filter", place.out, (KEPT,), inputs).counts(lambda: _keep(config, place))


def _trained(config: Config, place: Place, progress: Progress) -> Path:
    """The folder of the run's own critic."""
    files = [Path(file) for file in config.critic.labels]
    stage = Stage("critic_training", place.out, (CRITIC,), [config.critic.recipe, *map(_digest, files)])
    stage.counts(lambda: _train(files, config, place, stage.key, progress))
    return place.out / CRITIC


def _train(files: Sequence[Path], config: Config, place: Place, key: str, progress: Progress) -> Counts:
    from distill.critic.report import describe  # imports torch
    from distill.critic.train import train

    training, dev, test = apart(example for file in files for example in read_labels(file))
    train(training, dev, folder_for(key, (place.out / CRITIC).parent), config.critic.recipe, "cpu", progress)
    describe(place.out / CRITIC, training, dev, test, "cpu", progress)
    return {"training": len(training), "dev": len(dev), "test": len(test)}


def _digest(file: Path) -> str:
    try:
        return digest(file)
    except OSError as error:
        raise BadFile(str(file), f"not readable ({error.strerror})") from error


def _score(
    config: Config, place: Place, critic: Critic | None, version: str | None, key: str, progress: Progress
) -> Counts:
    part = place.out / f"{SCORED}.{key}"
    for other in place.out.glob(f"{SCORED}.*"):
        if other != part:
            other.unlink()
    filter.score(kept_inferences(place.out), critic, config.teacher.model, part, progress)
    part.replace(place.out / SCORED)
    values = [row["p_valid_model"] for row in rows(place.out / SCORED)]
    scores = [value for value in values if value is not None]
    return {
        "critic": version,
        "rows": len(values),
        "scored": len(scores),
        "mean_p_valid": round(sum(scores) / len(scores), 4) if scores else None,
    }


def _keep(config: Config, place: Place) -> Counts:
    counts: Counter[str] = Counter()
    with written(place.out / KEPT) as file:
        for row in rows(place.out / SCORED):
            passes = filter.is_kept(row, config.filter.recall, config.filter.p_valid)
            counts["kept" if passes else "below"] += 1
            counts["not_applicable"] += passes and row["tail"] == NONE
            if passes:
                file.write(line(row))
    return {"kept": counts["kept"], "below": counts["below"], "not_applicable": counts["not_applicable"]}
