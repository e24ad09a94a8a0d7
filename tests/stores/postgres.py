"""A PostgreSQL of its own for tests: a new cluster on a free port of loopback, ended with its block."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.asterisk.phones import free_port

HERE = Path(__file__).parents[2]


@dataclass
class Postgres:
    """A cluster. It can be killed, and started again."""

    programs: Path
    folder: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = field(default=None)

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://belplan@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        # Durability is not what is tested here, and fsync is slow on a busy machine.
        options = ["-c", "fsync=off", "-c", f"unix_socket_directories={self.folder}", "-c", "max_connections=50"]
        command = [self.programs / "postgres", "-D", self.folder / "data", "-p", str(self.port), "-h", "127.0.0.1"]
        log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen(
            [*_as_nobody(), *command, *options], stdout=log, stderr=log, env=_environment(self.programs)
        )
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if (
                "ready to accept connections"
                in (self.folder / "log").read_text(errors="replace").rpartition("starting")[2]
            ):
                return
            assert self.process.poll() is None, (self.folder / "log").read_text(errors="replace")[-2000:]
            time.sleep(0.02)
        raise TimeoutError("PostgreSQL does not start")

    def kill(self) -> None:
        """End it at once, as a crash does: its clients' connections break."""
        assert self.process
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(20)

    def run(self, *command: str) -> None:
        subprocess.run(
            [self.programs / command[0], *command[1:]], check=True, capture_output=True, env=_environment(self.programs)
        )

    def new_database(self, name: str) -> str:
        """An empty database: its URL."""
        self.run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "belplan", name)
        return self.url(name)


@contextmanager
def postgres() -> Iterator[Postgres]:
    programs = Path(
        subprocess.run([HERE / "scripts/postgres.sh"], check=True, capture_output=True, text=True).stdout.strip()
    )
    folder = Path(tempfile.mkdtemp(prefix="belplan-postgres-"))
    running = Postgres(programs, folder, free_port())
    try:
        if os.getuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        initdb = [programs / "initdb", "-D", folder / "data", "-U", "belplan", "-A", "trust", "-E", "UTF8", "--no-sync"]
        done = subprocess.run(
            [*_as_nobody(), *initdb, "--locale=C.UTF-8"],
            capture_output=True,
            text=True,
            env=_environment(programs),
            cwd=folder,
        )
        assert done.returncode == 0, done.stderr
        running.start()
        yield running
    finally:
        with suppress(Exception):
            running.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _as_nobody() -> list[str]:
    """PostgreSQL refuses to run as root."""
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []


def _environment(programs: Path) -> dict[str, str]:
    root = programs.parents[4] if len(programs.parents) > 4 else Path("/")
    libraries = ":".join(str(path) for path in sorted(root.glob("usr/lib/*-linux-gnu"))) if str(root) != "/" else ""
    return {**os.environ, "LC_ALL": "C.UTF-8", **({"LD_LIBRARY_PATH": libraries} if libraries else {})}
