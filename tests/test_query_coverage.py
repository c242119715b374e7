"""No query asks for what does not exist, every fact is on a panel, and nobody makes a 0 of what is absent."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

import promql_parser as promql
import pytest

from exporter.config import BucketSettings, SourceKind
from exporter.model import Reason
from tests.dashboardlint.known import LABELS, SERIES, TYPES
from tests.kit.boards import FOLDER, boards
from tests.kit.promql import Node, nodes
from tests.kit.rulefiles import ALERTS, RECORDS, rules
from tests.kit.stated import Stated, everything, of_boards, statements

if TYPE_CHECKING:
    from collections.abc import Iterator

RECORDED: Final = {rule.name for rule in rules(RECORDS)}

OTHERS: Final = {
    "up": set[str](),
    "ALERTS": {"alertname", "alertstate", "severity", "service", "source"},
    "process_start_time_seconds": set[str](),
    "process_cpu_seconds_total": set[str](),
    "process_resident_memory_bytes": set[str](),
    "process_virtual_memory_bytes": set[str](),
    "process_open_fds": set[str](),
    "process_max_fds": set[str](),
}
"""What Prometheus itself and the client library bring."""

EVERYWHERE: Final = {"job", "instance"}

CLOSED: Final = {
    "status": {"online", "away", "busy", "unknown", "offline"},
    "collector": {"presence", "room_presence", "meetings", "ended_meetings", "connections"},
    "reason": {str(reason) for reason in Reason},
    "kind": {str(kind) for kind in SourceKind},
    "alertname": {rule.name for rule in rules(ALERTS)},
    "alertstate": {"pending", "firing"},
    "service": {"presence"},
    "severity": {"critical", "warning", "info"},
}
"""Labels whose values are known in advance."""

ON_NO_PANEL: Final[dict[str, str]] = {}
"""Metrics of ours that no dashboard shows, and why."""

ABSENCE: Final = {
    "presence.alerts.yml / PresenceExporterGone": "it fires on a target that is gone, and counts nothing"
}
"""Queries that ask whether something is absent, and why."""

QUERIES: Final = everything()


def selected(query: Stated) -> Iterator[tuple[Node, promql.VectorSelector, str]]:
    """The selectors of a query, each with the name of its series."""
    for node in nodes(query.expr):
        if isinstance(node.expr, promql.VectorSelector):
            names = [matcher.value for matcher in node.expr.matchers.matchers if matcher.name == "__name__"]
            for name in [node.expr.name] if node.expr.name else names[0].split("|"):
                yield node, node.expr, name


def labels_of(series: str) -> set[str]:
    """All labels that a series can have."""
    if series in RECORDED:
        return {"source"} | EVERYWHERE
    own = OTHERS[series] if series in OTHERS else LABELS[SERIES[series]]
    return {*own, *EVERYWHERE} | ({"le"} if series.endswith("_bucket") else set())


def test_there_are_queries_of_all_kinds() -> None:
    """Or nothing would be looked at."""
    places = " ".join(query.place for query in QUERIES)
    for kind in (
        "dashboard ",
        "annotations",
        "variable",
        "rules.yml",
        "alerts.yml",
        "docs/metrics.md",
        "runbooks/",
    ):
        assert kind in places


def test_every_metric_that_is_asked_for_exists() -> None:
    """As Prometheus stores it: a gauge histogram's number is its `_gcount`."""
    known = SERIES.keys() | OTHERS.keys() | RECORDED
    strange = {
        (query.place, name) for query in QUERIES for _, _, name in selected(query) if name not in known
    }
    assert strange == set()


def test_every_label_that_is_asked_for_exists() -> None:
    """Matchers name labels of their metric, all else one of some metric in the query."""
    strange = []
    for query in QUERIES:
        every: set[str] = set()
        for node, _, name in selected(query):
            strange += [(query.place, name, label) for label in node.labels - labels_of(name) - {"__name__"}]
            every |= labels_of(name)
        every |= set(re.findall(r'label_replace\(.*?"(\w+)"', query.expr, re.DOTALL))
        asked = {query.label} if query.label else set()
        for node in nodes(query.expr):
            asked |= node.labels - {"__name__"}
        strange += [(query.place, query.expr, label) for label in asked - every]
    assert strange == []


def test_every_value_that_is_asked_for_can_be() -> None:
    """Of labels whose values are known, some that exist are asked for; so are ends of buckets."""
    strange = []
    for query in QUERIES:
        for _, selector, name in selected(query):
            for matcher in selector.matchers.matchers:
                values = bounds(name) if matcher.name == "le" else CLOSED.get(matcher.name)
                if values is not None and not chosen(matcher, values):
                    strange.append((query.place, name, str(matcher)))
    assert strange == []


