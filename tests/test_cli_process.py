"""The command as a process: what it logs, how it ends, and what it does not import."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest

from exporter import __version__
from exporter.commands.demonstration import NOTE
from tests.commandline import KEY, process_environment, run_process, start_process
from tests.system.processes import Process, eventually, free_port
from tests.upstream import Canned, run_server

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.system

PASSING: Final = """
import os, sys
os.dup2({descriptor}, 3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.executable, [sys.executable, "-m", "exporter", *{flags}])
"""
"""What systemd does: the socket becomes descriptor 3, and the process that starts is told its own number."""

USERS: Final = {
    "users": [{"_id": "canary-person", "username": "canary-person", "status": "online"}],
    "full": True,
}


@pytest.fixture
def started() -> Iterator[list[Process]]:
    """Processes that end with the test, whatever becomes of it."""
    processes: list[Process] = []
    yield processes
    for process in processes:
        process.stop()


def get(url: str) -> httpx.Response:
    """The answer, whatever proxies the tester has."""
    return httpx.get(url, trust_env=False, timeout=60)


def events(process: Process) -> list[dict[str, Any]]:
    """What was logged as JSON, without moments."""
    lines = [json.loads(line) for line in process.stderr.splitlines()]
    return [{name: value for name, value in line.items() if name != "ts"} for line in lines]


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_a_signal_and_leaves_with_zero(
    tmp_path: Path, started: list[Process], ending: signal.Signals
) -> None:
    """The log tells what it is, what it asks and where it listens, and that nothing of the demo is real."""
    address = f"127.0.0.1:{free_port()}"
    flags = ["--demo", "--log.format", "json", "--web.listen-address", address]
    process = start_process(*flags, folder=tmp_path)
    started.append(process)
    process.wait_until_answers(f"http://{address}/-/ready")
    page = get(f"http://{address}/").text
    metrics = get(f"http://{address}/metrics").text
    process.popen.send_signal(ending)
    assert process.popen.wait(60) == 0
    first, *others = events(process)
    assert (first["event"], first["version"]) == ("starting", __version__)
    assert (first["python"], set(first) - {"revision"}) == (
        sys.version.split()[0],
        {"level", "event", "version", "python"},
    )
    (began,) = [line for line in others if line["event"] == "counting begins"]
    assert (began["source"], began["persistent"]) == ("demo-daily", False)
    others.remove(began)
    assert others == [
        {"level": "warn", "event": NOTE},
        {"level": "info", "event": "source", "source": "demo-daily", "kind": "daily"},
        {"level": "info", "event": "source", "source": "demo-rocketchat", "kind": "rocketchat"},
        {"level": "info", "event": "listening", "address": address},
        {"level": "info", "event": "stopped"},
    ]
    assert NOTE in page
    assert 'presence_up{source="demo-daily"} 1.0' in metrics
    assert 'presence_group_users{group="oncall",source="demo-rocketchat",status="away"}' in metrics
    assert "process_cpu_seconds_total" in metrics


def test_the_environment_can_say_all_of_it(tmp_path: Path, started: list[Process]) -> None:
    """Two addresses, another path, links below an external URL, and neither sources nor the process."""
    places = [f"127.0.0.1:{free_port()}" for _ in range(2)]
    env = {
        "PRESENCE_EXPORTER_DEMO": "true",
        "PRESENCE_EXPORTER_LOG_FORMAT": "json",
        "PRESENCE_EXPORTER_WEB_LISTEN_ADDRESS": " ".join(places),
        "PRESENCE_EXPORTER_WEB_TELEMETRY_PATH": "/m",
        "PRESENCE_EXPORTER_WEB_EXTERNAL_URL": "https://example.org/presence/",
        "PRESENCE_EXPORTER_WEB_DISABLE_EXPORTER_METRICS": "true",
        "PRESENCE_EXPORTER_WEB_DISABLE_SOURCE_METRICS": "true",
    }
    process = start_process(folder=tmp_path, env=env)
    started.append(process)
    for place in places:
        process.wait_until_answers(f"http://{place}/-/ready")
        metrics = get(f"http://{place}/m").text
        assert "presence_exporter_build_info" in metrics
        assert not re.search("^(process_|python_|presence_up{)", metrics, re.MULTILINE)
        assert '<a href="/presence/m">' in get(f"http://{place}/").text
    assert run_process("healthcheck", env=env).returncode == 0
    assert process.stop() == 0
    assert [line["address"] for line in events(process) if line["event"] == "listening"] == places
    assert run_process("healthcheck", env=env).returncode == 1


def test_a_signal_that_comes_early_ends_it_as_well(tmp_path: Path, started: list[Process]) -> None:
    """While it still reads its configuration, which a pipe makes it do for ever here."""
    pipe = tmp_path / "presence.yml"
    os.mkfifo(pipe)
    process = start_process("--config.file", str(pipe), folder=tmp_path)
    started.append(process)

    def reading() -> int | None:
        # A pipe can be opened for writing without waiting once somebody reads from it.
        with suppress(OSError):
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        return None

    def ended() -> bool:
        # Asked again: a signal that falls between opening and reading is heard when the read ends, and it
        # does not end here.
        process.popen.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.popen.wait(2)
        return process.popen.returncode is not None

    writing = eventually(reading, what="it reads its configuration")
    try:
        eventually(ended, what="it ends")
    finally:
        os.close(writing)
    assert (process.popen.returncode, process.stderr) == (0, "")


def test_a_taken_port_is_named() -> None:
    """Exit code 1 and one line, before anything else is said of serving."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ran = run_process("--web.listen-address", address, env=KEY)
    lines = ran.stderr.splitlines()
    assert lines[-1] == f"presence-exporter: cannot listen on {address}: address already in use"
    assert [line for line in lines[:-1] if "level=info" not in line] == []
    assert (ran.returncode, ran.stdout) == (1, "")


