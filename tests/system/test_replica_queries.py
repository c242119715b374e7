"""Replicas show what one exporter shows: no panel, rule or alert counts a fact twice, or loses one."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import promql_parser as promql
import pytest

from tests.kit.boards import Window, boards, fill
from tests.kit.promql import nodes
from tests.kit.replicas import EVERY
from tests.kit.rulefiles import ALERTS, RECORDS, rules
from tests.programs import require_prometheus
from tests.system.blocks import lived_by_replicas, store
from tests.system.prometheus import start_prometheus
from tests.system.world import FLAGS, record_rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Set

    from tests.kit.boards import Board, Question
    from tests.system.prometheus import PrometheusServer

pytestmark = pytest.mark.system

START: Final = 1767780000.0
"""Wednesday, 7 January 2026, 10:00 UTC: a busy hour."""

SCRAPES: Final = 90

OFFSET: Final = 30.0
"""Seconds after a scrape at which is asked: both servers' samples are in the same windows then."""

ASKS: Final = "each replica asks the vendors for itself"
ASKED: Final = "each replica is asked for itself"
SINCE: Final = "each replica knows it since its own start, and not of the time in which it saw nothing"
TARGET: Final = "of each target"

PER_PROCESS: Final = {
    "up": TARGET,
    "process_start_time_seconds": TARGET,
    "process_cpu_seconds_total": TARGET,
    "process_resident_memory_bytes": TARGET,
    "process_open_fds": TARGET,
    "process_max_fds": TARGET,
    "presence_exporter_build_info": TARGET,
    "presence_exporter_config_last_reload_successful": TARGET,
    "presence_exporter_config_last_reload_success_timestamp_seconds": TARGET,
    "presence_collector_runs_total": ASKS,
    "presence_collector_failures_total": ASKS,
    "presence_collector_duration_seconds": ASKS,
    "presence_upstream_requests_total": ASKS,
    "presence_upstream_response_bytes_total": ASKS,
    "presence_upstream_retries_total": ASKS,
    "presence_upstream_request_duration_seconds_bucket": ASKS,
    "presence_upstream_rate_limit_remaining": ASKS,
    "presence_upstream_pause_until_timestamp_seconds": ASKS,
    "presence_exporter_http_requests_total": ASKED,
    "presence_exporter_http_request_duration_seconds_bucket": ASKED,
    "presence_exporter_collections_total": ASKED,
    "presence_exporter_collections_shared_total": ASKED,
    "presence_status_resolution_seconds": SINCE,
    "presence_delta_drift_total": SINCE,
}
"""Series that are not the same for one exporter and for two replicas, and why."""

PER_SCRAPE: Final = {
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
    "process_open_fds",
    "presence_exporter_http_requests_total",
    "presence_exporter_http_request_duration_seconds_bucket",
    "presence_exporter_collections_shared_total",
}
"""Series that the scrape of another server changes."""

ESTIMATED: Final = 0.05
"""A rate is estimated from where samples lie in its window: by what part two good ones may differ.

That is so where a replica has just begun, and where servers scrape at other seconds. What is counted twice is
twice as much.
"""

COMPARISONS: Final = {"==", "!=", "<", "<=", ">", ">="}

Figures: TypeAlias = "dict[tuple[tuple[tuple[str, str], ...], float], float]"
"""Values by labels without the job, and moment."""


@dataclass(frozen=True, slots=True)
class Hours:
    """The server that knows these hours of all jobs."""

    server: PrometheusServer

    @property
    def window(self) -> Window:
        """All of it but the first minutes, in which counters begin."""
        return Window(START + 8 * EVERY + OFFSET, START + (SCRAPES - 2) * EVERY + OFFSET, EVERY)

    def figures(self, expr: str, *, job: str, window: Window, instant: bool = False) -> Figures:
        """What an expression gives for a job."""
        if instant:
            body, _ = self.server.ask("query", query=expr, time=window.end)
        else:
            times = {"start": window.start, "end": window.end, "step": EVERY}
            body, _ = self.server.ask("query_range", query=expr, **times)
        return {
            (tuple(sorted(each for each in series["metric"].items() if each[0] != "job")), moment): float(
                value
            )
            for series in body["data"]["result"]
            if series["metric"].get("job", job) == job
            for moment, value in series.get("values") or [series["value"]]
        }

    def of_panel(self, question: Question, *, job: str, given: Mapping[str, str]) -> Figures:
        """What a panel shows for a job."""
        window = self.window.of(question)
        expr = fill(question.expr, {**given, "job": job, **window.values()})
        return self.figures(expr, job=job, window=window, instant=question.instant)


@pytest.fixture(scope="module")
def hours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hours]:
    """An hour and a half of all of them, with recorded rules; what a page lacks is gone at once, as in life.

    A server that scrapes marks the end of a series; here none is looked for further back than one scrape.
    """
    folder = tmp_path_factory.mktemp("replicas")
    file = folder / "replicas.om"
    lived_by_replicas(file, start=START, scrapes=SCRAPES)
    store([file], folder / "data")
    flags = (*FLAGS, f"--query.lookback-delta={EVERY:g}s")
    record_rules(folder, folder / "data", (START, START + SCRAPES * EVERY), flags=flags)
    server = start_prometheus(require_prometheus(3), "{}", folder=folder, flags=flags)
    yield Hours(server)
    server.process.stop()


