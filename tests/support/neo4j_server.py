"""A real Neo4j for tests and benchmarks: by Docker where an engine runs, else from Maven Central's jars with Java.

python -m tests.support.neo4j_server FOLDER        start one, say its address, stop it on Ctrl-C
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import neo4j
from filelock import FileLock
from neo4j.exceptions import DriverError, Neo4jError

PASSWORD = "cometgraph-test"
IMAGE = "neo4j:5.26-community"
POM = Path(__file__).parent / "neo4j" / "pom.xml"
JARS = Path(__file__).parent.parent.parent / ".neo4j" / "jars"
START_SECONDS = 180
_JAVA_FLAGS = [
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "-Dlog4j2.disable.jmx=true",
]


class NoNeo4jError(Exception):
    """Nothing here can run a Neo4j; says what to install."""


class Neo4jServer:
    """One server in a folder of its own, on a free port."""

    def __init__(self, folder: Path, heap: str = "1g") -> None:
        self.folder = folder
        self.heap = heap
        self.password = PASSWORD
        self.uri = ""
        self._stop: list[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Neo4jServer":
        """Start it and wait until it answers: by Docker, unless its folder has data. Raises NoNeo4jError."""
        if _docker_runs() and not (self.folder / "data").exists():
            self._start_container()
        else:
            self._start_java()
        self._wait()
        return self

    def stop(self) -> None:
        """Stop it and wait until it is gone."""
        if self._stop is not None:
            subprocess.run(self._stop, check=True, capture_output=True)
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(60)
        self._stop = self._process = None

    def import_files(self, folder: Path) -> None:
        """Import what `cometgraph load --offline FOLDER` wrote; the server must not run."""
        self._prepare()
        self.admin("database", "import", "full", "neo4j", f"@{folder.resolve() / 'import.args'}")

    def admin(self, *arguments: str) -> str:
        """Run neo4j-admin on the stopped server; what it printed. Needs Java, not Docker."""
        ran = subprocess.run(
            [*self._java(), "org.neo4j.server.startup.Neo4jAdminCommand", *arguments],
            cwd=self.folder,  # it leaves an import.report behind
            env=os.environ | {"NEO4J_HOME": str(self.folder), "NEO4J_CONF": str(self.folder / "conf")},
            capture_output=True,
            text=True,
        )
        if ran.returncode:
            raise RuntimeError(f"neo4j-admin {' '.join(arguments)} failed:\n{ran.stdout}{ran.stderr}")
        return ran.stdout

    def _start_container(self) -> None:
        port = _free_port()
        name = f"cometgraph-test-{os.getpid()}-{port}"
        subprocess.run(
            ["docker", "run", "--detach", "--rm", "--name", name, "--publish", f"127.0.0.1:{port}:7687",
             "--env", f"NEO4J_AUTH=neo4j/{self.password}", IMAGE],
            check=True,
            capture_output=True,
        )  # fmt: skip
        self._stop = ["docker", "stop", name]
        self.uri = f"bolt://127.0.0.1:{port}"

    def _start_java(self) -> None:
        self._prepare()
        bolt, http = _free_port(), _free_port()
        (self.folder / "conf" / "neo4j.conf").write_text(
            "server.default_listen_address=127.0.0.1\n"
            f"server.bolt.listen_address=:{bolt}\n"
            f"server.http.listen_address=:{http}\n"
            "server.https.enabled=false\n"
            "dbms.usage_report.enabled=false\n"
            f"server.memory.heap.initial_size={self.heap}\n"
            f"server.memory.heap.max_size={self.heap}\n"
            "server.memory.pagecache.size=512m\n"
            "db.tx_log.rotation.retention_policy=keep_none\n"
        )
        console = (self.folder / "logs" / "console.log").open("wb")
        self._process = subprocess.Popen(
            [*self._java(f"-Xmx{self.heap}"), "org.neo4j.server.CommunityEntryPoint",
             f"--home-dir={self.folder}", f"--config-dir={self.folder / 'conf'}"],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            cwd=self.folder,
        )  # fmt: skip
        console.close()
        self.uri = f"bolt://127.0.0.1:{bolt}"

    def _prepare(self) -> None:
        """The jars, the folders and the password of a server that was never started."""
        _fetch_jars()
        for name in ("conf", "data", "logs", "import", "plugins"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        if not (self.folder / "data" / "dbms").exists():
            (self.folder / "conf" / "neo4j.conf").touch()
            self.admin("dbms", "set-initial-password", self.password)

    def _java(self, *flags: str) -> list[str]:
        return ["java", *flags, *_JAVA_FLAGS, "-cp", f"{JARS}/*"]

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        with neo4j.GraphDatabase.driver(self.uri, auth=("neo4j", self.password)) as driver:
            while True:
                try:
                    driver.verify_connectivity()
                    return
                except (Neo4jError, DriverError) as error:
                    gone = self._process is not None and self._process.poll() is not None
                    if gone or time.monotonic() > deadline:
                        self.stop()
                        raise RuntimeError(f"Neo4j did not start; see {self.folder / 'logs'}") from error
                    time.sleep(0.3)


def _docker_runs() -> bool:
    return shutil.which("docker") is not None and not subprocess.run(["docker", "info"], capture_output=True).returncode


def _fetch_jars() -> None:
    """Maven Central's jars, once; their folder's existence means that all are there."""
    JARS.parent.mkdir(exist_ok=True)
    with FileLock(JARS.with_name("jars.lock")):
        if not JARS.exists():
            _download_jars()


def _download_jars() -> None:
    missing = [name for name in ("java", "mvn") if shutil.which(name) is None]
    if missing:
        raise NoNeo4jError(
            "the tests need a Neo4j: set COMETGRAPH_TEST_NEO4J to the URI of an empty one, start a Docker engine, or "
            "install Java 17 and Maven (Debian: openjdk-17-jre-headless, maven)"
        )
    part = JARS.with_name("jars.part")
    subprocess.run(
        ["mvn", "--quiet", "--batch-mode", "--file", str(POM), "dependency:copy-dependencies",
         "-DincludeScope=runtime", f"-DoutputDirectory={part}"],
        check=True,
    )  # fmt: skip
    part.rename(JARS)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


if __name__ == "__main__":
    server = Neo4jServer(Path(sys.argv[1]).resolve()).start()
    print(f"{server.uri}  user neo4j  password {server.password}  (Ctrl-C stops it)")
    try:
        signal.pause()
    except KeyboardInterrupt:
        server.stop()


@dataclass(frozen=True, slots=True)
class Neo4jAddress:
    """Where the Neo4j of this test run is."""

    uri: str
    password: str


def driver_of(address: Neo4jAddress) -> neo4j.Driver:
    return neo4j.GraphDatabase.driver(address.uri, auth=("neo4j", address.password))


def emptied(neo4j_server: Neo4jAddress) -> str:
    """The server's URI, after everything in its database is deleted."""
    with driver_of(neo4j_server) as driver, driver.session() as session:
        session.run("MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS").consume()
    return neo4j_server.uri
