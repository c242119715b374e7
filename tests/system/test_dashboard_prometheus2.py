"""The dashboards' queries are PromQL that the oldest Prometheus of the documentation understands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.kit.boards import Window, boards, fill

if TYPE_CHECKING:
    from tests.system.conftest import StartPrometheus

pytestmark = pytest.mark.system

HOUR = Window(start=1_700_000_000.0, end=1_700_003_600.0, every=60.0)


def test_prometheus_2_understands_every_query(prometheus_server: StartPrometheus) -> None:
    """It has nothing to answer, and says so without a complaint."""
    server = prometheus_server("{}", version=2)
    asked = {
        fill(question.expr, {**board.given, **HOUR.values()})
        for board in boards()
        for question in board.questions
    }

    for query in sorted(asked):
        assert server.query(query, moment=HOUR.end) == []
