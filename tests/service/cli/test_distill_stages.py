"""Commands of single stages: they find the run that `distill run` has begun with the same options."""

from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner

from distill.run.config import Config
from distill.run.place import Place
from schemas.errors import BadInput
from service.cli.distill import critic, student

OPTIONS = ["smoke", "--out", "out", "--log", "all.sqlite", "--teacher-url", "http://teacher/v1", "--teacher-model", "t"]


@pytest.mark.parametrize("module", [critic, student])
def test_a_stage_has_the_options_of_its_run(monkeypatch: pytest.MonkeyPatch, module: ModuleType) -> None:
    runs: list[tuple[Config, Place]] = []

    def run_to(_last: str, config: Config, place: Place) -> None:
        runs.append((config, place))

    monkeypatch.setattr(module, "run_to", run_to)
    name = module.__name__.rpartition(".")[2]
    result = CliRunner().invoke(getattr(module, name), OPTIONS)
    assert result.exit_code == 0, result.output
    [(config, place)] = runs
    assert (config.teacher.url, config.teacher.model) == ("http://teacher/v1", "t")
    assert (place.out, place.log) == (Path("out"), Path("all.sqlite"))


@pytest.mark.parametrize("module", [critic, student])
def test_an_option_of_a_training_is_refused_beside_a_configuration(module: ModuleType) -> None:
    name = module.__name__.rpartition(".")[2]
    result = CliRunner().invoke(getattr(module, name), [*OPTIONS, "--learning-rate", "0.1"])
    assert isinstance(result.exception, BadInput)
    assert result.exception.errors[0].field == "learning-rate"
