"""Dashboards are read as Grafana reads them: variables, windows, units with their overrides, closed rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.kit.boards import Question, Window, boards, fill, length, read
from tests.system.asking import amiss

DASHBOARD = {
    "time": {"from": "now-7d", "to": "now"},
    "templating": {
        "list": [
            {"type": "datasource", "name": "datasource", "query": "prometheus"},
            {"type": "query", "name": "job", "query": {"query": "label_values(up, job)"}, "allValue": ".+"},
            {"type": "textbox", "name": "minutes", "query": "10000", "current": {"value": "10000"}},
        ]
    },
    "annotations": {
        "list": [
            {"builtIn": 1, "name": "a"},
            {"name": "Restarts", "expr": "r"},
            {"name": "T", "target": {"expr": "t"}},
        ]
    },
    "panels": [
        {"type": "text", "title": "Words"},
        {
            "type": "row",
            "panels": [
                {
                    "type": "table",
                    "title": "Table",
                    "targets": [
                        {"refId": "A", "expr": "a", "instant": True},
                        {"refId": "B", "expr": "b"},
                        {"refId": "C", "expr": "c", "hide": True},
                    ],
                    "transformations": [{"id": "organize", "options": {"renameByName": {"Value #A": "Age"}}}],
                    "fieldConfig": {
                        "defaults": {"unit": "none", "min": 0},
                        "overrides": [
                            {
                                "matcher": {"id": "byName", "options": "Age"},
                                "properties": [
                                    {"id": "unit", "value": "s"},
                                    {
                                        "id": "mappings",
                                        "value": [
                                            {"type": "value", "options": {"0": {}}},
                                            {"type": "special", "options": {"match": "null"}},
                                        ],
                                    },
                                ],
                            },
                            {
                                "matcher": {"id": "byFrameRefID", "options": "B"},
                                "properties": [{"id": "max", "value": 9}],
                            },
                        ],
                    },
                }
            ],
        },
    ],
}


def question(
    unit: str = "none", *, kind: str = "stat", least: float | None = None, most: float | None = None
) -> Question:
    """A query of a panel with that unit."""
    words = frozenset({0.0, 1.0})
    return Question("board", "panel", "A", "x", kind=kind, unit=unit, least=least, most=most, words=words)


def test_a_dashboard_is_read() -> None:
    """Hidden queries and Grafana's own annotation are left out; overrides count for those that they mean."""
    board = read("some", DASHBOARD)
    asked = [(each.panel, each.letter, each.expr, each.instant, each.unit) for each in board.questions]
    assert asked == [
        ("Table", "A", "a", True, "s"),
        ("Table", "B", "b", False, "none"),
        ("annotations", "Restarts", "r", False, ""),
        ("annotations", "T", "t", False, ""),
    ]
    assert [(each.least, each.most, each.words) for each in board.questions[:2]] == [
        (0, None, frozenset({0.0})),
        (0, 9, frozenset()),
    ]
    assert [(each.name, each.selector, each.label) for each in board.variables] == [("job", "up", "job")]
    assert dict(board.given) == {"datasource": "prometheus", "job": ".+", "minutes": "10000"}
    assert board.range == 7 * 86400


def test_the_delivered_dashboards_are_read() -> None:
    """All four, with questions of their own."""
    assert len(boards()) == 4
    assert len({each.name for board in boards() for each in board.questions}) > 40


def test_windows_follow_the_range_and_the_scrapes() -> None:
    """No step is finer than the scrapes, and a rate always has some of them."""
    short = Window(0, 3600, 15).values()
    assert (short["__interval"], short["__rate_interval"], short["__range"]) == ("15s", "60s", "3600s")
    month = Window(0, 30 * 86400, 15).values()
    assert (month["__interval"], month["__rate_interval"], month["__range_s"]) == (
        "2592s",
        "2607s",
        "2592000",
    )
    assert (month["__interval_ms"], month["__range_ms"]) == ("2592000", "2592000000")


def test_a_panel_can_ask_for_fewer_points_and_for_no_finer_steps() -> None:
    """Each makes the step longer, and nothing else."""
    whole = Window(0, 6 * 3600, 15)
    asked = Question("rooms", "People by room", "A", "presence_room_participants")

    assert whole.of(asked).step == 22
    assert whole.of(replace(asked, points=240)).step == 90
    assert whole.of(replace(asked, finest=600.0)).step == 600
    assert whole.of(replace(asked, points=240)).values()["__range"] == "21600s"


def test_a_panel_can_have_a_time_range_of_its_own() -> None:
    """The last hour, today or this month; what has just begun is an hour old at least."""
    asked = Question("rooms", "Minutes", "A", "x")
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)

    def began(since: str, *, now: datetime) -> datetime:
        window = Window(0, now.timestamp(), 15).of(replace(asked, since=since))
        return datetime.fromtimestamp(window.start, UTC)

    assert began("2h", now=noon) == noon.replace(hour=10)
    assert began("now/d", now=noon) == noon.replace(hour=0)
    assert began("now/M", now=noon) == noon.replace(day=1, hour=0)
    assert began("now/d", now=noon.replace(hour=0)) == datetime(2026, 11, 20, 23, tzinfo=UTC)


def test_variables_are_filled_in_however_they_are_written() -> None:
    """An unknown one is an error."""
    assert fill('x{a=~"$a", b=~"${b:regex}"}[[a]]', {"a": "1", "b": "2"}) == 'x{a=~"1", b=~"2"}1'
    with pytest.raises(KeyError):
        fill("$other", {})


def test_a_length_is_understood_or_refused() -> None:
    """As in `now-6h` and in the interval of a group of rules."""
    assert (length("90s"), length("5m"), length("7d")) == (90, 300, 604800)
    with pytest.raises(AssertionError, match="'6 h' is no length"):
        length("6 h")


@pytest.mark.parametrize(
    "asked, good, bad",
    [
        (question("percentunit"), [0.0, 1.0], [1.1]),
        (question("percent"), [0.0, 100.0], [101.0]),
        (question("s"), [0.0, 1e9], [-1.0]),
        (question("bool_yes_no"), [0.0, 1.0], [0.5]),
        (question("dateTimeFromNow"), [1.8e12], [1.8e9]),
        (question("none", least=-5.0, most=5.0), [0.0, 5.0], [-1.0]),
        (question("none", most=5.0), [5.0], [6.0]),
        (question("", kind="heatmap"), [0.0], [-1.0]),
        (question("", kind="annotation"), [-1.0], []),
        (question("none", kind="state-timeline"), [0.0, 1.0], [2.0]),
    ],
)
def test_values_that_cannot_be_are_named(asked: Question, good: list[float], bad: list[float]) -> None:
    """By unit, limits and words of the panel."""
    assert amiss(asked, good) is None
    for value in bad:
        assert f"[{value}]" in str(amiss(asked, [*good, value]))


def test_a_unit_that_nobody_knows_is_an_error() -> None:
    """So that a new one gets its rule."""
    with pytest.raises(AssertionError, match="'furlongs'"):
        amiss(question("furlongs"), [1.0])
