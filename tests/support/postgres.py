"""A real PostgreSQL for tests: a cluster of its own in a temporary folder, from the distribution's programs.

One cluster serves a whole test process; each caller makes a database of its own in it. PostgreSQL refuses to run as
root, so root hands it to the system user ``postgres``.
"""

import atexit
import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote

import pytest

__all__ = ["Cluster", "cluster"]

PASSWORD = "s3cret/with:signs@inside"


@dataclass(frozen=True)
class Cluster:
    """A running server."""

    programs: Path
    folder: Path
    port: int

    def url(self, database: str = "postgres", user: str = "reader", password: str = PASSWORD) -> str:
        return f"postgresql://{user}:{quote(password, safe='')}@127.0.0.1:{self.port}/{database}"

    def run(self, sql: str, database: str = "postgres") -> str:
        """Statements as the owner, with psql."""
        done = _as_owner(
            [self.programs / "psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-p", str(self.port),
             "-U", "owner", "-d", database, "-f", "-"], text=sql,
        )  # fmt: skip
        return done.stdout.strip()

    def database(self, name: str) -> str:
        """An empty database that everybody may read; its address."""
        self.run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self.run(f'CREATE DATABASE "{name}"')
        self.run(
            "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reader; GRANT ALL ON SCHEMA public TO reader", name
        )
        return self.url(name)


def _programs() -> Path:
    found = shutil.which("initdb")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    candidates = [*folders, *([Path(found).resolve().parent] if found else [])]
    for folder in candidates:
        if (folder / "initdb").is_file():
            return folder
    pytest.skip("initdb (PostgreSQL) is not installed")


def _as_owner(command: list[object], text: str = "") -> subprocess.CompletedProcess[str]:
    words = [str(word) for word in command]
    if os.name == "posix" and os.geteuid() == 0:
        words = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--", *words]
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=False, cwd="/", timeout=120)
    assert done.returncode == 0, f"{words}: {done.stderr}{done.stdout}"
    return done


@cache
def cluster() -> Cluster:
    """The server of this process, started at the first call and stopped when the process ends."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="revalign-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    folder.chmod(0o755)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    data = folder / "data"
    _as_owner(
        [programs / "initdb", "-D", data, "-U", "owner", "--auth-local=trust", "--auth-host=scram-sha-256", "--no-sync",
         "--no-instructions", "-E", "UTF8", "--locale=C"],
    )  # fmt: skip
    options = (
        f"-c port={port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        " -c synchronous_commit=off -c full_page_writes=off -c autovacuum=off -c max_connections=20"
        " -c shared_buffers=32MB -c timezone=America/New_York"
    )
    log = folder / "log"
    _as_owner([programs / "pg_ctl", "-D", data, "-l", log, "-o", options, "-w", "-s", "start"])
    made = Cluster(programs, folder, port)
    atexit.register(_stop, made)
    made.run(f"CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'; CREATE ROLE nobody LOGIN PASSWORD '{PASSWORD}'")
    return made


def _stop(made: Cluster) -> None:
    with contextlib.suppress(AssertionError, subprocess.TimeoutExpired):
        _as_owner([made.programs / "pg_ctl", "-D", made.folder / "data", "-m", "immediate", "-w", "-s", "stop"])
    shutil.rmtree(made.folder, ignore_errors=True)
