"""README and docs are run (tests/support/doc_pages.py says how), and name everything there is."""

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import ladybug
import neo4j
import pytest
import yaml
from starlette.testclient import TestClient

from schemas import errors
from schemas.relations import RELATIONS
from service.api.problems import status_of
from service.cli.main import cli
from service.cli.options import is_switch
from service.settings import Settings, default_text, flag, variable
from tests.support.doc_pages import (
    ADDRESS,
    FENCE,
    SHOWN,
    Normalizer,
    assert_output,
    blocks_of,
    expected_values,
    is_like,
    values,
)
from tests.support.neo4j_server import Neo4jAddress
from tests.support.server import ROOT, Server, cometgraph

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.glob("*.md"))]
CARDS = sorted(ROOT.glob("distill/*/pretrained/*/README.md"))
SETTINGS_PAGE = DOCS / "settings.md"
NEO4J_ADDRESSES = ("bolt://localhost:7687", "neo4j://localhost:7687")

BLOCKS = [block for page in PAGES for block in blocks_of(page)]


def pages_with(*info: str) -> list[Any]:
    pages = dict.fromkeys(block.page for block in BLOCKS if block.info in [tuple(one.split()) for one in info])
    return [pytest.param(page, id=page.name) for page in pages]


@pytest.mark.parametrize(
    ("said", "expected", "fine"),
    [
        ('{"a": 1, "took_ms": 0.1}', '{"a": 1, "took_ms": 7}', True),
        ('{"a": 1, "b": 2}', '{"a": 1}', False),
        ('{"a": 1, "b": 2}', '{"a": 1, …}', True),
        ('{"a": 1, "b": 2}', '{"a": 2, …}', False),
        ('{"a": 1, "b": 2}', '{"a": 1, "b": …}', True),
        ('{"a": 1}', '{"a": 1, "b": …}', False),
        ("[1, 2, 3]", "[1, …]", True),
        ("[1, 2, 3]", "[2, …]", False),
        ('["one", "two"]', '["o…", …]', True),
        ('["one", "two"]', '["t…", …]', False),
        ("[1, 2]", "[1]", False),
        ('{"a": true}', '{"a": 1}', False),
        ('{"log_prob": -1.52}', '{"log_prob": -1.49}', True),
        ('{"log_prob": -1.52}', '{"log_prob": -2.52}', False),
        ('{"log_prob": null}', '{"log_prob": -1.5}', False),
    ],
)
def test_expected_json_is_compared_strictly_but_for_what_it_leaves_open(said: str, expected: str, fine: bool) -> None:
    [one], [wanted] = values(said) or [], expected_values(expected) or []
    assert is_like(one, wanted) is fine


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def on_cpu(with_student: dict[str, str], with_index: dict[str, str], with_critic: dict[str, str]) -> dict[str, str]:
    """All sources, as in a new installation, with the student on the CPU as on the pages."""
    return with_student | with_index | with_critic | {"COMETGRAPH_DEVICE": "cpu"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, on_cpu: dict[str, str]) -> Iterator[Server]:
    """A running service on the sample graph, with all sources up."""
    server = Server("--store", str(tmp_path_factory.mktemp("served") / "store"), env=on_cpu)
    server.wait_until_ready()
    yield server
    server.stop()


@pytest.fixture
def reader(folder: Path, server: Server, on_cpu: dict[str, str]) -> Iterator[Normalizer]:
    reader = Normalizer(folder, server.url, {}, on_cpu)
    yield reader
    reader.close()


@pytest.mark.parametrize("path", pages_with("console", "python"))
def test_what_a_page_says_is_what_happens(path: Path, reader: Normalizer) -> None:
    for block in blocks_of(path):
        if not {"neo4j", "shown"} & set(block.info):
            reader.follow(block)


@pytest.mark.parametrize("path", pages_with("console neo4j"))
def test_what_a_page_says_of_neo4j_is_what_happens(
    path: Path, folder: Path, neo4j_uri: str, neo4j_server: Neo4jAddress, on_cpu: dict[str, str]
) -> None:
    there = neo4j_uri.partition("://")[2]
    replace = {address: f"{address.partition('://')[0]}://{there}" for address in NEO4J_ADDRESSES}
    environment = on_cpu | {"COMETGRAPH_NEO4J_PASSWORD": neo4j_server.password}
    reader = Normalizer(folder, ADDRESS, replace, environment)
    for block in blocks_of(path):
        if block.file is not None or block.info == ("console", "neo4j"):
            reader.follow(block)


