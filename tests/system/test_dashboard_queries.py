"""Every query of every dashboard finds true data in a real Prometheus that knows nine days of the world."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import promql_parser as promql
import pytest

from tests.kit.boards import Question, Window, boards, fill
from tests.system.asking import BEYOND, FRACTIONS, Answer, amiss, ask, offered
from tests.system.world import DAY, DAYS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.kit.boards import Board
    from tests.system.world import StoredWorld

pytestmark = pytest.mark.system

BOARDS: Final = {board.name: board for board in boards()}

EXCEPTIONS: Final[dict[tuple[str, str, str], str]] = {}
"""Queries for which there is no data even here: board, panel, letter, and why."""

LIVE_EXCEPTIONS: Final = {"presence_delta_drift_total": "the demo asks for full lists only"}
"""Series that the live exporter does not have, and why."""


@dataclass
class Findings:
    """What is wrong with a board's answers, beside the exceptions that still hold."""

    complaints: list[str] = field(default_factory=list)

    def look(
        self,
        question: Question,
        *answers: Answer,
        exceptions: Mapping[tuple[str, str, str], str] = EXCEPTIONS,
    ) -> None:
        """One of the answers must have data, and none a value that cannot be."""
        reason = exceptions.get(question.key)
        found = any(answer.values for answer in answers)
        if found and reason:
            self.complaints.append(f"{question.name}: is no exception any more: {reason}")
        if not found and not reason:
            self.complaints.append(f"{question.name}: no data: {question.expr}")
        for answer in answers:
            self.complaints += [f"{question.name}: {note}" for note in answer.notes]
            if wrong := amiss(question, answer.values):
                self.complaints.append(f"{question.name}: {wrong}")


@pytest.fixture(params=sorted(BOARDS))
def board(request: pytest.FixtureRequest) -> Board:
    """Each dashboard in turn."""
    return BOARDS[request.param]


def test_every_query_finds_data_in_the_time_that_the_board_shows_by_default(
    board: Board, stored_world: StoredWorld
) -> None:
    """With everything chosen: stored days, and the live exporter at their end."""
    assert _complaints(board, stored_world, stored_world.window(board.range)) == []


def test_every_query_finds_data_in_nine_days(board: Board, stored_world: StoredWorld) -> None:
    """With bad moods of all kinds, a restart and reloads, and values that can be."""
    assert _complaints(board, stored_world, stored_world.window(DAYS * DAY)) == []


def test_every_query_finds_data_with_one_job_instance_source_and_room_chosen(
    board: Board, stored_world: StoredWorld
) -> None:
    """Of the sources and rooms that are offered, at least one has it."""
    window = stored_world.window(board.range)
    findings = Findings()
    choices = list(_choices(board, stored_world))
    for question in board.questions:
        findings.look(
            question, *(ask(stored_world.server, question, window=window, given=each) for each in choices)
        )
    assert findings.complaints == []


def test_variables_offer_what_there_is(board: Board, stored_world: StoredWorld) -> None:
    """Jobs, instances, sources and rooms of the time range, each of those that were chosen before."""
    window = stored_world.window(board.range)
    expected = {
        "job": {"presence"},
        "instance": {"exporter:10458"},
        "source": {"demo-daily", "demo-rocketchat"},
    }
    for variable in board.variables:
        values = set(offered(stored_world.server, variable, window=window, given=board.given))
        assert values, variable
        assert values <= expected.get(variable.name, values), variable
        assert expected.get(variable.name, values) & values, variable


def test_every_series_that_a_board_asks_for_comes_from_the_live_exporter(
    board: Board, stored_world: StoredWorld
) -> None:
    """What is stored is no proof that a real scrape brings it."""
    window = Window(time.time() - 60, time.time(), 2)
    # Whether an alert is there is the server's own, and another question.
    absent = {
        name
        for question in board.questions
        for name, selector in _selectors(fill(question.expr, {**board.given, **window.values()}))
        if not stored_world.server.query(f"timestamp({selector}) > {stored_world.end:.0f}")
    }
    assert absent <= {*LIVE_EXCEPTIONS, "ALERTS"}


def test_the_exceptions_of_live_series_are_still_needed(stored_world: StoredWorld) -> None:
    """None of them is there."""
    for name in LIVE_EXCEPTIONS:
        assert not stored_world.server.query(f"timestamp({name}) > {stored_world.end:.0f}"), name


def test_every_exception_is_still_needed() -> None:
    """Each is of a query that there is; what can be more than a whole has no limit on its panel either."""
    asked = {each.key: each for board in BOARDS.values() for each in board.questions}
    assert asked.keys() >= EXCEPTIONS.keys()
    parts = {key for key, each in asked.items() if each.unit in FRACTIONS and each.most is None}
    assert parts >= BEYOND.keys()


def test_what_is_wrong_is_found() -> None:
    """No data, a needless exception, a value that cannot be, and whatever the server remarks."""
    asked = Question("board", "panel", "A", "x", kind="stat", unit="s")
    findings = Findings()
    findings.look(asked, Answer([1.0], [], 0.0), Answer([], [], 0.0))
    assert findings.complaints == []
    findings.look(asked, Answer([], ["a warning"], 0.0))
    findings.look(asked, Answer([-1.0], [], 0.0), exceptions={asked.key: "a reason"})
    findings.look(asked, Answer([], [], 0.0), exceptions={asked.key: "a reason"})
    assert [each.removeprefix("board / panel / A: ") for each in findings.complaints] == [
        "no data: x",
        "a warning",
        "is no exception any more: a reason",
        "[-1.0] cannot be: 's' from None to None",
    ]


def _complaints(board: Board, world: StoredWorld, window: Window) -> list[str]:
    findings = Findings()
    for question in board.questions:
        findings.look(question, ask(world.server, question, window=window, given=board.given))
    return findings.complaints


def _choices(board: Board, world: StoredWorld) -> Iterator[Mapping[str, str]]:
    """One job and instance; each source, with a room in which there is somebody now."""
    [busiest, *_] = world.server.query(
        "topk(1, presence_room_participants and on (room) presence_room_meeting_start_timestamp_seconds)"
    )
    for source in ("demo-daily", "demo-rocketchat"):
        chosen = {
            "job": "presence",
            "instance": "exporter:10458",
            "source": source,
            "room": busiest.labels["room"],
        }
        yield {**board.given, **chosen}


def _selectors(expr: str) -> list[tuple[str, str]]:
    """Names and texts of an expression's selectors, as of now."""
    found: list[tuple[str, str]] = []

    def enter(node: promql.Expr) -> bool:
        if isinstance(node, promql.VectorSelector):
            found.append((node.name or "", node.prettify().partition(" offset ")[0]))
        return True

    promql.walk(promql.parse(expr), enter)
    return found