def test_warnings_of_the_configuration_are_logged_at_the_start(
    tmp_path: Path, started: list[Process]
) -> None:
    """Each in a line of its own."""
    address = f"127.0.0.1:{free_port()}"
    env = {**KEY, "DAILY_API_URL": "http://daily.test/v1"}
    flags = ("--log.format", "json", "--web.listen-address", address)
    process = start_process(*flags, folder=tmp_path, env=env)
    started.append(process)
    process.wait_until_answers(f"http://{address}/-/healthy")
    assert process.stop() == 0
    (warning,) = [line for line in events(process) if line["level"] == "warn"]
    assert (warning["event"], warning["detail"]) == (
        "configuration",
        "DAILY_API_URL: the credential crosses the network unencrypted to daily.test; use https://",
    )


def test_a_bad_web_configuration_ends_it_at_once(tmp_path: Path) -> None:
    """Exit code 2, one line, and nothing is opened."""
    web = tmp_path / "web.yml"
    ran = run_process("--web.config.file", str(web), env=KEY)
    said = f"presence-exporter: {web}: does not exist; a readable YAML file in UTF-8, of at most 1 MiB\n"
    assert (ran.returncode, ran.stdout, ran.stderr) == (2, "", said)


def test_it_serves_on_the_sockets_that_systemd_passes(tmp_path: Path, started: list[Process]) -> None:
    """Descriptor 3 and up; the address is not listened on."""
    with socket.create_server(("127.0.0.1", 0)) as passed:
        url = f"http://127.0.0.1:{passed.getsockname()[1]}"
        flags = "--demo --web.systemd-socket --web.listen-address 127.0.0.1:1"
        script = PASSING.format(descriptor=passed.fileno(), flags=flags.split())
        log = tmp_path / "exporter.log"
        with log.open("wb") as stderr:
            popen = subprocess.Popen(
                [sys.executable, "-c", script],
                env=process_environment(None),
                pass_fds=[passed.fileno()],
                stderr=stderr,
            )
        process = Process(popen, log)
        started.append(process)
        process.wait_until_answers(f"{url}/-/ready")
    assert process.stop() == 0
    assert f"listening address={url.removeprefix('http://')}" in process.stderr


def test_without_a_passed_socket_it_says_so() -> None:
    """The unit lacks its .socket."""
    ran = run_process("--demo", "--web.systemd-socket")
    assert ran.stderr.splitlines()[-1] == (
        "presence-exporter: systemd passed no socket (LISTEN_PID and LISTEN_FDS): is there a .socket unit?"
    )
    assert ran.returncode == 1


def test_the_installed_command_and_the_module_are_the_same() -> None:
    """`presence-exporter` is what the packaging installs."""
    script = Path(sys.executable).with_name("presence-exporter")
    ran = subprocess.run([script, "--version"], capture_output=True, text=True, timeout=60, check=False)
    assert (ran.stdout, ran.returncode) == (run_process("--version").stdout, 0)
    assert run_process("-h").stdout.startswith("Usage: presence-exporter [OPTIONS]")


