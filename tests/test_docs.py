"""README and docs are run, and name everything there is.

What a fenced block means:
- ```console: `$ command` lines with their output. `curl` asks a real service, `cometgraph` is the real command, in a
  folder of the page's own; `cometgraph serve` starts a service that the page's next `curl` lines ask.
- ```console neo4j: the same on a real Neo4j, whose address and password take the place of those on the page.
- ```console shown: cannot run in a test; only for the commands in SHOWN.
- ```LANGUAGE NAME.EXT: the file of that name. ```python: must run.
- ```cypher: must find the same rows in the embedded store and in Neo4j; a ```json block after it are the rows.
In expected output `…` stands for anything; JSON is compared as JSON, `took_ms` apart.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import ladybug
import neo4j
import pytest
import yaml
from pydantic import SecretStr
from starlette.testclient import TestClient

from schemas import errors
from schemas.relations import RELATIONS
from service.cli import cli
from service.problems import status_of
from service.settings import Settings, flag, variable
from tests.conftest import COMETGRAPH, ROOT, Neo4jAddress, Server, cometgraph

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.glob("*.md"))]
SETTINGS_PAGE = DOCS / "settings.md"
SHOWN = ("make ", "docker ", "git clone ", "export ", "sudo apt install ", "neo4j ", "neo4j-admin ", "cp ")
ADDRESS = "http://127.0.0.1:8000"
NEO4J_ADDRESSES = ("bolt://localhost:7687", "neo4j://localhost:7687")
ANY = "…"

_FENCE = re.compile(r"^```(?P<info>[^`\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_STRING_OR_ANY = re.compile(rf'"(?:[^"\\]|\\.)*"|{ANY}(?=\s*\}})|{ANY}')


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a page: the words after the fence, and what is in it."""

    page: Path
    line: int
    info: tuple[str, ...]
    text: str

    @property
    def place(self) -> str:
        return f"{self.page.name}:{self.line}"

    @property
    def language(self) -> str:
        return self.info[0] if self.info else ""

    @property
    def file(self) -> str | None:
        """The name of the file that the block is."""
        return next((word for word in self.info[1:] if "." in word), None)

    def commands(self) -> list[tuple[str, str]]:
        """Each command with the output that it should have."""
        parts = re.split(r"^\$ ", self.text, flags=re.MULTILINE)
        assert not parts[0].strip(), f"{self.place}: output before the first command"
        found: list[tuple[str, str]] = []
        for part in parts[1:]:
            lines = part.split("\n")
            last = next(n for n, line in enumerate(lines) if not line.endswith("\\"))
            found.append(("\n".join(lines[: last + 1]), "\n".join(lines[last + 1 :])))
        return found


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text()
    return [
        Block(page, text.count("\n", 0, match.start()) + 1, tuple(match["info"].split()), match["text"])
        for match in _FENCE.finditer(text)
    ]


BLOCKS = [block for page in PAGES for block in blocks_of(page)]


def pages_with(*info: str) -> list[Any]:
    pages = dict.fromkeys(block.page for block in BLOCKS if block.info in [tuple(one.split()) for one in info])
    return [pytest.param(page, id=page.name) for page in pages]


# --- what is said against what happens ---


def values(text: str) -> list[Any] | None:
    """The JSON values that the text consists of; None where it is no JSON."""
    decoder, found, place = json.JSONDecoder(), [], 0
    text = text.strip()
    while place < len(text):
        try:
            value, place = decoder.raw_decode(text, place)
        except json.JSONDecodeError:
            return None
        found.append(value)
        while place < len(text) and text[place].isspace():
            place += 1
    return found or None


def expected_values(text: str) -> list[Any] | None:
    """The same for expected output, where a bare … is some value, or at the end of a list or object the rest of it."""

    def quoted(match: re.Match[str]) -> str:
        if match[0][0] == '"':
            return match[0]
        closes = text[match.end() :].lstrip().startswith("}")
        return f'"{ANY}": "{ANY}"' if closes else f'"{ANY}"'

    return values(_STRING_OR_ANY.sub(quoted, text))


def is_like(said: Any, expected: Any) -> bool:
    """True where the value is as expected."""
    if expected == ANY:
        return True
    if isinstance(expected, dict) and isinstance(said, dict):
        names = set(expected) - {ANY, "took_ms"}
        complete = ANY in expected or set(said) == set(expected)
        return complete and all(name in said and is_like(said[name], expected[name]) for name in names)
    if isinstance(expected, list) and isinstance(said, list):
        if expected and expected[-1] == ANY:
            expected, said = expected[:-1], said[: len(expected) - 1]
        return len(said) == len(expected) and all(map(is_like, said, expected))
    if isinstance(expected, str) and isinstance(said, str):
        return matches(said, expected)
    return type(said) is type(expected) and said == expected


