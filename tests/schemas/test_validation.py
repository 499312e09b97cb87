"""Errors of pydantic in words for users, by means of the settings."""

import pytest

from schemas.errors import BadInput
from service.settings import load_settings


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        ("device", "tpu", "auto, cpu, cuda or cuda:N"),
        ("engine_url", "vllm:8000", "a URL such as http://HOST:PORT/v1"),
        ("store", "", "a text"),
        ("port", "x", "a valid integer"),
        ("match", "maybe", "true or false"),
        ("log_format", "yaml", "one of json, text"),
    ],
)
def test_the_reason_fits_the_setting(field: str, value: str, allowed: str) -> None:
    with pytest.raises(BadInput) as caught:
        load_settings({field: value})
    [error] = caught.value.errors
    assert (error.field, error.value, error.allowed) == (field, value, allowed)