def imported(*arguments: str, env: dict[str, str] | None = None) -> set[str]:
    """The modules that a command line imports."""
    ran = run_process(*arguments, env={"PYTHONPROFILEIMPORTTIME": "1", **(env or {})})
    return {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines() if "|" in line}


@pytest.mark.parametrize(
    "arguments, spared",
    [
        (
            ("--version",),
            ("httpx", "yaml", "starlette", "uvicorn", "tabulate", "exporter.app", "exporter.demo"),
        ),
        (("--help",), ("httpx", "yaml", "starlette", "uvicorn", "tabulate", "exporter.app", "exporter.demo")),
        (("healthcheck",), ("httpx", "yaml", "starlette", "uvicorn", "tabulate", "exporter.app")),
        (("--config.check",), ("tabulate", "exporter.demo", "sqlalchemy", "psycopg")),
        (("ledger", "show"), ("exporter.demo", "sqlalchemy", "psycopg")),
    ],
)
def test_a_command_imports_what_it_needs(arguments: tuple[str, ...], spared: tuple[str, ...]) -> None:
    """Health checks are run every few seconds, and nobody waits for a version."""
    modules = imported(*arguments, env=KEY)
    assert "exporter.cli" in modules
    assert modules & set(spared) == set()


def test_no_secret_leaves_a_serving_process(tmp_path: Path, started: list[Process]) -> None:
    """Not in the log at debug, nor on a page, though the secrets went to the vendors and people came back."""
    bodies: dict[str, bytes | Canned] = {
        "/presence": Canned(b'{"error": "canary-person", "info": "canary-person"}', status=401),
        "/meetings": b'{"total_count": 1, "data": [{"id": "canary-person"}]}',
        "/api/v1/users.presence": json.dumps(USERS).encode(),
    }
    files = {name: tmp_path / name for name in ("user", "token")}
    for name, file in files.items():
        file.write_text(f"canary-{name}\n", encoding="utf-8")
        file.chmod(0o600)
    address = f"127.0.0.1:{free_port()}"
    with run_server(bodies) as vendors:
        env = {
            "DAILY_API_KEY": "canary-key",
            "DAILY_API_URL": vendors.url,
            "ROCKETCHAT_URL": vendors.url,
            "ROCKETCHAT_USER_ID_FILE": str(files["user"]),
            "ROCKETCHAT_AUTH_TOKEN_FILE": str(files["token"]),
            "PRESENCE_EXPORTER_LOG_LEVEL": "debug",
        }
        process = start_process("--web.listen-address", address, folder=tmp_path, env=env)
        started.append(process)
        process.wait_until_answers(f"http://{address}/-/ready")
        pages = [
            get(f"http://{address}{path}").text for path in ("/metrics", "/", "/metrics", "/canary-path")
        ]
        assert process.stop() == 0
        shown = [run_process(*flags, env=env) for flags in (("--help",), ("--config.check",), ("check",))]
        sent = {name: value for seen in vendors.requests for name, value in seen.headers.items()}
    assert (sent["authorization"], sent["x-auth-token"], sent["x-user-id"]) == (
        "Bearer canary-key",
        "canary-token",
        "canary-user",
    )
    assert "level=debug" in process.stderr
    assert 'presence_users{source="rocketchat",status="online"} 1.0' in pages[0]
    assert [ran.returncode for ran in shown] == [0, 0, 1]
    told = [process.stderr, *pages, *(ran.stdout + ran.stderr for ran in shown)]
    assert [text for text in told if "canary" in text] == []


@pytest.mark.parametrize(
    "env",
    [
        {"DAILY_API_KEY": "canary key"},
        {"DAILY_API_KEY": "canary\nkey"},
        {"DAILY_API_KEY": "canary", "DAILY_API_KEY_FILE": "canary"},
        {"DAILY_API_KEY_FILE": "canary-pasted-in-the-wrong-place"},
        {"DAILY_API_KEY": "k", "DAILY_API_URL": "https://user:canary@daily.test"},
        {"ROCKETCHAT_AUTH_TOKEN": "canary"},
    ],
)
def test_a_bad_variable_is_told_without_what_it_holds(env: dict[str, str]) -> None:
    """It is named in one line, exit code 2."""
    ran = run_process("--config.check", "--log.level", "debug", env=env)
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (2, "", 1)
    assert any(name in ran.stderr for name in env)
    assert "canary" not in ran.stderr
