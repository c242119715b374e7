"""A backfill that is killed goes on where it was; and it needs little memory, however long the past is."""

from __future__ import annotations

import asyncio
import os
import pty
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import httpx
import pytest

from exporter.commands.backfill.command import part_of
from tests.campaigns import campaign
from tests.commandline import process_environment, run_process, start_process
from tests.kit.past import DAY, PastVendor, many
from tests.programs import PROJECT
from tests.system.processes import eventually
from tests.upstream import run_server

if TYPE_CHECKING:
    from pathlib import Path

    from tests.upstream import Running

MEETINGS: Final = 2000


def child(output: Path, *, meetings: int = MEETINGS, days: int = 2, die_at: int = 0) -> subprocess.Popen[str]:
    """A run in a process of its own, in virtual time."""
    numbers = map(str, (meetings, days, die_at))
    command = [sys.executable, "-m", "tests.backfill_child", str(output), *numbers]
    return subprocess.Popen(
        command,
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=process_environment({}),
    )


def ended(process: subprocess.Popen[str]) -> str:
    """What a run printed that must succeed."""
    said, complained = process.communicate(timeout=120)
    assert (process.returncode, complained) == (0, "")
    return said


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What a run writes that nobody disturbs."""
    output = tmp_path_factory.mktemp("whole") / "o"
    ended(child(output))
    return output.read_bytes()


def test_a_run_that_dies_at_requests_ends_the_same(tmp_path: Path, whole: bytes) -> None:
    """At its first request, within windows and between them: each time the next one goes on."""
    output = tmp_path / "o"
    for die_at in (1, 9, 14, 3):
        process = child(output, die_at=die_at)
        process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL
        assert not output.exists()
    ended(child(output))
    assert output.read_bytes() == whole
    assert list(tmp_path.iterdir()) == [output]


@pytest.mark.soak
def test_a_run_that_is_killed_at_any_moment_ends_the_same(tmp_path: Path, whole: bytes) -> None:
    """In a transaction, while the output is written, or anywhere else; nothing is left behind at the end."""
    rng = random.Random(4)
    output = tmp_path / "o"
    kills, complete, in_vain = 0, 0, 0
    while kills < campaign(sample=6, full=60) or not complete:
        process = child(output)
        # Later and later, so that it comes to its end also where it begins slowly; then early again.
        with suppress(subprocess.TimeoutExpired):
            process.wait(rng.uniform(0.4, 1.3) * (1 + in_vain / 10))
        process.kill()
        said = process.communicate()
        assert process.returncode in {0, -signal.SIGKILL}, said
        kills += process.returncode != 0
        in_vain += 1
        # One that is killed at its very end has done all its work.
        if output.exists() and not part_of(output).exists():
            assert output.read_bytes() == whole
            assert list(tmp_path.iterdir()) == [output]
            output.unlink()
            complete += 1
            in_vain = 0


def test_thirty_thousand_meetings_need_less_than_100_mb(tmp_path: Path) -> None:
    """With ten people each, over ten days, a sample a minute; the simulated vendor is in the same process."""
    output = tmp_path / "o"
    peak = int(ended(child(output, meetings=30_000, days=10)))
    assert peak < 100e6
    text = output.read_bytes()
    assert text.endswith(b"# EOF\n")
    assert b'presence_join_duration_seconds_count{source="acme",instance="a:1",job="presence"} 2' in text


class Gate(httpx.AsyncBaseTransport):
    """Lets a dozen requests through, which are more than the first window takes; the rest once it is open."""

    def __init__(self, behind: httpx.AsyncBaseTransport) -> None:
        self._behind = behind
        self._passed = 0
        self.open = threading.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._passed += 1
        if self._passed > 12:
            await asyncio.to_thread(self.open.wait, 120)
        return await self._behind.handle_async_request(request)


def arguments(output: Path) -> list[str]:
    """A backfill of those days."""
    now = int(time.time()) // DAY * DAY
    return [
        "backfill",
        "--source",
        "daily",
        "--start",
        str(now - 4 * DAY),
        "--end",
        str(now - DAY),
        "--output",
        str(output),
    ]


def test_an_interrupted_command_says_how_to_go_on_and_does(tmp_path: Path) -> None:
    """By Ctrl-C: exit code 130; then the same command reads the rest."""
    held = many(1500, begin=time.time() - 5 * DAY, seconds=3 * DAY)
    gate = Gate(PastVendor(list(held), now=time.time()))
    with run_server(gate) as vendor:
        try:
            _interrupt_and_go_on(tmp_path, vendor, gate)
        finally:
            gate.open.set()


def _interrupt_and_go_on(tmp_path: Path, vendor: Running, gate: Gate) -> None:
    env = {"DAILY_API_KEY": "k", "DAILY_API_URL": f"{vendor.url}/v1"}
    output = tmp_path / "o"
    config = tmp_path / "presence.yml"
    config.write_text(
        f"ledger: {{requests_per_minute: 600}}\n"
        f"sources: [{{name: daily, kind: daily, base_url: '{vendor.url}/v1', api_key: k}}]"
    )
    config.chmod(0o600)
    line = [*arguments(output), "--config.file", str(config)]
    process = start_process(*line, folder=tmp_path, env=env)
    eventually(lambda: 'event="window read"' in process.stderr, what="a window was read")
    process.popen.send_signal(signal.SIGINT)
    assert process.popen.wait(60) == 130
    assert f"interrupted; what was read is kept in {output}.part: the same command goes on" in process.stderr
    asked = len(vendor.requests)
    gate.open.set()
    again = run_process(*line)
    assert (again.returncode, again.stderr.count("Traceback")) == (0, 0)
    assert again.stdout.startswith(f"{output}: ")
    assert 0 < len(vendor.requests) - asked < asked + 9
    assert sorted(tmp_path.iterdir()) == sorted([output, config, tmp_path / "exporter.log"])


def test_a_terminal_shows_a_bar_and_no_line_for_each_window(tmp_path: Path) -> None:
    """It grows to the end; elsewhere there are lines instead."""
    with run_server(PastVendor([], now=time.time())) as running:
        env = {"DAILY_API_KEY": "k", "DAILY_API_URL": f"{running.url}/v1"}
        command = [sys.executable, "-m", "exporter", *arguments(tmp_path / "o")]
        ours, theirs = pty.openpty()
        ran = subprocess.run(
            command,
            env=process_environment(env),
            stdout=subprocess.PIPE,
            stderr=theirs,
            timeout=60,
            check=False,
        )
        os.close(theirs)
        shown = _all_of(ours)
    assert ran.returncode == 0
    assert "Reading daily" in shown
    assert "100%" in shown
    assert "window read" not in shown
    assert b"0 meetings" in ran.stdout


def _all_of(terminal: int) -> str:
    parts: list[bytes] = []
    # An error is how Linux says that the other side is closed.
    with suppress(OSError):
        while True:
            parts.append(os.read(terminal, 65536))
    os.close(terminal)
    return b"".join(parts).decode()