def test_only_what_cannot_run_in_a_test_is_merely_shown() -> None:
    for block in BLOCKS:
        if block.info == ("console", "shown"):
            for command, _ in block.commands():
                assert command.startswith(SHOWN), f"{block.place}: {command}"


def test_every_block_says_what_it_is() -> None:
    known = {("console",), ("console", "neo4j"), ("console", "shown"), ("python",), ("cypher",), ("cypher", "neo4j"),
             ("json",), ("text",)}  # fmt: skip
    for block in BLOCKS:
        assert block.info in known or block.file is not None, f"{block.place}: {' '.join(block.info)!r}"
        assert block.language != "console" or block.commands(), f"{block.place}: no command"


def test_cypher_finds_the_same_in_both_stores(
    sample_store: str, neo4j_uri: str, neo4j_server: Neo4jAddress, folder: Path
) -> None:
    done = cometgraph(
        "load", str(ROOT / "graph" / "sample.jsonl"), "--store", neo4j_uri,
        env={"COMETGRAPH_NEO4J_PASSWORD": neo4j_server.password},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    number = json.loads((Path(sample_store) / "store.json").read_text())["number"]
    database = ladybug.Database(Path(sample_store) / f"graph-{number}.lbug", read_only=True)
    embedded = ladybug.Connection(database)
    asked = [(block, after) for block, after in pairwise(BLOCKS) if block.language == "cypher"]
    assert asked
    with neo4j.GraphDatabase.driver(neo4j_uri, auth=("neo4j", neo4j_server.password)) as driver:
        for block, after in asked:
            rows = [list(record) for record in driver.execute_query(block.text).records]
            assert rows, block.place
            if "neo4j" not in block.info:
                assert embedded.execute(block.text).get_all() == rows, block.place
            if after.language == "json":
                assert_output(after, block.text, json.dumps(rows), after.text)
    embedded.close()
    database.close()


# --- everything has its place ---


def headings(*pages: str) -> dict[str, str]:
    """The sections of some pages by their headings, backquotes apart."""
    text = "\n".join((DOCS / page).read_text() for page in pages)
    parts = re.split(r"^#{2,4} (.+)$", text, flags=re.MULTILINE)
    return {parts[n].replace("`", ""): parts[n + 1] for n in range(1, len(parts), 2)}


def test_each_route_is_documented(client: TestClient) -> None:
    sections = headings("api.md", "api-infer.md", "api-graph.md", "paths.md", "monitoring.md")
    paths = client.get("/openapi.json").json()["paths"]
    routes = {f"{method.upper()} {path}": said for path, methods in paths.items() for method, said in methods.items()}
    assert routes.keys() == {name for name in sections if name.startswith(("GET /", "POST /", "PUT /", "DELETE /"))}
    for name, said in routes.items():
        for parameter in said.get("parameters", ()):
            assert f"`{parameter['name']}`" in sections[name], f"{name}: {parameter['name']}"


def test_each_error_is_documented_with_its_status() -> None:
    sections = headings("errors.md")
    kinds = [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, errors.CometgraphError)]
    assert len(kinds) > 10
    for kind in kinds:
        status = status_of(kind)
        assert sections[kind.__name__].strip().startswith(f"`{status}` {kind.title}."), kind.__name__


def test_the_tree_of_errors_is_that_of_the_code() -> None:
    tree = (errors.__doc__ or "").partition("\n\n")[2].strip()
    assert tree in (DOCS / "errors.md").read_text()


def test_each_relation_is_documented() -> None:
    text = (DOCS / "graph.md").read_text()
    for info in RELATIONS.values():
        assert f"| `{info.name}` | {info.phrase} | {info.group} | {info.whose} |" in text, info.name


def commands_of(group: click.Group, name: str) -> Iterator[tuple[str, click.Command]]:
    """Each command with its name; those of groups, too."""
    context = click.Context(group)
    for part in group.list_commands(context):
        command = group.get_command(context, part)
        assert command is not None
        yield f"{name} {part}", command
        if isinstance(command, click.Group):
            yield from commands_of(command, f"{name} {part}")


