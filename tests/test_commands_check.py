"""The doctor: every vendor is asked once, and the table says what came of it and what to do."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import pytest

from exporter.advice import ADVICE
from exporter.app import Application, Surroundings
from exporter.commands.check import HEADERS, diagnose, table
from exporter.commands.demonstration import NOTE, demonstration
from exporter.commands.setup import Setup, assemble
from exporter.config import ChatPresenceMode, Config, DailySettings, PresenceMode, RocketChatSettings
from exporter.demo import DemoTransport, Moods, World
from exporter.model import Collector, Deadline, Finding, Reason, Source
from exporter.web.routes import WebSettings
from tests.commandline import run, run_process
from tests.kit.clock import WallClock, run_virtual
from tests.kit.logs import caught_log
from tests.kit.rig import watching
from tests.kit.threads import Inline
from tests.upstream import Canned, run_server

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KINDS: Final = {"demo-daily": "daily", "demo-rocketchat": "rocketchat"}
DAILY: Final = [
    "presence",
    "meetings",
    "ended_meetings",
    "key",
    "room all-hands",
    "room bridge-east",
    "room bridge-west",
    "ledger",
]
CHAT: Final = ["presence", "connections", "presence setting"]


def demo(*, moods: Mapping[str, str] | None = None, daily: Any = None, chat: Any = None) -> list[Finding]:
    """What the doctor finds in the simulated world, in virtual time.

    `moods` are by vendor; `daily` and `chat` are changes of their settings.
    """

    async def ask() -> list[Finding]:
        application, config = made(moods or {}, daily or {}, chat=chat or {})
        return await diagnose(application, config)

    return run_virtual(ask())


def made(
    moods: Mapping[str, str], daily: Mapping[str, Any], *, chat: Mapping[str, Any]
) -> tuple[Application, Config]:
    """The application of the doctor, in front of a world in these moods."""
    wall, kept = WallClock(), Moods()
    for vendor, mood in moods.items():
        kept.set(vendor, "*", mood)
    loaded, _ = demonstration()
    first, second = loaded.config.sources
    assert isinstance(first, DailySettings)
    assert isinstance(second, RocketChatSettings)
    config = replace(loaded.config, sources=(replace(first, **daily), replace(second, **chat)))
    transport = DemoTransport(World("doctor", wall), moods=kept)
    setup = Setup(replace(loaded, config=config), Surroundings(transport, wall, ledger_threads=Inline()))
    return assemble(setup, web=WebSettings()), config


def reasons(findings: Sequence[Finding], source: str) -> dict[str, str]:
    """What was asked of a source, and why it failed; nothing for a success."""
    return {each.subject: str(each.reason or "") for each in findings if each.source == source}


def cells(output: str) -> list[list[str]]:
    """The rows of a drawn table, wrapped cells joined again."""
    lines = output.split("\n\n", maxsplit=1)[0].splitlines()
    starts = [
        index for index, sign in enumerate(lines[1]) if sign == "-" and lines[1][index - 1 : index] != "-"
    ]
    rows: list[list[str]] = []
    for line in lines[2:]:
        parts = [line[a:b].strip() for a, b in zip(starts, [*starts[1:], None], strict=True)]
        if parts[0]:
            rows.append(parts)
        else:
            rows[-1] = [" ".join(filter(None, pair)) for pair in zip(rows[-1], parts, strict=True)]
    return rows


def test_in_the_demo_all_is_well() -> None:
    """Every collector, the key, each watched room and the setting are a row each; the code is 0."""
    result = run("check", "--demo")
    rows = cells(result.stdout)
    assert [row[1] for row in rows] == DAILY + CHAT
    assert {row[0] for row in rows} == set(KINDS)
    assert {(row[2], row[3], row[5]) for row in rows} == {("ok", "", "")}
    assert result.stdout.endswith("\n11 questions asked: all is well\n")
    assert (result.exit_code, result.stderr) == (0, f"{NOTE}\n")


def test_a_success_shows_what_was_seen() -> None:
    """So that a reader can compare it with what should be there, in every mode."""
    findings = demo(
        daily={"presence": PresenceMode.ROOMS, "rooms": watching("all-hands", "info")},
        chat={"presence": ChatPresenceMode.IDS},
    )
    told = {each.subject: each.detail for each in findings}
    assert told["room_presence"].endswith(" participants in 2 watched rooms")
    assert told["meetings"].endswith(" meetings going on")
    assert told["ended_meetings"].endswith(" meetings followed")
    assert told["presence"] == "1 group"
    assert told["connections"].endswith(" of 200 connections")
    assert told["key"] == "domain demo"
    assert told["presence setting"] == "switched on"


@pytest.mark.parametrize(
    "mood, reason",
    [
        ("unauthorized", "auth"),
        ("forbidden", "forbidden"),
        ("not_found", "not_found"),
        ("rate_limited", "rate_limited"),
        ("server_error", "server_error"),
        ("refuse", "connect"),
        ("stall", "timeout"),
        ("truncated", "schema"),
        ("oversized", "too_large"),
        ("redirect", "unexpected_status"),
    ],
)
def test_every_question_to_an_ailing_vendor_fails_with_the_reason(mood: str, reason: str) -> None:
    """And all questions to the other are answered."""
    findings = demo(moods={"daily": mood}, daily={"rooms": watching("info")})
    collectors = ["presence", "meetings", "ended_meetings"]
    expected = dict.fromkeys([*collectors, "key", "room info"], reason)
    if mood == "stall":
        expected = dict.fromkeys([*collectors, "further questions"], reason)
    assert reasons(findings, "demo-daily") == expected
    assert reasons(findings, "demo-rocketchat") == dict.fromkeys(CHAT, "")


def test_switched_off_presence_is_told_apart() -> None:
    """The connections are known all the same."""
    findings = demo(moods={"rocketchat": "presence_disabled"})
    seen = reasons(findings, "demo-rocketchat")
    assert seen == {
        "presence": "presence_disabled",
        "connections": "",
        "presence setting": "presence_disabled",
    }


def test_a_mistyped_room_is_told() -> None:
    """Every watched room is asked for, though the domain is asked as a whole."""
    findings = demo(daily={"rooms": watching("info", "inof")})
    drawn = cells(table(findings, kinds=KINDS))
    failed = {row[1]: row[5] for row in drawn if row[2] == "failed"}
    assert list(failed) == ["room inof"]
    assert "mistyped in rooms.watch" in failed["room inof"]


def test_many_rooms_have_the_time_they_need() -> None:
    """They are asked one after the other: 300 of them are no failure."""
    rooms = [f"support-{number}" for number in range(1, 11)] * 30
    findings = demo(daily={"rooms": watching(*rooms)})
    assert [each for each in findings if each.reason] == []
    assert len([each for each in findings if each.subject.startswith("room ")]) == 300


class Broken:
    """A source whose examination has a bug."""

    kind = "daily"
    collectors: Sequence[Collector] = ()
    endpoints: Sequence[str] = ()
    drift_fields: Sequence[str] = ()
    name = "demo-daily"

    async def examine(self, deadline: Deadline) -> Sequence[Finding]:
        raise LookupError("canary")

    async def aclose(self) -> None:
        pass


@dataclass
class Crew:
    """A fleet of these sources, as far as the doctor knows fleets."""

    sources: tuple[Source, ...]

    async def aclose(self) -> None:
        for source in self.sources:
            await source.aclose()


def test_a_bug_in_one_examination_costs_its_lines_alone() -> None:
    """The log has its place, and nobody its text."""

    async def ask() -> list[Finding]:
        application, config = made({}, {}, chat={})
        await application.sources[0].aclose()
        crew: Any = Crew((Broken(), application.sources[1]))
        return await diagnose(replace(application, fleet=crew), config)

    with caught_log() as lines:
        findings = run_virtual(ask())
    assert Finding("demo-daily", "further questions", Reason.INTERNAL, "") in findings
    assert reasons(findings, "demo-rocketchat") == dict.fromkeys(CHAT, "")
    (event,) = lines.events("bug in an examination")
    assert event["traceback"].startswith("LookupError < ")
    assert "canary" not in lines.text


def test_the_table_has_a_row_for_each_finding() -> None:
    """With its advice where it failed; the last line sums up."""
    findings = [
        Finding("demo-daily", "meetings", None, "2 meetings going on"),
        Finding("demo-rocketchat", "presence", Reason.INTERNAL, ""),
    ]
    drawn = table(findings, kinds=KINDS)
    assert drawn.splitlines()[0].split("  ")[0] == HEADERS[0]
    assert cells(drawn) == [
        ["demo-daily", "meetings", "ok", "", "2 meetings going on", ""],
        ["demo-rocketchat", "presence", "failed", "internal", "", ADVICE[Reason.INTERNAL]],
    ]
    assert drawn.endswith("\n\n2 questions asked: 1 failed")
    assert table(findings[:1], kinds=KINDS).endswith("\n\n1 question asked: all is well")


def test_nothing_from_a_vendor_reaches_the_terminal_as_a_command() -> None:
    """A name of a domain with control characters is shown without them."""
    drawn = table([Finding("demo-daily", "key", None, "domain \x1b[2J\nx")], kinds=KINDS)
    assert cells(drawn)[0][4] == "domain ?[2J?x"


def test_numbers_stay_as_they_are() -> None:
    """A source may be called 1e3."""
    assert cells(table([Finding("1e3", "007", None, "1.50")], kinds={"1e3": "daily"}))[0][:2] == [
        "1e3",
        "007",
    ]


PERSON: Final = "canary-person"
ROWS: Final = [{"room": "r", "userId": PERSON, "userName": PERSON, "joinTime": "2027-01-20T09:00:00.000Z"}]
CONFIG: Final = """
sources:
  - {{name: video, kind: daily, base_url: "{url}", api_key: canary-key, rooms: {{watch: [r, absent]}}}}
  - name: chat
    kind: rocketchat
    base_url: {url}
    user_id: canary-user
    auth_token: canary-token
    groups: {{oncall: [canary-member]}}
