"""Reads a classic dashboard: its panels, queries and the selectors in them.

Knows Grafana's JSON and PromQL, and no rule. Variables of Grafana stand for something that PromQL can
parse: time windows are lengths that nobody would write, so that they are told from written ones.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import promql_parser as promql

from tests.kit.promql import nodes as nodes_of
from tests.kit.promql import parts
from tests.programs import PROJECT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

Json: TypeAlias = "Mapping[str, Any]"

FOLDER: Final = PROJECT / "grafana" / "dashboards"

SILENT: Final = frozenset({"row", "text", "alertlist", "dashlist", "annolist"})
"""Types of panels that ask no data source."""

WINDOWS: Final = {"__rate_interval": timedelta(seconds=4242), "__range": timedelta(seconds=4243)}
"""What the time windows of Grafana are read as."""

_VARIABLE: Final = re.compile(r"\$\{(\w+)(?::\w+)?\}|\$(\w+)")
_STRING: Final = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)""")


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong, and the title of the panel where; empty where it is of the whole dashboard."""

    panel: str
    text: str


Rule: TypeAlias = "Callable[[Json], list[Complaint]]"


@dataclass(frozen=True, slots=True)
class Around:
    """A function or an aggregation around a selector; `by` is what an aggregation keeps, else None."""

    name: str
    by: frozenset[str] | None = None
    without: bool = False


@dataclass(frozen=True, slots=True)
class Selector:
    """A metric as a query asks for it; `around` begins with the innermost.

    A `guard` decides which others are shown, and is not shown itself: it is right of an `and` or `unless`.
    """

    name: str
    matchers: frozenset[tuple[str, str, str]]
    window: timedelta | None
    around: tuple[Around, ...]
    guard: bool

    @property
    def aggregations(self) -> list[Around]:
        """The aggregations around it, the innermost first."""
        return [each for each in self.around if each.by is not None]

    @property
    def functions(self) -> set[str]:
        """The names of the functions around it."""
        return {each.name for each in self.around if each.by is None}


@dataclass(frozen=True, slots=True)
class Target:
    """One query of a panel."""

    panel: Json
    query: Json

    @property
    def expr(self) -> str:
        """Its PromQL, as it is written."""
        return str(self.query.get("expr", ""))

    @property
    def title(self) -> str:
        """The title of its panel."""
        return title(self.panel)

    def selectors(self) -> list[Selector]:
        """The metrics that it asks for; none where it cannot be parsed, which is a rule of its own."""
        try:
            return selectors(self.expr)
        except ValueError:
            return []


def load(folder: Path = FOLDER) -> dict[str, Json]:
    """Return every dashboard of the folder by its file's name."""
    return {file.name: json.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.json"))}


def title(panel: Json) -> str:
    """Return what a complaint calls the panel."""
    return str(panel.get("title") or f"a {panel.get('type')} without a title")


def all_panels(dashboard: Json) -> list[Json]:
    """Return rows and panels, those inside of closed rows too."""
    found: list[Json] = []
    for panel in dashboard.get("panels", ()):
        found += [panel, *panel.get("panels", ())]
    return found


def panels(dashboard: Json) -> list[Json]:
    """Return what shows something: all but the rows."""
    return [panel for panel in all_panels(dashboard) if panel.get("type") != "row"]


def asking(dashboard: Json) -> list[Json]:
    """Return the panels that show data."""
    return [panel for panel in panels(dashboard) if panel.get("type") not in SILENT]


def targets(dashboard: Json) -> list[Target]:
    """Return all queries of panels."""
    return [Target(panel, query) for panel in panels(dashboard) for query in panel.get("targets", ())]


def variables(dashboard: Json) -> list[Json]:
    """Return the variables in their order."""
    return list(dashboard.get("templating", {}).get("list", ()))


def query_of(variable: Json) -> str:
    """Return the query of a variable, which is a text or in an object."""
    query = variable.get("query", "")
    return str(query.get("query", "") if isinstance(query, dict) else query)


def asked_by(variable: Json) -> list[Selector]:
    """Return the selectors of a query variable: `label_values(selector, label)` or `query_result(PromQL)`.

    Raises ValueError where it is neither.
    """
    text = query_of(variable)
    if found := re.fullmatch(r"label_values\((.+),\s*\w+\)", text):
        return selectors(found[1])
    if found := re.fullmatch(r"query_result\((.+)\)", text):
        return selectors(found[1])
    raise ValueError(f"{text!r} is no query of a variable")


def expanded(expr: str) -> str:
    """Return PromQL with something in the place of Grafana's variables; texts in quotes stay."""
    pieces = _STRING.split(expr)
    return "".join(text if index % 2 else _VARIABLE.sub(_value, text) for index, text in enumerate(pieces))


def _value(found: re.Match[str]) -> str:
    window = WINDOWS.get(found[1] or found[2])
    return "1" if window is None else f"{window.seconds}s"


def selectors(expr: str) -> list[Selector]:
    """Return the metrics of an expression with what is around each; ValueError where it is no PromQL."""
    return list(_selected(promql.parse(expanded(expr)), (), guard=False))


def _selected(node: promql.Expr, path: tuple[promql.Expr, ...], *, guard: bool) -> Iterator[Selector]:
    if isinstance(node, promql.VectorSelector):
        yield _selector(node, path, guard=guard)
    inner = (*path, node)
    if isinstance(node, promql.BinaryExpr):
        yield from _selected(node.lhs, inner, guard=guard)
        yield from _selected(node.rhs, inner, guard=guard or str(node.op) in {"and", "unless"})
    else:
        for each in parts(node):
            yield from _selected(each, inner, guard=guard)


def nodes(expr: str) -> list[promql.Expr]:
    """Return every part of an expression; ValueError where it is no PromQL."""
    return [each.expr for each in nodes_of(expanded(expr))]


def _selector(node: promql.VectorSelector, path: tuple[promql.Expr, ...], *, guard: bool) -> Selector:
    parent = path[-1] if path else None
    matchers = {(each.name, _OPERATORS[str(each.op)], each.value) for each in node.matchers.matchers}
    return Selector(
        node.name or next((value for name, _, value in matchers if name == "__name__"), ""),
        frozenset(matchers),
        parent.range if isinstance(parent, promql.MatrixSelector) else None,
        tuple(_around(reversed(path))),
        guard,
    )


def _around(path: Iterator[promql.Expr]) -> Iterator[Around]:
    for node in path:
        if isinstance(node, promql.Call):
            yield Around(node.func.name)
        elif isinstance(node, promql.AggregateExpr):
            kept = frozenset(node.modifier.labels if node.modifier else ())
            without = node.modifier is not None and node.modifier.type == promql.AggModifierType.Without
            yield Around(str(node.op), kept, without)


_OPERATORS: Final = {
    "MatchOp.Equal": "=",
    "MatchOp.NotEqual": "!=",
    "MatchOp.Re": "=~",
    "MatchOp.NotRe": "!~",
}
