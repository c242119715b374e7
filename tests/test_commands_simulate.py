"""`simulate`: the simulated vendors on a real port, and what goes wrong there by name."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final

import httpx
import pytest

from exporter.commands.demonstration import demonstration
from exporter.commands.simulate.bridge import Bridge, BridgeServer
from exporter.commands.simulate.command import LIMITS, configuration, environment
from exporter.commands.simulate.scenarios import SCENARIOS, check_scenario, moods_of, world_of
from exporter.config import DailySettings, RocketChatSettings, UserGroup, load_file
from exporter.demo import (
    CHAT,
    CHAT_ON_CALL,
    CHAT_TOKEN,
    CHAT_USER_ID,
    DAILY,
    DAILY_KEY,
    HAPPENINGS,
    MOODS,
    DemoTransport,
)
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
    world = world_of(scenarios, seed="simulate")
    transport = DemoTransport(world, moods=moods_of(scenarios, seed="simulate"))
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


def test_what_happens_in_the_world_and_how_a_vendor_fails_go_together() -> None:
    """A happening is no mood, and a mood changes nothing in the world; each may be of one vendor alone."""
    scenarios = ["oncall_empty", "daily:nobody", "rocketchat:sparse", "room_stuck"]
    moods = moods_of(scenarios, seed=0)
    assert moods.at(DAILY, "/presence", now=0.0) is None
    assert moods.at(CHAT, "/api/v1/users.presence", now=0.0) == "sparse"
    world = world_of(scenarios, seed=0)
    assert set(world.daily.present()) == {"open-line"}
    statuses = world.chat.statuses()
    assert {statuses[ident] for ident in CHAT_ON_CALL} == {"offline"}
    assert world.chat.connections() > 0
    assert world_of(["rocketchat:nobody"], seed=0).daily.present()


def test_a_happening_is_told_on_the_wire() -> None:
    """Whoever asks the simulated Daily finds the room and the person in it."""
    with serving("person_alone") as client:
        (row,) = client.get("/v1/presence", headers=KEY).json()["waiting-room"]
    assert row["duration"] >= 12 * 3600


def test_no_name_is_both_a_happening_and_a_mood() -> None:
    """Or asking for the one would be asking for the other."""
    assert HAPPENINGS.keys().isdisjoint(MOODS)


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_may_be_asked_for(name: str) -> None:
    """By the name that stands in the documentation, with what it does."""
    check_scenario(name)
    assert f"| `{name}` | {SCENARIOS[name]} |" in PAGE


@pytest.mark.parametrize(
    "name, complaint",
    [
        ("storm", "there is no scenario 'storm'; there are calm, moody, oncall_empty"),
        ("daily:calm", "there is no scenario 'daily:calm'"),
        ("zoom:stall", "there is no scenario 'zoom:stall'"),
        ("daily:presence_disabled", "presence_disabled makes no difference at daily"),
        ("daily:oncall_empty", "oncall_empty makes no difference at daily"),
        ("rocketchat:room_stuck", "room_stuck makes no difference at rocketchat"),
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


def test_the_configuration_that_it_prints_can_be_used(tmp_path: Path) -> None:
    """As it stands, for an exporter that then asks everything."""
    simulator = start_process("simulate", "--listen", "127.0.0.1:0", folder=tmp_path)
    try:
        lines = eventually(lambda: said(simulator), what="the variables", seconds=PATIENCE)
        place = lines[0].removeprefix("DAILY_API_URL=http://").removesuffix("/v1")
        whole = configuration(place)
        eventually(lambda: simulator.stderr.endswith(f":\n{whole}"), what="the file", seconds=PATIENCE)
        file = _written(whole, folder=tmp_path)
        checked = run_process("check", "--config.file", str(file))
    finally:
        simulator.stop()
    assert checked.returncode == 0, checked.stdout


def test_the_configuration_has_the_groups_and_rooms_of_the_demo(tmp_path: Path) -> None:
    """Who is on call among them, for the sources that the variables make."""
    file = _written(configuration("127.0.0.1:10459"), folder=tmp_path)
    daily, chat = load_file(file, {}).config.sources
    demo, _ = demonstration()
    demo_daily, demo_chat = demo.config.sources
    assert isinstance(daily, DailySettings)
    assert isinstance(demo_daily, DailySettings)
    assert isinstance(chat, RocketChatSettings)
    assert isinstance(demo_chat, RocketChatSettings)
    assert (daily.name, chat.name) == ("daily", "rocketchat")
    assert (daily.rooms, chat.connections) == (demo_daily.rooms, demo_chat.connections)
    assert chat.groups == demo_chat.groups == (UserGroup("oncall", CHAT_ON_CALL),)


def _written(text: str, *, folder: Path) -> Path:
    file = folder / "presence.yml"
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    return file


def said(simulator: Process) -> list[str]:
    """The variables, once all of them are there."""
    lines = [line for line in simulator.stderr.splitlines() if line.startswith(("DAILY_", "ROCKETCHAT_"))]
    return lines if len(lines) == len(environment("")) else []
