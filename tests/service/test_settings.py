"""Settings: flags, environment variables, defaults, and the reasons of refusals."""

import pytest

from schemas.errors import BadInput
from service.settings import Settings, default_text, load_settings, setting_text, variable
from tests.support.server import cometgraph


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        ({"device": "tpu"}, "device: 'tpu' is not auto, cpu, cuda or cuda:N"),
        ({"device": "cuda:x"}, "device: 'cuda:x' is not auto, cpu, cuda or cuda:N"),
        ({"engine_url": "vllm:8000"}, "engine_url: 'vllm:8000' is not a URL such as http://HOST:PORT/v1"),
        ({"store": ""}, "store: '' is not a text"),
        ({"port": "x"}, "port: 'x' is not a valid integer"),
        ({"port": 70000}, "port: 70000 is not less than or equal to 65535"),
        ({"batch_wait_ms": "soon"}, "batch_wait_ms: 'soon' is not a valid number"),
        ({"keep": "perhaps"}, "keep: 'perhaps' is not true or false"),
        ({"log_level": "loud"}, "log_level: 'loud' is not one of debug, info, warning, error"),
    ],
)
def test_a_refusal_says_the_right_reason(flags: dict[str, object], reason: str) -> None:
    with pytest.raises(BadInput) as caught:
        load_settings(flags)
    assert str(caught.value).replace("'70000'", "70000") == reason


@pytest.mark.parametrize("value", ["auto", "cpu", "cuda", "cuda:1"])
def test_each_device(value: str) -> None:
    assert load_settings({"device": value}).device == value


def test_a_misspelt_variable_is_refused_with_the_nearest_name() -> None:
    done = cometgraph("settings", env={"COMETGRAPH_PROT": "9000"})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("cometgraph: COMETGRAPH_PROT: ")
    assert "did you mean COMETGRAPH_PORT?" in done.stderr
    done = cometgraph("settings", env={"COMETGRAPH_XYZZY": "hush"})
    assert done.returncode == 2
    assert "`cometgraph settings` lists all variables" in done.stderr
    assert "hush" not in done.stderr


def test_variables_of_tests_and_of_kubernetes_are_not_refused() -> None:
    names = ("TEST_KILLS", "SERVICE_HOST", "SERVICE_PORT_HTTP", "PORT_8000_TCP_ADDR")
    assert cometgraph("settings", env={f"COMETGRAPH_{name}": "3" for name in names}).returncode == 0


def test_values_are_shown_in_one_way() -> None:
    assert (default_text("keep"), default_text("log_events")) == ("true", "false")
    assert (default_text("model_threads"), default_text("engine_url"), default_text("api_keys")) == ("0", "", "")
    assert setting_text(load_settings({"api_keys": "a:read:0123456789abcdef"}).api_keys) == "(set)"


def test_each_help_text_has_at_most_ten_words() -> None:
    for name, field in Settings.model_fields.items():
        assert 0 < len((field.description or "").split()) <= 10, name


@pytest.mark.parametrize("name", [name for name in Settings.model_fields if default_text(name)])
def test_the_default_is_read_back_from_flag_and_variable(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    default = Settings.model_fields[name].default
    assert getattr(load_settings({name: default_text(name)}), name) == default
    for spelling in (variable(name), variable(name).lower()):
        monkeypatch.setenv(spelling, default_text(name))
        settings = load_settings({})
        assert (getattr(settings, name), settings.model_fields_set) == (default, {name})
        monkeypatch.delenv(spelling)


def test_a_flag_beats_a_variable_and_a_variable_beats_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMETGRAPH_PORT", "9000")
    monkeypatch.setenv("COMETGRAPH_KEEP", "no")
    settings = load_settings({"port": "9001", "keep": None, "threads": None})
    assert (settings.port, settings.keep, settings.threads) == (9001, False, 2)


def test_each_wrong_setting_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMETGRAPH_THREADS", "65")
    with pytest.raises(BadInput) as caught:
        load_settings({"port": "-1", "root_path": "/a//b", "batch_wait_ms": "nan"})
    assert {error.field for error in caught.value.errors} == {"threads", "port", "root_path", "batch_wait_ms"}
