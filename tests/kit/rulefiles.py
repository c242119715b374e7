"""The files in `rules` as tests look at them: groups, rules and promtool's tests; runs nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import promql_parser as promql
import yaml

from tests.programs import PROJECT

FOLDER: Final = PROJECT / "rules"
RECORDS: Final = FOLDER / "presence.rules.yml"
ALERTS: Final = FOLDER / "presence.alerts.yml"
TESTS: Final = tuple(sorted((FOLDER / "tests").glob("*.test.yml")))


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule with the name of its group; `body` is what the file says."""

    name: str
    group: str
    body: dict[str, Any]

    @property
    def expr(self) -> str:
        """Its expression."""
        return str(self.body["expr"])

    @property
    def annotations(self) -> dict[str, str]:
        """Those of an alert."""
        return dict(self.body["annotations"])

    def seconds(self, key: str) -> float:
        """A duration of an alert: `for` or `keep_firing_for`."""
        return promql.parse_duration(self.body[key]).total_seconds()


def groups(file: Path) -> list[dict[str, Any]]:
    """The groups of a file as they stand there."""
    return list(yaml.safe_load(file.read_text(encoding="utf-8"))["groups"])


def rules(file: Path) -> list[Rule]:
    """All rules of a file, in its order."""
    return [
        Rule(body.get("alert") or body["record"], group["name"], body)
        for group in groups(file)
        for body in group["rules"]
    ]


@cache
def promtool_test(file: Path) -> dict[str, Any]:
    """A file that promtool runs as it stands there."""
    return dict(yaml.safe_load(file.read_text(encoding="utf-8")))


def promtool_tests() -> list[dict[str, Any]]:
    """The tests of all files."""
    return [test for file in TESTS for test in promtool_test(file)["tests"]]


def samples(values: str) -> list[float]:
    """The samples of a series in promtool's short form; those that are missing are left out."""
    found = []
    for part in values.split():
        said = re.fullmatch(r"(-?[\d.]+)(?:([+-][\d.]+))?(?:x(\d+))?", part)
        if said:
            first, by, times = said.groups(default="0")
            found += [float(first) + float(by) * number for number in range(int(times) + 1)]
    return found
