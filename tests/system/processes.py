"""Starts programs on free loopback ports, waits until they answer, and stops them by their process.

Knows nothing of what the programs are; the fixtures in conftest.py do.
"""

from __future__ import annotations

import socket
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

T = TypeVar("T")


def free_port() -> int:
    """Return a loopback port that nobody listens on, and that the kernel gives to nobody else for a minute.

    A connection that was closed on this side is kept there for so long; a server that asks for this very
    port, with SO_REUSEADDR as all of ours, gets it.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            listener.accept()[0].close()
            client.recv(1)
    return port


def eventually(check: Callable[[], T | None], *, what: str, seconds: float = 60.0) -> T:
    """Return the first answer of `check` that is true; an AssertionError that says `what` after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        answer = check()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        time.sleep(0.05)


@dataclass(frozen=True, slots=True)
class Process:
    """A running program and what it says on standard error."""

    popen: subprocess.Popen[bytes]
    log: Path

    @property
    def stderr(self) -> str:
        """What it has said so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def wait_until_answers(self, url: str, *, seconds: float = 60.0) -> None:
        """Return once `url` answers 200; an AssertionError with the program's words when it does not."""

        def ready() -> bool:
            if self.popen.poll() is not None:
                raise AssertionError(f"left with {self.popen.returncode} before {url} answered")
            try:
                return httpx.get(url, timeout=2.0, trust_env=False).status_code == 200
            except httpx.TransportError:
                return False

        try:
            eventually(ready, what=f"{url} answers 200", seconds=seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}; the program said:\n{self.stderr}") from error

    def stop(self, *, patience: float = 15.0) -> int:
        """Ask it to end by SIGTERM, insist after `patience` seconds; return its exit status."""
        if self.popen.poll() is None:
            self.popen.terminate()
        try:
            return self.popen.wait(patience)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            return self.popen.wait()


def start(command: Sequence[str | Path], *, log: Path, env: Mapping[str, str] | None = None) -> Process:
    """Start `command` in the folder of `log`, with no standard input; the caller stops it."""
    with log.open("wb") as stderr:
        popen = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=stderr,
            stderr=subprocess.STDOUT,
            cwd=log.parent,
            env=None if env is None else dict(env),
        )
    return Process(popen, log)