def matches(said: str, expected: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, expected.split(ANY))), said, re.DOTALL) is not None


def lines_of(text: str) -> str:
    """Without blank lines and blanks at the ends of lines."""
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip())


def assert_output(block: Block, command: str, said: str, expected: str) -> None:
    wanted = expected_values(expected)
    if wanted is not None:
        found = values(said)
        fine = found is not None and len(found) == len(wanted) and all(map(is_like, found, wanted))
    else:
        fine = matches(lines_of(said), lines_of(expected))
    assert fine, f"{block.place}: `{command}` says\n{said}\nwhere the page says\n{expected}"


@pytest.mark.parametrize(
    ("said", "expected", "fine"),
    [
        ('{"a": 1, "took_ms": 0.1}', '{"a": 1, "took_ms": 7}', True),
        ('{"a": 1, "b": 2}', '{"a": 1}', False),
        ('{"a": 1, "b": 2}', '{"a": 1, …}', True),
        ('{"a": 1, "b": 2}', '{"a": 2, …}', False),
        ("[1, 2, 3]", "[1, …]", True),
        ("[1, 2, 3]", "[2, …]", False),
        ('["one", "two"]', '["o…", …]', True),
        ('["one", "two"]', '["t…", …]', False),
        ("[1, 2]", "[1]", False),
        ('{"a": true}', '{"a": 1}', False),
    ],
)
def test_expected_json_is_compared_strictly_but_for_what_it_leaves_open(said: str, expected: str, fine: bool) -> None:
    [one], [wanted] = values(said) or [], expected_values(expected) or []
    assert is_like(one, wanted) is fine


# --- the pages are run ---


