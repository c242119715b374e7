"""`simulate`: the simulated vendors on a real port, and what goes wrong there by name."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final

import httpx
import pytest

from exporter.commands.simulate.bridge import Bridge, BridgeServer
from exporter.commands.simulate.command import LIMITS, environment
from exporter.commands.simulate.scenarios import SCENARIOS, check_scenario, moods_of
from exporter.demo import CHAT, CHAT_TOKEN, CHAT_USER_ID, DAILY, DAILY_KEY, DemoTransport, World
from exporter.web.listen import Address, listen
from tests.commandline import run, run_process, start_process
from tests.programs import PROJECT
from tests.system.processes import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.system.processes import Process

PAGE: Final = (PROJECT / "docs" / "cli.md").read_text(encoding="utf-8")
PATIENCE: Final = 60.0
KEY: Final = {"Authorization": f"Bearer {DAILY_KEY}"}
TOKEN: Final = {"X-User-Id": CHAT_USER_ID, "X-Auth-Token": CHAT_TOKEN}


@contextmanager
def serving(*scenarios: str) -> Iterator[httpx.Client]:
    """Both vendors on loopback in these scenarios, and a client of them."""
    places: SimpleQueue[str] = SimpleQueue()
    transport = DemoTransport(World("simulate"), moods=moods_of(scenarios, seed="simulate"))
    server = BridgeServer(Bridge(transport), on_ready=lambda found: places.put(found[0]), limits=LIMITS)
    sockets = listen([Address("127.0.0.1", 0)])
    thread = threading.Thread(target=server.run, args=(sockets,), daemon=True)
    thread.start()
    try:
        with httpx.Client(
            base_url=f"http://{places.get(timeout=PATIENCE)}", timeout=PATIENCE, trust_env=False
        ) as client:
            yield client
    finally:
        server.stop()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_both_vendors_answer_on_one_port() -> None:
    """Each by its own path and credential, and with its own clock, once."""
    with serving("calm") as client:
        daily = client.get("/v1/presence", headers=KEY)
        chat = client.get("/api/v1/users.presence?from=", headers=TOKEN)
        stranger = client.get("/v1/presence")
        other = client.get("/v1/presence", headers={**KEY, "Host": "simulator.example.org"})
    assert daily.status_code == 200
    assert isinstance(daily.json(), dict)
    assert len(daily.headers.get_list("date")) == 1
    assert chat.status_code == 400 or "users" in chat.json()
    assert stranger.status_code in {400, 401}
    assert other.status_code == 200


@pytest.mark.parametrize(
    "scenario, error",
    [
        ("reset", (httpx.ReadError,)),
        ("refuse", (httpx.ReadError,)),
        ("daily:reset_in_body", (httpx.ReadError, httpx.RemoteProtocolError)),
    ],
)
def test_a_broken_connection_is_broken_on_the_wire(
    scenario: str, error: tuple[type[httpx.TransportError], ...]
) -> None:
    """A client sees what it would see on a network, and the next connection is accepted."""
    with serving(scenario) as client:
        for _ in range(2):
            with pytest.raises(error):
                client.get("/v1/presence", headers=KEY)


def test_a_client_that_gives_up_a_stalled_answer_leaves_nothing_behind() -> None:
    """The server ends in order although the vendor never would have answered."""
    with serving("daily:stall") as client:
        with pytest.raises(httpx.ReadTimeout):
            client.get("/v1/presence", headers=KEY, timeout=httpx.Timeout(PATIENCE, read=0.2))
        assert client.get("/api/v1/users.presence", headers=TOKEN).status_code == 200


def test_a_scenario_of_one_vendor_leaves_the_other_alone() -> None:
    """And of two at the same endpoint the later wins."""
    moods = moods_of(["daily:stall", "daily:unauthorized", "presence_disabled"], seed=0)
    assert moods.at(DAILY, "/presence", now=0.0) == "unauthorized"
    assert moods.at(CHAT, "/api/v1/users.presence", now=0.0) == "presence_disabled"
    assert moods.at(CHAT, "/api/v1/presence.getConnections", now=0.0) is None


def test_moody_vendors_change_with_time() -> None:
    """Most of the time they are well."""
    moods = moods_of(["moody"], seed=0)
    found = [moods.at(DAILY, "/presence", now=120.0 * turn) for turn in range(200)]
    assert 100 < found.count(None) < 200
    assert moods_of(["calm"], seed=0).at(DAILY, "/presence", now=0.0) is None


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_may_be_asked_for(name: str) -> None:
    """By the name that stands in the documentation, with what it does."""
    check_scenario(name)
    assert f"| `{name}` | {SCENARIOS[name]} |" in PAGE


@pytest.mark.parametrize(
    "name, complaint",
    [
        ("storm", "there is no scenario 'storm'; there are calm, moody, rate_limited"),
        ("daily:calm", "there is no scenario 'daily:calm'"),
        ("zoom:stall", "there is no scenario 'zoom:stall'"),
        ("daily:presence_disabled", "presence_disabled makes no difference at daily"),
    ],
)
def test_an_unknown_scenario_is_refused(name: str, complaint: str) -> None:
    """The message lists those that there are, and the code is that of a wrong flag."""
    result = run("simulate", "--scenario", name)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"presence-exporter: --scenario: {complaint}")


def test_an_exporter_with_its_variables_scrapes_it(tmp_path: Path) -> None:
    """They are all that an exporter needs; SIGTERM ends the simulator with 0, and a taken port with 1."""
    simulator = start_process("simulate", "--listen", "127.0.0.1:0", folder=tmp_path)
    try:
        lines = eventually(lambda: said(simulator), what="the variables", seconds=PATIENCE)
        place = lines[0].removeprefix("DAILY_API_URL=http://").removesuffix("/v1")
        assert lines == environment(place)
        checked = run_process("check", env=dict(line.split("=", 1) for line in lines))
        taken = run("simulate", "--listen", place)
    finally:
        code = simulator.stop()
    assert checked.returncode == 0, checked.stdout
    assert code == 0
    assert taken.exit_code == 1
    assert "address already in use" in taken.stderr


def said(simulator: Process) -> list[str]:
    """The variables, once all of them are there."""
    lines = [line for line in simulator.stderr.splitlines() if line.startswith(("DAILY_", "ROCKETCHAT_"))]
    return lines if len(lines) == len(environment("")) else []