@pytest.fixture(params=[board.name for board in boards()])
def board(request: pytest.FixtureRequest) -> Board:
    """Each dashboard in turn."""
    return next(board for board in boards() if board.name == request.param)


def test_every_panel_shows_for_two_replicas_what_it_shows_for_one_exporter(
    board: Board, hours: Hours
) -> None:
    """Also while one of them reaches no vendor; only what each process counts for itself differs."""
    assert _differing(board, hours, ("one", "two"), apart=PER_PROCESS.keys()) == []


def test_a_fact_that_is_counted_twice_is_noticed(board: Board, hours: Hours) -> None:
    """A sum over instances in the place of their maximum."""
    questions = (
        replace(each, expr=each.expr.replace("max by (job, source", "sum by (job, source"))
        for each in board.questions
    )
    summed = replace(board, questions=tuple(questions))
    assert _differing(summed, hours, ("one", "two"), apart=PER_PROCESS.keys())


def test_every_panel_shows_the_same_whichever_server_is_asked(board: Board, hours: Hours) -> None:
    """They scrape the same exporter two seconds apart, and so share what it collected."""
    assert _differing(board, hours, ("first", "second"), apart=PER_SCRAPE) == []


def test_what_a_panel_says_of_now_goes_on_when_a_pod_is_replaced(board: Board, hours: Hours) -> None:
    """The instance has another name from then on; totals of a day or a month are whole all the same."""
    instant = replace(board, questions=tuple(each for each in board.questions if each.instant))
    assert instant.questions
    assert _differing(instant, hours, ("one", "moved"), apart=PER_PROCESS.keys()) == []


def test_every_rule_says_the_same_of_replicas(hours: Hours) -> None:
    """What it records, whether it fires, and each figure that it holds against a threshold."""
    seen = 0
    for rule in (*rules(RECORDS), *rules(ALERTS)):
        text = rule.expr.replace('job="presence"', 'job=~".+"')
        for expr in (text, *_compared(text)):
            one, two = (hours.figures(expr, job=job, window=hours.window) for job in ("one", "two"))
            if not (_names(expr) & PER_PROCESS.keys() or _by_instance(one)):
                assert _apart(one, two, expr=expr) == [], expr
                seen += bool(one)
    assert seen > 8


def test_everything_that_is_recorded_is_the_same_for_replicas(hours: Hours) -> None:
    """And is there."""
    for rule in rules(RECORDS):
        one, two = (hours.figures(rule.name, job=job, window=hours.window) for job in ("one", "two"))
        assert one
        assert _apart(one, two) == []


def test_every_exception_is_still_needed(hours: Hours) -> None:
    """Each series that may differ is asked for, and does differ in some query or is of a single process."""
    differing: set[str] = set()
    for board in boards():
        for question in board.questions:
            figures = [hours.of_panel(question, job=job, given=board.given) for job in ("one", "two")]
            if _apart(*figures, expr=question.expr):
                differing |= _names(question.expr) & PER_PROCESS.keys()
    assert PER_PROCESS.keys() - differing == {"presence_upstream_pause_until_timestamp_seconds"}


def test_differences_are_found() -> None:
    """A value, a series or a moment that only one of them has; NaN is no figure at all."""
    key, other = ((("a", "b"),), 1.0), ((), 2.0)
    assert _apart({key: 1.0, other: math.nan}, {key: 1.0}) == []
    assert _apart({key: 1.0}, {key: 2.0}) == [(key, 1.0, 2.0)]
    assert _apart({key: 1.0}, {}) == [(key, 1.0, None)]
    assert _apart({key: 1.0}, {key: 1.04}, expr="rate(x[5m])") == []
    assert _apart({key: 1.0}, {key: 2.0}, expr="rate(x[5m])") == [(key, 1.0, 2.0)]


def _differing(board: Board, hours: Hours, jobs: tuple[str, str], *, apart: Set[str]) -> list[Any]:
    found = []
    for question in board.questions:
        if not _names(question.expr) & apart:
            figures = [hours.of_panel(question, job=job, given=board.given) for job in jobs]
            if differences := _apart(*figures, expr=question.expr):
                found.append((question.name, len(differences), differences[:2]))
    return found


def _apart(one: Figures, two: Figures, *, expr: str = "") -> list[Any]:
    """Where figures differ, with both."""
    tolerance = ESTIMATED if re.search(r"\b(rate|increase)\b", expr) else 1e-9
    found = []
    for key in one.keys() | two.keys():
        values = one.get(key), two.get(key)
        given = [value for value in values if value is not None and not math.isnan(value)]
        if len(given) == 1 or (given and not math.isclose(*given, rel_tol=tolerance, abs_tol=1e-9)):
            found.append((key, *values))
    return sorted(found, key=str)


def _compared(expr: str) -> Iterator[str]:
    """The figures that an expression holds against a number."""
    for node in nodes(expr):
        part = node.expr
        if (
            isinstance(part, promql.BinaryExpr)
            and str(part.op) in COMPARISONS
            and isinstance(part.rhs, promql.NumberLiteral)
        ):
            yield part.lhs.prettify()


def _by_instance(figures: Figures) -> bool:
    """Whether these are of single targets, as what stands inside of a `max by (job, source)`."""
    return any("instance" in dict(labels) for labels, _ in figures)


def _names(expr: str) -> set[str]:
    """The series that an expression asks for."""
    return set(re.findall(r"\b(?:presence|process)_\w+|\bup\b|\bALERTS\b", expr))