def test_each_command_and_option_is_documented() -> None:
    sections = headings("command-line.md", "training.md")
    of_settings = {flag(name) for name in Settings.model_fields}
    for name, command in commands_of(cli, "cometgraph"):
        section = sections[name]
        for parameter in command.params:
            long = [option for option in parameter.opts if option.startswith("--")]
            if isinstance(parameter, click.Option) and not of_settings & set(long):
                assert f"`{long[0]}" in section, f"{name} {long[0]}"


def settings_page() -> str:
    """docs/settings.md, from the table of settings."""
    lines = [
        "# Settings",
        "",
        "Each setting is a flag and an environment variable. The flag wins. A misspelt variable is an error.",
        "[Further relations](relations.md) have a variable alone: they must be known before any flag is read.",
        "`cometgraph settings` shows each value and its source. This page is rendered from `service/settings.py`.",
        "",
        "| flag | variable | default | meaning |",
        "| --- | --- | --- | --- |",
    ]
    for name, field in Settings.model_fields.items():
        default = default_text(name)
        shown = f"`{default}`" if default else ""
        has_opposite = field.annotation is bool and not is_switch(name)
        switch = f"{flag(name)}` / `--no-{name.replace('_', '-')}" if has_opposite else flag(name)
        meaning = (field.description or "").replace("|", "\\|")
        switch = f"`{switch}`" if switch else ""
        lines.append(f"| {switch} | `{variable(name)}` | {shown} | {meaning} |")
    return "\n".join(lines) + "\n"


def test_the_relation_of_the_page_is_that_of_the_tests() -> None:
    [block] = [block for block in BLOCKS if block.file == "relations/SymbolOf.toml"]
    assert block.text == (ROOT / "tests" / "support" / "relations" / "SymbolOf.toml").read_text()


def test_the_page_of_settings_is_that_of_the_code() -> None:
    assert SETTINGS_PAGE.read_text() == settings_page(), "write it anew: .venv/bin/python -m tests.docs.test_docs"


def test_the_readme_leads_to_each_page() -> None:
    text = (ROOT / "README.md").read_text()
    for page in DOCS.glob("*.md"):
        assert f"](docs/{page.name})" in text, page.name


def test_each_link_leads_somewhere() -> None:
    for page in [*PAGES, *CARDS]:
        text = FENCE.sub("", page.read_text())
        for link in re.findall(r"\]\(([^)\s]+)\)", text):
            if "://" in link:
                continue
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            assert target.exists(), f"{page.name}: {link}"
            if anchor:
                names = re.findall(r"^#+ (.+)$", FENCE.sub("", target.read_text()), re.MULTILINE)
                assert anchor in [re.sub(r"[^\w\- ]", "", name.lower()).replace(" ", "-") for name in names], link


# --- containers ---


def test_compose_has_no_default_secret_and_waits_for_neo4j() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    neo4j_service, service = compose["services"]["neo4j"], compose["services"]["cometgraph"]
    assert neo4j_service["image"].startswith("neo4j:5.26")
    assert neo4j_service["environment"]["NEO4J_AUTH"].startswith("neo4j/${NEO4J_PASSWORD:?")
    assert service["environment"]["COMETGRAPH_NEO4J_PASSWORD"].startswith("${NEO4J_PASSWORD:?")
    assert service["environment"]["COMETGRAPH_API_KEYS"].startswith("${COMETGRAPH_API_KEYS:?")
    assert service["depends_on"]["neo4j"]["condition"] == "service_healthy"
    assert neo4j_service["healthcheck"]["test"]
    names = [name for name in service["environment"] if name.startswith("COMETGRAPH_")]
    assert {name.removeprefix("COMETGRAPH_").lower() for name in names} <= Settings.model_fields.keys()
    volumes = [volume.partition(":")[0] for part in (neo4j_service, service) for volume in part["volumes"]]
    assert volumes == list(compose["volumes"])


def test_the_image_gets_every_room_and_what_the_package_needs() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    names = {name for line in copied for name in line.split()[:-1]}
    project = (ROOT / "pyproject.toml").read_text()
    [rooms] = re.findall(r"^packages = (\[.+\])$", project, re.MULTILINE)
    assert names >= {*json.loads(rooms), "pyproject.toml", "requirements.lock", "README.md", "LICENSE"}
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {line[1:] for line in ignored if line.startswith("!")} == names


if __name__ == "__main__":
    SETTINGS_PAGE.write_text(settings_page())
