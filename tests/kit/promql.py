"""The parts of a PromQL query, each with what it stands in; knows no metric."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import promql_parser as promql


@dataclass(frozen=True, slots=True)
class Node:
    """A part of a query with what it stands in, from the outside in."""

    expr: promql.Expr
    around: tuple[promql.Expr, ...] = ()

    @property
    def series(self) -> str | None:
        """The name of the series that is selected here; None where this selects nothing."""
        return (self.expr.name or "") if isinstance(self.expr, promql.VectorSelector) else None

    @property
    def functions(self) -> list[str]:
        """The functions that this is given to, the outermost first."""
        return [each.func.name for each in self.around if isinstance(each, promql.Call)]

    @property
    def aggregations(self) -> list[promql.AggregateExpr]:
        """The aggregations that this is given to, the outermost first."""
        return [each for each in self.around if isinstance(each, promql.AggregateExpr)]

    @property
    def labels(self) -> set[str]:
        """The labels that this part itself names."""
        match self.expr:
            case promql.VectorSelector():
                return {matcher.name for matcher in self.expr.matchers.matchers}
            case promql.AggregateExpr():
                return grouping(self.expr)
            case promql.BinaryExpr(modifier=promql.BinModifier() as modifier):
                matching = modifier.matching.labels if modifier.matching else ()
                return {*matching, *(modifier.group_labels or ())}
            case _:
                return set()


def grouping(aggregation: promql.AggregateExpr) -> set[str]:
    """The labels by which is aggregated, or without which."""
    return set(aggregation.modifier.labels) if aggregation.modifier else set()


def nodes(query: str) -> list[Node]:
    """All parts of a query; raises `ValueError` where it is none."""
    return list(_walk(Node(promql.parse(query))))


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for inner in parts(node.expr):
        yield from _walk(Node(inner, (*node.around, node.expr)))


def parts(expr: promql.Expr) -> list[promql.Expr]:
    """What an expression is directly made of; numbers and words that a function is given are parts too."""
    match expr:
        case promql.BinaryExpr():
            return [expr.lhs, expr.rhs]
        case promql.Call():
            return list(expr.args)
        case promql.MatrixSelector():
            return [expr.vector_selector]
        case promql.AggregateExpr() | promql.ParenExpr() | promql.SubqueryExpr() | promql.UnaryExpr():
            return [expr.expr]
        case _:
            return []