"""


def test_no_secret_and_no_person_is_shown(tmp_path: Path) -> None:
    """Not on stdout, not in the log at debug, though all of them went over the wire."""
    bodies: dict[str, bytes | Canned] = {
        "/presence": json.dumps({"r": ROWS}).encode(),
        "/rooms/r/presence": json.dumps({"total_count": 1, "data": ROWS}).encode(),
        "/meetings": Canned(json.dumps({"error": PERSON, "info": PERSON}).encode(), status=500),
        "/": b'{"domain_name": "acme"}',
        "/api/v1/users.presence": Canned(json.dumps({"error": PERSON}).encode(), status=401),
    }
    file = tmp_path / "presence.yml"
    with run_server(bodies) as vendors:
        file.write_text(CONFIG.format(url=vendors.url), encoding="utf-8")
        result = run_process(
            "check", "--config.file", str(file), "--log.level", "debug", "--log.format", "json"
        )
        sent = {name: value for seen in vendors.requests for name, value in seen.headers.items()}
    assert {sent["authorization"], sent["x-auth-token"], sent["x-user-id"]} == {
        "Bearer canary-key",
        "canary-token",
        "canary-user",
    }
    shown = {(row[0], row[1]): row[3] for row in cells(result.stdout)}
    assert shown == {
        ("video", "presence"): "",
        ("video", "meetings"): "server_error",
        ("video", "ended_meetings"): "server_error",
        ("video", "key"): "",
        ("video", "room r"): "",
        ("video", "room absent"): "not_found",
        ("video", "ledger"): "",
        ("chat", "presence"): "auth",
        ("chat", "presence setting"): "not_found",
    }
    assert result.stdout.endswith("\n9 questions asked: 5 failed\n")
    assert '"level": "debug"' in result.stderr
    assert "every user of this machine can read it" in result.stderr
    assert "canary" not in result.stdout + result.stderr
    assert result.returncode == 1


@pytest.mark.parametrize("flags, lines", [((), 0), (("--log.level", "warn"), 1)])
def test_the_log_keeps_quiet_unless_it_is_asked(tmp_path: Path, flags: tuple[str, ...], lines: int) -> None:
    """What failed is in the table; who wants it in the log as well says from which level."""
    file = tmp_path / "presence.yml"
    with run_server({}) as vendors:
        file.write_text(f"sources: [{{name: a, kind: daily, api_key_env: K, base_url: '{vendors.url}'}}]\n")
        result = run_process("check", "--config.file", str(file), *flags, env={"K": "k"})
    assert result.stderr.count('event="collector failed"') == 3 * lines
    assert result.returncode == 1