class Page:
    """A page that is being followed: its folder, its service, the exit code of its last command."""

    def __init__(self, folder: Path, url: str, replace: Mapping[str, str], env: Mapping[str, str]) -> None:
        self.folder = folder
        self.url = url
        self.replace = replace
        self.server: Server | None = None
        self.code = 0
        path = f"{Path(COMETGRAPH).parent}{os.pathsep}{os.environ['PATH']}"
        self.env = os.environ | {"PATH": path, "COLUMNS": "100", "CURL_HOME": str(folder)} | env
        (folder / ".curlrc").write_text("silent\nshow-error\n")

    def follow(self, block: Block) -> None:
        if block.file is not None:
            (self.folder / block.file).write_text(block.text)
        elif block.language == "python":
            self.run([sys.executable, "-c", self.here(block.text)])
            assert self.code == 0, block.place
        elif block.language == "console":
            for command, expected in block.commands():
                said = self.type(command).replace(self.url, ADDRESS)
                for there, here in self.replace.items():
                    said = said.replace(here, there)
                assert_output(block, command, said, expected)

    def type(self, command: str) -> str:
        """The output of a command line."""
        if command == "echo $?":
            return str(self.code)
        if command.startswith("cometgraph serve"):
            return self.serve(shlex.split(command)[2:])
        return self.run(["bash", "-c", self.here(command)])

    def serve(self, arguments: list[str]) -> str:
        """Start the service that the page starts; what it prints, or why it does not start."""
        try:
            server = Server(*arguments)
        except AssertionError:
            return self.run([COMETGRAPH, "serve", *arguments])
        self.close()
        self.server, self.url = server, server.url
        assert server.process.stdout is not None
        return os.read(server.process.stdout.fileno(), 1 << 16).decode()

    def run(self, command: list[str]) -> str:
        done = subprocess.run(
            command, cwd=self.folder, env=self.env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        self.code = done.returncode
        return done.stdout

    def here(self, text: str) -> str:
        """The text with the addresses of this run."""
        text = text.replace(ADDRESS, self.url)
        for there, here in self.replace.items():
            text = text.replace(there, here)
        return text

    def close(self) -> None:
        if self.server is not None:
            self.server.stop()
            self.server = None


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def page(folder: Path, server: Server) -> Iterator[Page]:
    page = Page(folder, server.url, {}, {})
    yield page
    page.close()


@pytest.mark.parametrize("path", pages_with("console", "python"))
def test_what_a_page_says_is_what_happens(path: Path, page: Page) -> None:
    for block in blocks_of(path):
        if not {"neo4j", "shown"} & set(block.info):
            page.follow(block)


@pytest.mark.parametrize("path", pages_with("console neo4j"))
def test_what_a_page_says_of_neo4j_is_what_happens(
    path: Path, folder: Path, neo4j_uri: str, neo4j_server: Neo4jAddress
) -> None:
    there = neo4j_uri.partition("://")[2]
    replace = {address: f"{address.partition('://')[0]}://{there}" for address in NEO4J_ADDRESSES}
    page = Page(folder, ADDRESS, replace, {"COMETGRAPH_NEO4J_PASSWORD": neo4j_server.password})
    for block in blocks_of(path):
        if block.file is not None or block.info == ("console", "neo4j"):
            page.follow(block)


def test_only_what_cannot_run_in_a_test_is_merely_shown() -> None:
    for block in BLOCKS:
        if block.info == ("console", "shown"):
            for command, _ in block.commands():
                assert command.startswith(SHOWN), f"{block.place}: {command}"


def test_every_block_says_what_it_is() -> None:
    known = {("console",), ("console", "neo4j"), ("console", "shown"), ("python",), ("cypher",), ("json",), ("text",)}
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
            rows = embedded.execute(block.text).get_all()
            assert rows, block.place
            assert [list(record) for record in driver.execute_query(block.text).records] == rows, block.place
            if after.language == "json":
                assert_output(after, block.text, json.dumps(rows), after.text)
    embedded.close()
    database.close()


# --- everything has its place ---


def headings(page: str) -> dict[str, str]:
    """The sections of a page by their headings, backquotes apart."""
    parts = re.split(r"^#{2,4} (.+)$", (DOCS / page).read_text(), flags=re.MULTILINE)
    return {parts[n].replace("`", ""): parts[n + 1] for n in range(1, len(parts), 2)}


def test_each_route_is_documented(client: TestClient) -> None:
    sections = headings("api.md")
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
        status = status_of(kind.__new__(kind))
        assert sections[kind.__name__].strip().startswith(f"`{status}` {kind.title}."), kind.__name__


def test_the_tree_of_errors_is_that_of_the_code() -> None:
    tree = (errors.__doc__ or "").partition("\n\n")[2].strip()
    assert tree in (DOCS / "errors.md").read_text()


def test_each_relation_is_documented() -> None:
    text = (DOCS / "graph.md").read_text()
    for info in RELATIONS.values():
        assert f"| `{info.name}` | {info.phrase} | {info.group} | {info.whose} |" in text, info.name


def test_each_command_and_option_is_documented() -> None:
    sections = headings("command-line.md")
    of_settings = {flag(name) for name in Settings.model_fields}
    for name, command in cli.commands.items():
        section = sections[f"cometgraph {name}"]
        for parameter in command.params:
            long = [option for option in parameter.opts if option.startswith("--")]
            if isinstance(parameter, click.Option) and not of_settings & set(long):
                assert f"`{long[0]}" in section, f"{name} {long[0]}"


def settings_page() -> str:
    """docs/settings.md, from the table of settings."""
    lines = [
        "# Settings",
        "",
        "Each setting is a flag and an environment variable; the flag wins. `cometgraph settings` shows the values",
        "that hold and where each comes from. This page is rendered from `service/settings.py`.",
        "",
        "| flag | variable | default | meaning |",
        "| --- | --- | --- | --- |",
    ]
    for name, field in Settings.model_fields.items():
        default = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
        shown = "" if default in ("", None) else f"`{str(default).lower() if default is False else default}`"
        switch = f"{flag(name)}` / `--no-{name.replace('_', '-')}" if field.annotation is bool else flag(name)
        meaning = (field.description or "").replace("|", "\\|")
        lines.append(f"| `{switch}` | `{variable(name)}` | {shown} | {meaning} |")
    return "\n".join(lines) + "\n"


def test_the_page_of_settings_is_that_of_the_code() -> None:
    assert SETTINGS_PAGE.read_text() == settings_page(), "write it anew: .venv/bin/python -m tests.test_docs"


def test_each_link_leads_somewhere() -> None:
    for page in PAGES:
        text = _FENCE.sub("", page.read_text())
        for link in re.findall(r"\]\(([^)\s]+)\)", text):
            if "://" in link:
                continue
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            assert target.exists(), f"{page.name}: {link}"
            if anchor:
                names = re.findall(r"^#+ (.+)$", _FENCE.sub("", target.read_text()), re.MULTILINE)
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
    volumes = [volume.partition(":")[0] for volume in neo4j_service["volumes"]]
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
