"""Faults that could creep into an alert, each of which a promtool test must notice; runs nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import promql_parser as promql

if TYPE_CHECKING:
    from datetime import timedelta

    from tests.kit.rulefiles import Rule

_LIMIT: Final = re.compile(r"(?<![\w.\[\"])(\d+(?:\.\d+)?)(?![\w.\]\"])")


def mutants(alert: Rule, *, step: timedelta) -> Iterator[tuple[str, Rule]]:
    """What is wrong, and the alert that is wrong so: first that it fires too late or by another limit.

    Times are wrong by `step`, the time between two evaluations.
    """
    yield _later(alert, "for", step)
    wrong = [(what, _changed(alert, "expr", expr)) for what, expr in _expressions(alert.expr.strip() + "\n")]
    yield from wrong[:1]
    yield _later(alert, "for", -step)
    yield _later(alert, "keep_firing_for", step)
    yield _later(alert, "keep_firing_for", -step)
    yield from wrong[1:]


def limits(expr: str) -> list[str]:
    """The numbers of an expression that are neither 0 nor 1, as they are written."""
    return [number for number in _LIMIT.findall(expr) if float(number) not in {0.0, 1.0}]


def _expressions(expr: str) -> Iterator[tuple[str, str]]:
    for number in limits(expr):
        for factor in (1.25, 0.8):
            other = f"{float(number) * factor:g}"
            yield f"{other} for {number}", re.sub(rf"(?<![\w.]){re.escape(number)}(?![\w.])", other, expr)
    for right, wrong in _SLIPS:
        if right in expr:
            yield f"{wrong} for {right}", expr.replace(right, wrong)


_SLIPS: Final = (
    ("== 0", ">= 0"),
    (") > 0\n", ") >= 0\n"),
    (") > 0,", ") >= 0,"),
    ("[5m]) == 1\n", "[5m]) >= 0\n"),
    ("[5m])) == 1", "[5m])) >= 0"),
    ('le="600.0"', 'le="900.0"'),
    ('le="600.0"', 'le="300.0"'),
    ("max by (job, source", "min by (job, source"),
    ("max by (job)", "min by (job)"),
    ("(?i)on-?", "on-?"),
    ("-?_?call.*", "-?_?call"),
    ('status!="offline"', 'status="online"'),
    ("unless on (job)", "and on (job)"),
    (" or absent(", " and absent("),
)


def _later(alert: Rule, key: str, by: timedelta) -> tuple[str, Rule]:
    after = promql.parse_duration(alert.body[key]) + by
    said = promql.display_duration(after) if after else "0s"
    return f"{key}: {said}", _changed(alert, key, said)


def _changed(alert: Rule, key: str, value: Any) -> Rule:
    return replace(alert, body={**alert.body, key: value})
