"""The last stage: a student learns the kept triples."""

from distill.run.config import Config
from distill.run.critic_stage import KEPT
from distill.run.place import Place
from distill.run.stage import Counts, Stage, digest, folder_for, rows
from schemas.progress import Progress
from schemas.relations import Relation
from schemas.triples import Triple

FOLDER = "student"


def train_student(config: Config, place: Place, progress: Progress) -> Counts:
    """Train the student, or resume its training. Returns the counts."""
    inputs = [config.student, digest(place.out / KEPT)]
    result = f"{FOLDER}/adapter" if config.student is None or config.student.rank else f"{FOLDER}/model"
    stage = Stage("student", place.out, (result,), inputs)
    return stage.counts(lambda: _train(config, place, stage.key, progress))


def _train(config: Config, place: Place, key: str, progress: Progress) -> Counts:
    from distill.student.splits import split_rows, validation_sample
    from distill.student.train import train

    assert config.student is not None
    triples = [
        Triple(row["head"], Relation(row["relation"]), row["tail"], split=row["split"])
        for row in rows(place.out / KEPT)
    ]
    training, validation = split_rows(triples)
    folder = folder_for(key, place.out / FOLDER)
    train(training, validation_sample(validation), folder, config.student, progress)
    return {"training": len(training), "validation": len(validation)}
