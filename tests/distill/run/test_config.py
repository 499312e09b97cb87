"""Configurations of runs."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from distill.events import event_calls
from distill.run.config import Config
from distill.run.place import Place
from distill.run.plan import plan
from distill.teacher.prices import FREE


def config_of(**teacher: Any) -> Config:
    values = {"name": "test", "events": {"calls": 2, "completions": 3}, "teacher": {"model": "t"} | teacher}
    return Config.model_validate(values)


def test_a_request_has_what_its_server_takes(tmp_path: Path) -> None:
    config = config_of(
        url="https://teacher/v1",
        prices={"prompt": 1, "completion": 2},
        form="chat",
        leave_out=["temperature", "top_p", "presence_penalty", "frequency_penalty", "logprobs", "seed"],
        extra={"max_completion_tokens": 500, "reasoning_effort": "low"},
    )
    [call, _] = event_calls(config.events, config.teacher.requested, config.seed, range(2))
    body = call.request["body"]
    assert body.keys() == {"model", "n", "messages", "max_completion_tokens", "reasoning_effort"}
    assert plan(config, Place(tmp_path, tmp_path / "log", tmp_path, 1), FREE).stages[0].tokens.high > 2 * 3 * 500


def test_a_recall_may_be_a_number() -> None:
    tables = {"name": "test", "events": {"calls": 2}, "teacher": {"model": "t", "url": "https://teacher/v1"}}
    numbered, named = (Config.model_validate(tables | {"filter": {"recall": recall}}) for recall in (0.8, "0.8"))
    assert numbered == named
    with pytest.raises(ValidationError):
        Config.model_validate(tables | {"filter": {"recall": 0.81}})
