"""The totals of the dashboards, computed by Prometheus's own PromQL: a part is never shown as the whole."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from grafana.boards.queries import promql, total

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.conftest import Promtool

pytestmark = pytest.mark.system

PEOPLE = total("max by (job, source) (presence_participants{@source})", collector="presence", kind="daily")


@dataclass(frozen=True, slots=True)
class Shown:
    """What one exporter shows of one source, in promtool's notation: one value a minute, `x` repeats."""

    source: str
    success: str
    people: str
    instance: str = "a"
    kind: str = "daily"
    there: str = "1x90"

    def series(self) -> list[dict[str, str]]:
        """Beside the collector in question there is one that always fails and decides nothing."""
        labels = f'job="presence", instance="{self.instance}", source="{self.source}"'
        shown = {
            f'presence_source_info{{{labels}, kind="{self.kind}"}}': self.there,
            f'presence_collector_success{{{labels}, collector="presence"}}': self.success,
            f'presence_collector_success{{{labels}, collector="meetings"}}': self.there.replace("1x", "0x"),
            f"presence_participants{{{labels}}}": self.people,
        }
        return [{"series": name, "values": values} for name, values in shown.items()]


HALL = Shown("hall", success="1x90", people="3x90")
DOOR = Shown("door", success="1x90", people="4x90")

CASES: dict[str, tuple[list[Shown], dict[int, int | None]]] = {
    "all sources are known": ([HALL, DOOR], {2: 7}),
    "one source fails, and comes back": (
        [HALL, Shown("door", success="1 0 0 1x90", people="4 stale _ 5x90")],
        {0: 7, 1: None, 2: None, 3: 8},
    ),
    "nobody is there, which is known": ([Shown("door", success="1x90", people="0x90")], {2: 0}),
    "a source of the other kind fails": (
        [HALL, Shown("chat", success="0x90", people="_", kind="rocketchat")],
        {2: 3},
    ),
    "one of two replicas fails": (
        [HALL, Shown("hall", success="0x90", people="_", instance="b")],
        {2: 3},
    ),
    "both replicas see the same people": (
        [HALL, Shown("hall", success="1x90", people="3x90", instance="b")],
        {2: 3},
    ),
    "an exporter is gone, and after an hour forgotten": (
        [HALL, Shown("door", success="1 stale", people="4 stale", there="1 stale")],
        {0: 7, 1: None, 59: None, 61: 3},
    ),
    "there is no source at all": ([], {2: None}),
}


@pytest.mark.parametrize("name", CASES)
def test_a_total_is_whole_or_not_there(name: str, promtool: Promtool, tmp_path: Path) -> None:
    """While one source of its kind is unknown, so is the sum over all of them."""
    shown, expected = CASES[name]
    query = promql(PEOPLE)
    for variable in ("$job", "$instance", "$source"):
        query = query.replace(variable, ".+")
    asked = [
        {
            "expr": query,
            "eval_time": f"{minute}m",
            "exp_samples": [] if value is None else [{"labels": "{}", "value": value}],
        }
        for minute, value in expected.items()
    ]
    series = [each for source in shown for each in source.series()]
    test = {"interval": "1m", "input_series": series, "promql_expr_test": asked}
    file = tmp_path / "totals.test.yml"
    file.write_text(json.dumps({"rule_files": [], "evaluation_interval": "1m", "tests": [test]}))

    done = promtool("test", "rules", str(file))

    assert done.returncode == 0, done.stdout + done.stderr
