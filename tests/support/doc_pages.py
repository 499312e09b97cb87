"""A page of the docs as its fenced blocks, and a reader who follows it: types its commands, compares what they say.

What a fenced block means:
- ```console: `$ command` lines with their output. `curl` asks a real service, `cometgraph` is the real command, in a
  folder of the page's own; `cometgraph serve` starts a service that the page's next `curl` lines ask. `export` and
  `unset` hold for the rest of the page.
- ```console neo4j: the same on a real Neo4j, whose address and password take the place of those on the page.
- ```console shown: cannot run in a test; only for the commands in SHOWN.
- ```LANGUAGE NAME.EXT: the file of that name. ```python: must run.
- ```cypher: must find the same rows in the embedded store and in Neo4j; a ```json block after it are the rows.
  ```cypher neo4j: must find some in Neo4j.
In expected output `…` stands for anything; JSON is compared as JSON, `took_ms` apart. Log-probabilities are compared
roughly: int8 is computed a little differently by each kind of processor. Bars of progress are passed over.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.server import COMETGRAPH, Server

SHOWN = ("make ", "docker ", "export ", "neo4j ", "neo4j-admin ", "vllm ")
ADDRESS = "http://127.0.0.1:8000"
ANY = "…"

_ROUGHLY = {"log_prob": 0.25, "per_token": 0.25}
_BAR = re.compile(r"^.*\d+%\|.*\| \d+/\d+ .*\n?", re.MULTILINE)
FENCE = re.compile(r"^```(?P<info>[^`\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_STRING_OR_ANY = re.compile(rf'"(?:[^"\\]|\\.)*"|{ANY}')


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
    """The fenced blocks of a page, in order."""
    text = page.read_text()
    return [
        Block(page, text.count("\n", 0, match.start()) + 1, tuple(match["info"].split()), match["text"])
        for match in FENCE.finditer(text)
    ]


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
        is_value = text[: match.start()].rstrip().endswith(":") or not text[match.end() :].lstrip().startswith("}")
        return f'"{ANY}"' if is_value else f'"{ANY}": "{ANY}"'

    return values(_STRING_OR_ANY.sub(quoted, text))


def is_like(said: Any, expected: Any) -> bool:
    """True where the value is as expected."""
    if expected == ANY:
        return True
    if isinstance(expected, dict) and isinstance(said, dict):
        names = set(expected) - {ANY, "took_ms"}
        complete = ANY in expected or set(said) == set(expected)
        return complete and all(name in said and _is_member_like(name, said[name], expected[name]) for name in names)
    if isinstance(expected, list) and isinstance(said, list):
        if expected and expected[-1] == ANY:
            expected, said = expected[:-1], said[: len(expected) - 1]
        return len(said) == len(expected) and all(map(is_like, said, expected))
    if isinstance(expected, str) and isinstance(said, str):
        return matches(said, expected)
    return type(said) is type(expected) and said == expected


def _is_member_like(name: str, said: Any, expected: Any) -> bool:
    if name in _ROUGHLY and isinstance(said, float) and isinstance(expected, float):
        return abs(said - expected) <= _ROUGHLY[name]
    return is_like(said, expected)


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


class Normalizer:
    """Follows a page: has a folder, perhaps a service, and the exit code of the last command.

    env: variables of whatever runs, services too.
    """

    def __init__(self, folder: Path, url: str, replace: Mapping[str, str], env: Mapping[str, str]) -> None:
        self.folder = folder
        self.url = url
        self.replace = replace
        self.server: Server | None = None
        self.code = 0
        self.said = dict(env)
        path = f"{Path(COMETGRAPH).parent}{os.pathsep}{os.environ['PATH']}"
        self.env = os.environ | {"PATH": path, "COLUMNS": "100", "CURL_HOME": str(folder)} | env
        (folder / ".curlrc").write_text("silent\nshow-error\n")

    def follow(self, block: Block) -> None:
        if block.file is not None:
            (self.folder / block.file).write_text(block.text)
        elif block.language == "python":
            said = self.run([sys.executable, "-c", self.here(block.text)])
            assert self.code == 0, f"{block.place}:\n{said}"
        elif block.language == "console":
            for command, expected in block.commands():
                said = self.type(command, refused=expected.startswith("cometgraph: ")).replace(self.url, ADDRESS)
                for there, here in self.replace.items():
                    said = said.replace(here, there)
                assert_output(block, command, said, expected)

    def type(self, command: str, *, refused: bool) -> str:
        """The output of a command line."""
        if command == "echo $?":
            return str(self.code)
        if command.startswith(("export ", "unset ")):
            return self.set(command.partition(" ")[2])
        if command.startswith("cometgraph serve") and not refused:
            return self.serve(shlex.split(command)[2:])
        return self.run(["bash", "-c", self.here(command)])

    def set(self, variable: str) -> str:
        """Set NAME=VALUE, or unset NAME, for the next commands and services."""
        name, is_set, value = variable.partition("=")
        for variables in (self.env, self.said):
            variables.pop(name, None)
            if is_set:
                variables[name] = value
        return ""

    def serve(self, arguments: list[str]) -> str:
        """Start the service that the page starts, in place of the one before; what it prints."""
        self.close()
        self.server = Server(*arguments, env=self.said)
        self.url = self.server.url
        self.server.wait_until_ready()
        assert self.server.process.stdout is not None
        return os.read(self.server.process.stdout.fileno(), 1 << 16).decode()

    def run(self, command: list[str]) -> str:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=300,
        )
        self.code = done.returncode
        return _BAR.sub("", done.stdout)

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
