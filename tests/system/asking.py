"""Asks a real Prometheus what Grafana would ask it for a dashboard, and says what is wrong with the answers.

Knows windows, units and the API; which exceptions there are is the tests' business.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tests.kit.boards import fill

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.kit.boards import Question, Variable, Window
    from tests.system.prometheus import PrometheusServer

FRACTIONS: Final = {"percentunit": 1.0, "percent": 100.0}

BEYOND: Final = {
    ("exporter", "CPU", "A"): "several processors are more than one",
    ("rooms", "Part of the plan's minutes this month", "A"): "more can be used than the plan includes",
    ("chat", "Part of the limit of connections", "A"): "there can be more connections than the limit",
}
"""Parts of a whole that can be more than the whole: board, panel, letter, and why."""

NOT_NEGATIVE: Final = frozenset({
    "s", "ms", "m", "h", "d", "dtdurations", "short", "none", "locale", "reqps", "ops", "cps", "cpm", "opm",
    "reqpm", "bytes", "decbytes", "Bps", "binBps",
})  # fmt: skip

MOMENTS: Final = re.compile(r"dateTime\w+")
"""Grafana takes these for milliseconds."""

TRUTHS: Final = re.compile(r"bool(_\w+)?")

FREE: Final = frozenset({"annotation"})
"""Kinds of which only that they are there counts."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The numbers of an answer, NaN apart, and what the server had to say about the question."""

    values: Sequence[float]
    notes: Sequence[str]
    seconds: float


def ask(server: PrometheusServer, question: Question, *, window: Window, given: Mapping[str, str]) -> Answer:
    """Ask for the window, or for its end where the panel shows one moment."""
    window = window.of(question)
    expr = fill(question.expr, {**given, **window.values()})
    if question.instant:
        body, seconds = server.ask("query", query=expr, time=window.end)
    else:
        # Grafana begins at a multiple of the step.
        start = window.start // window.step * window.step
        body, seconds = server.ask("query_range", query=expr, start=start, end=window.end, step=window.step)
    return Answer(list(_values(body["data"]["result"])), _notes(body), seconds)


def offered(
    server: PrometheusServer, variable: Variable, *, window: Window, given: Mapping[str, str]
) -> list[str]:
    """The values of a variable, as Grafana asks for them."""
    selector = fill(variable.selector, {**given, **window.values()})
    body, _ = server.ask(
        f"label/{variable.label}/values", **{"match[]": selector, "start": window.start, "end": window.end}
    )
    assert not _notes(body), (variable, body)
    return list(body["data"])


def amiss(question: Question, values: Sequence[float]) -> str | None:
    """What cannot be true of these values, by the panel's unit, its limits and its words."""
    outside = [value for value in values if not _possible(question, value)]
    if outside:
        return f"{outside[:5]} cannot be: {question.unit!r} from {question.least} to {question.most}"
    if question.kind == "state-timeline" and (wordless := set(values) - question.words):
        return f"{sorted(wordless)[:5]} have no word"
    return None


def _possible(question: Question, value: float) -> bool:
    if TRUTHS.fullmatch(question.unit):
        return value in {0.0, 1.0}
    if MOMENTS.fullmatch(question.unit):
        return 1.5e12 < value < 4e12
    least, most = _limits(question)
    return least <= value <= most


def _limits(question: Question) -> tuple[float, float]:
    least, most = -math.inf, math.inf
    if question.unit in FRACTIONS:
        least = 0.0
        most = math.inf if question.key in BEYOND else FRACTIONS[question.unit]
    elif question.unit in NOT_NEGATIVE or question.kind == "heatmap":
        least = 0.0
    elif question.kind not in FREE:
        raise AssertionError(f"{question.name}: nobody says which values have the unit {question.unit!r}")
    return (
        max(least, -math.inf if question.least is None else question.least),
        min(most, math.inf if question.most is None else question.most),
    )


def _values(result: Sequence[Mapping[str, Any]]) -> Iterator[float]:
    for series in result:
        for _, value in series.get("values") or [series["value"]]:
            if value != "NaN":
                yield float(value)


def _notes(body: Mapping[str, Any]) -> list[str]:
    return [*body.get("warnings", ()), *body.get("infos", ())]