def test_every_alternative_that_is_asked_for_can_be() -> None:
    """In `a|b`, both are known: a misspelt one would only ever be missing."""
    strange = [
        (query.place, matcher.name, value)
        for query in QUERIES
        for _, selector, _ in selected(query)
        for matcher in selector.matchers.matchers
        if matcher.name in CLOSED and re.fullmatch(r"[\w|]+", matcher.value)
        for value in matcher.value.split("|")
        if value not in CLOSED[matcher.name]
    ]
    assert strange == []


def test_every_metric_is_on_a_panel() -> None:
    """Or in the list of those that are on none, with the reason; and none is in the list that is on one."""
    shown = {
        SERIES[name]
        for query in of_boards(boards())
        if "variable" not in query.place
        for _, _, name in selected(query)
        if name in SERIES
    }
    assert TYPES.keys() - shown == ON_NO_PANEL.keys()


def test_no_query_makes_a_number_of_what_is_absent() -> None:
    """Neither a vector of its own, nor anything times 0; and only an alert asks for absence itself."""
    found = {(query.place, said) for query in QUERIES for said in inventions(query.expr)}
    assert {place for place, said in found if said == "absent"} == ABSENCE.keys()
    assert [each for each in found if each[1] != "absent"] == []


@pytest.mark.parametrize(
    "expr, said",
    [
        ("x or vector(0)", ["vector"]),
        ("x or on () vector(0)", ["vector"]),
        ("x or y * 0", ["times 0"]),
        ("x or 0 * sum(y)", ["times 0"]),
        ("absent(x) * 0", ["times 0", "absent"]),
        ("x or absent_over_time(x[5m])", ["absent"]),
        ("x + fill (0) y", ["fill"]),
        ("sum(x) or sum(y) - sum(y)", ["itself away"]),
        ("clamp_max(x, 0)", ["clamp_max"]),
        ("sum(x) or sum(y)", []),
        ("clamp_min(x - time(), 0)", []),
        ("x == bool 0", []),
    ],
)
def test_the_search_finds_what_makes_a_number_of_nothing(expr: str, said: list[str]) -> None:
    """And lets alone what does not."""
    assert inventions(expr) == said


def test_no_panel_takes_null_for_zero() -> None:
    """Neither by an option nor by a word; and no line is drawn over a gap."""
    for file in sorted(FOLDER.glob("*.json")):
        for key, value in _leaves(json.loads(file.read_text(encoding="utf-8"))):
            assert not (key in {"nullPointMode", "nullValueMode"} and "zero" in str(value)), file
            assert not (key == "noValue" and str(value).strip() in {"", "0", "0.0"}), file
            assert not (key in {"spanNulls", "insertNulls"} and value is not False), file
            assert not (key == "id" and value in {"fillMissing", "fillna"}), file


def test_queries_of_a_block_are_told_apart() -> None:
    """By lines without an indent; comments and empty lines are none."""
    block = "   # words\n   a\n     - b  # why\n   sum (\n     c\n   )\n\n   d\n"
    assert list(statements(block)) == ["a   - b", "sum (   c )", "d"]


def bounds(series: str) -> set[str]:
    """The ends of the buckets of a series as they are written; whatever is not set has those of requests."""
    family = SERIES[series].removeprefix("presence_")
    settings = BucketSettings()
    name = family if family in set(settings) else "upstream_request_duration_seconds"
    return {str(float(end)) for end in settings.of(name)} | {"+Inf"}


def chosen(matcher: promql.Matcher, values: set[str]) -> set[str]:
    """Which of the values a matcher lets through."""
    match str(matcher.op).removeprefix("MatchOp."):
        case "Equal":
            return values & {matcher.value}
        case "NotEqual":
            return values - {matcher.value}
        case kind:
            fitting = {value for value in values if re.fullmatch(matcher.value, value)}
            return fitting if kind == "Re" else values - fitting


def inventions(expr: str) -> list[str]:
    """What in a query makes a number of nothing, or could."""
    return [said for node in nodes(expr) for said in _inventions(node.expr)]


def _inventions(part: promql.Expr) -> Iterator[str]:
    if isinstance(part, promql.Call) and part.func.name in {"vector", "clamp_max"}:
        yield part.func.name
    if isinstance(part, promql.Call) and part.func.name in {"absent", "absent_over_time"}:
        yield "absent"
    if not isinstance(part, promql.BinaryExpr):
        return
    if part.modifier is not None:
        filled = part.modifier.fill_values
        if not (filled.lhs is None and filled.rhs is None):
            yield "fill"
    sides = (part.lhs, part.rhs)
    if str(part.op) == "*" and any(
        isinstance(each, promql.NumberLiteral) and each.val == 0 for each in sides
    ):
        yield "times 0"
    if str(part.op) == "-" and str(part.lhs) == str(part.rhs):
        yield "itself away"


def _leaves(part: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(part, dict):
        for name, value in part.items():
            yield from _leaves(value, name)
    elif isinstance(part, list):
        for value in part:
            yield from _leaves(value, key)
    else:
        yield key, part
