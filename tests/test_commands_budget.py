"""`budget`: what scraping takes of the vendors' limits, and how often collectors run at most."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.app import Application, Surroundings
from exporter.commands.budget import Cost, Use, held_against_limits, measure, told
from exporter.commands.demonstration import NOTE, demonstration
from exporter.commands.pulling import Pulls, most_runs_a_minute
from exporter.commands.setup import Setup, assemble
from exporter.config import Config, DailySettings
from exporter.demo import DemoTransport, Moods, World
from exporter.model import Reason
from exporter.web.routes import WebSettings
from tests.commandline import run
from tests.kit.clock import WallClock, run_virtual
from tests.kit.threads import Inline

ONE = Pulls(15.0, 1)


def measured(*, pulls: Pulls = ONE, mood: str | None = None, **daily: Any) -> list[Cost]:
    """What the simulated world costs, in virtual time; Daily in that mood and with these settings."""
    moods = Moods()
    if mood is not None:
        moods.set("daily", "*", mood)

    async def ask() -> list[Cost]:
        return await measure(*made(moods, daily), pulls=pulls)

    return run_virtual(ask())


def made(moods: Moods, daily: dict[str, Any]) -> tuple[Application, Config]:
    """The application that is measured, in front of a world in these moods."""
    wall = WallClock()
    loaded, _ = demonstration()
    first, second = loaded.config.sources
    assert isinstance(first, DailySettings)
    config = replace(loaded.config, sources=(replace(first, **daily), second))
    transport = DemoTransport(World("budget", wall), moods=moods)
    setup = Setup(replace(loaded, config=config), Surroundings(transport, wall, ledger_threads=Inline()))
    return assemble(setup, web=WebSettings()), config


def cost(kind: str, *, endpoint: str, requests: int, runs: float, most: int | None = None) -> Cost:
    """What a collector takes that asks one path."""
    return Cost(
        kind, kind, "presence", endpoint=endpoint, requests={endpoint: requests}, bytes=2048,
        reason=None, runs=runs, most=most,
    )  # fmt: skip


@pytest.mark.parametrize(
    "pulls, shared_for, runs",
    [
        (Pulls(15.0, 1), 10.0, 4.0),
        (Pulls(5.0, 1), 10.0, 6.0),
        (Pulls(4.0, 1), 10.0, 5.0),
        (Pulls(15.0, 2), 10.0, 4.0),
        (Pulls(15.0, 3), 5.0, 12.0),
        (Pulls(15.0, 2), 0.0, 8.0),
        (Pulls(15.0, 9), 10.0, 6.0),
        (Pulls(15.0, 9), 0.0, 36.0),
        (Pulls(1.0, 1), 600.0, 0.1),
    ],
)
def test_runs_are_as_many_as_pulls_and_sharing_allow_at_most(
    pulls: Pulls, shared_for: float, runs: float
) -> None:
    """Four pulls a minute are four runs; of two servers at 15 s the second is always within 10 s of one."""
    assert most_runs_a_minute(pulls, shared_for=shared_for) == pytest.approx(runs)


@given(
    interval=st.sampled_from([1.0, 4.0, 15.0, 30.0, 60.0]),
    servers=st.integers(1, 6),
    shared_for=st.floats(0.0, 120.0),
)
def test_there_are_never_more_runs_than_pulls_or_than_sharing_leaves(
    interval: float, servers: int, shared_for: float
) -> None:
    """And never none."""
    runs = most_runs_a_minute(Pulls(interval, servers), shared_for=shared_for)
    assert 0 < runs <= 60 * servers / interval + 1e-9
    assert runs * shared_for <= 60 + 1e-9


def test_each_collector_is_charged_with_its_own_requests_and_bytes() -> None:
    """One after the other, so that a path which two of them ask is counted for each."""
    costs = {(each.source, each.collector): each for each in measured()}
    assert list(costs) == [
        ("demo-daily", "presence"),
        ("demo-daily", "meetings"),
        ("demo-daily", "ended_meetings"),
        ("demo-rocketchat", "presence"),
        ("demo-rocketchat", "connections"),
    ]
    presence = costs["demo-daily", "presence"]
    assert presence.requests == {"/presence": 1}
    assert presence.bytes > 100
    assert presence.by_endpoint == {"/presence": 4.0}
    assert presence.bytes_a_minute == presence.bytes * 4
    assert costs["demo-daily", "meetings"].requests == {"/meetings": 1}
    assert costs["demo-daily", "ended_meetings"].by_endpoint == {"/meetings": 60.0}


def test_a_failed_collector_is_no_cheap_one() -> None:
    """What it takes cannot be told, so its reason stands in the place of the number."""
    costs = measured(mood="unauthorized")
    assert {each.reason for each in costs if each.kind == "daily"} == {Reason.AUTH}
    text = told(costs, held_against_limits(costs), pulls=ONE)
    assert "failed: auth" in text
    assert text.endswith("\n3 collectors failed: what these take cannot be told (see `check`)")


def test_dailys_limit_is_for_the_account_and_rocketchats_for_each_route() -> None:
    """So the first is held against the sum of all collectors."""
    uses = held_against_limits(
        [
            cost("daily", endpoint="/presence", requests=1, runs=4.0),
            cost("daily", endpoint="/meetings", requests=9, runs=4.0),
            cost("daily", endpoint="/meetings", requests=2, runs=1.0, most=60),
            cost("rocketchat", endpoint="/a", requests=2, runs=6.0),
            cost("rocketchat", endpoint="/b", requests=1, runs=6.0),
        ]
    )
    assert uses == [
        Use("daily", "all endpoints", 100.0, 1200),
        Use("rocketchat", "/a", 12.0, 10),
        Use("rocketchat", "/b", 6.0, 10),
    ]
    assert [each.over for each in uses] == [False, True, False]


def test_the_demo_is_within_its_limits() -> None:
    """The command prints the table and a line for each limit, and leaves with 0."""
    result = run("budget", "--demo", "--interval", "15s", "--prometheus", "2")
    assert (result.exit_code, result.stderr) == (0, f"{NOTE}\n")
    lines = result.stdout.splitlines()
    assert lines[0] == "At most, with 2 Prometheus servers and a pull every 15s each:"
    assert lines[-3:] == [
        "demo-daily, all endpoints: 68.0 of 1200 requests a minute, 6 % of the limit",
        "demo-rocketchat, /api/v1/users.presence: 4.0 of 10 requests a minute, 40 % of the limit",
        "demo-rocketchat, /api/v1/presence.getConnections: 4.0 of 10 requests a minute, 40 % of the limit",
    ]


def test_over_a_limit_the_code_is_1() -> None:
    """Here nothing is shared, and ten servers ask."""
    use = Use("chat", "/api/v1/users.presence", 40.0, 10)
    assert told([], [use], pulls=ONE).endswith(
        "chat, /api/v1/users.presence: 40.0 of 10 requests a minute, OVER the limit"
    )


@pytest.mark.parametrize("interval", ["0s", "15", "2d", "soon"])
def test_an_interval_is_a_duration_of_a_second_to_a_day(interval: str) -> None:
    """Any other is refused in a line that says what to write."""
    result = run("budget", "--demo", "--interval", interval)
    assert result.exit_code == 2
    assert "this is not a duration of one second to one day; write 15s or 1m" in result.stderr
