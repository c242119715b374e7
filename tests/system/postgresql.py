"""A real PostgreSQL server of the test run's own: in a temporary folder, on loopback, never a system cluster.

Knows the server's programs only; what is stored there is the tests' business. The server refuses to run as
root, so root starts it as an unprivileged user.
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg

from tests.programs import require_postgresql
from tests.system.processes import eventually, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

USER: Final = "exporter"
PASSWORD: Final = "s3cret-of-the-database"

SETTINGS: Final = (
    "listen_addresses=127.0.0.1",
    # What a killed server wrote is safe with the kernel, and no test pulls the plug.
    "fsync=off",
    "shared_buffers=16MB",
    "max_connections=40",
    "lc_messages=C",
)


@dataclass(slots=True)
class PostgresqlServer:
    """A server with one superuser, who needs a password; it can be stopped and started again."""

    programs: Path
    folder: Path
    port: int
    _process: subprocess.Popen[bytes] | None = None
    _count: Iterator[int] = field(default_factory=itertools.count)

    def url(self, database: str = "postgres", *, password: str = PASSWORD) -> str:
        """The address of a database, as `ledger.url` has it."""
        return f"postgresql+psycopg://{USER}:{password}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[Any, ...]]:
        """A connection of the test's own, each of whose statements is a transaction."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=USER,
            password=PASSWORD,
            dbname=database,
            autocommit=True,
            connect_timeout=5,
        )

    def create_database(self) -> str:
        """Make a new, empty database; return its name."""
        name = f"ledger_{os.getpid()}_{next(self._count)}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return name

    @property
    def log(self) -> str:
        """What the server has said so far."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def start(self) -> None:
        """Start it, and wait until it lets us in."""
        options = [part for setting in SETTINGS for part in ("-c", setting)]
        command = [self.programs / "postgres", "-D", self.folder / "data", "-k", self.folder, *options]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*map(str, command), "-p", str(self.port)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                **_unprivileged(),
            )
        eventually(self._answers, what="PostgreSQL lets us in")

    def stop(self, *, crash: bool = False) -> None:
        """End it and every connection; with `crash` it has no time to tidy up."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT if crash else signal.SIGINT)
            self._process.wait(60)
            self._process = None

    def pause(self) -> None:
        """Stop all its processes without ending one: its connections stay, and nobody answers."""
        assert self._process is not None
        # First the server, which makes the others: from then on there are only fewer.
        self._process.send_signal(signal.SIGSTOP)
        self._signal_children(signal.SIGSTOP)

    def resume(self) -> None:
        """Let them go on."""
        assert self._process is not None
        self._signal_children(signal.SIGCONT)
        self._process.send_signal(signal.SIGCONT)

    def _signal_children(self, number: signal.Signals) -> None:
        # Each of its processes leads a session of its own, so that the server's group is not all of them.
        # The kernel's list may leave some out while others end, so it is read until it has no more.
        told: set[int] = set()
        while new := self._children() - told:
            for pid in new:
                # It may have ended since it was listed.
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
            told |= new

    def _children(self) -> set[int]:
        assert self._process is not None
        server = self._process.pid
        listed = Path(f"/proc/{server}/task/{server}/children").read_text(encoding="ascii")
        return {int(pid) for pid in listed.split()}

    def _answers(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            raise AssertionError(f"PostgreSQL did not start:\n{self.log}")
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def running_postgresql() -> Iterator[PostgresqlServer]:
    """Make a cluster and run a server on it for as long as the block lasts."""
    programs = require_postgresql()
    # Its socket's path must be short, and an unprivileged user must come there: no folder of pytest's.
    folder = Path(tempfile.mkdtemp(prefix="presence-postgresql-"))
    try:
        secret = folder / "password"
        secret.write_text(PASSWORD, encoding="utf-8")
        for each in (folder, secret):
            shutil.chown(each, **_owner())
        _make_cluster(programs, folder, secret)
        server = PostgresqlServer(programs, folder, free_port())
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def _make_cluster(programs: Path, folder: Path, secret: Path) -> None:
    command = [programs / "initdb", "--pgdata", folder / "data", "--username", USER, "--pwfile", secret]
    ran = subprocess.run(
        [*map(str, command), "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=folder,
        check=False,
        **_unprivileged(),
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def _unprivileged() -> dict[str, Any]:
    """What makes a child run as somebody else where we are root."""
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam("nobody")
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _owner() -> dict[str, Any]:
    return {"user": _unprivileged().get("user", os.geteuid())}
