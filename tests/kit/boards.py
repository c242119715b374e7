"""The questions that Grafana asks Prometheus for a dashboard, with every variable filled in.

Knows Grafana's classic JSON and its rules for windows and steps, and nothing of a server or of our metrics.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from tests.programs import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

FOLDER: Final = PROJECT / "grafana" / "dashboards"

ALL: Final = ".+"
"""What a variable stands for when everything is chosen."""

POINTS: Final = 1000
"""Points that a panel of usual width asks for."""

_VARIABLE: Final = re.compile(r"\$\{(\w+)(?::\w+)?\}|\$(\w+)|\[\[(\w+)\]\]")
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


@dataclass(frozen=True, slots=True)
class Window:
    """A time range (Unix seconds) on a data source whose scrapes are `every` seconds apart.

    A panel may want no step finer than so many seconds, and no more than so many points.
    """

    start: float
    end: float
    every: float
    finest: float = 0.0
    points: int = POINTS

    @property
    def step(self) -> float:
        """Seconds between two points: never less than between two scrapes."""
        return max(self.every, self.finest, round((self.end - self.start) / self.points))

    def of(self, question: Question) -> Window:
        """The window of a panel that has a time range or a step of its own.

        A day or a month that has just begun has nothing to show yet: it is an hour old at least.
        """
        start = self.start
        if question.since.startswith("now/"):
            now = datetime.fromtimestamp(self.end, UTC)
            begin = now.replace(hour=0, minute=0, second=0, microsecond=0)
            begin = begin.replace(day=1) if question.since == "now/M" else begin
            start = min(begin.timestamp(), self.end - 3600)
        elif question.since:
            start = self.end - length(question.since)
        return replace(self, start=start, finest=question.finest, points=question.points)

    def values(self) -> dict[str, str]:
        """What Grafana's own variables stand for."""
        length = round(self.end - self.start)
        return {
            "__interval": f"{round(self.step)}s",
            "__interval_ms": str(round(1000 * self.step)),
            "__rate_interval": f"{round(max(self.step + self.every, 4 * self.every))}s",
            "__range": f"{length}s",
            "__range_s": str(length),
            "__range_ms": str(1000 * length),
        }


@dataclass(frozen=True, slots=True)
class Question:
    """One query of a panel, or of an annotation; `letter` tells those of one panel apart."""

    board: str
    panel: str
    letter: str
    expr: str
    instant: bool = False
    kind: str = "annotation"
    unit: str = ""
    least: float | None = None
    most: float | None = None
    words: frozenset[float] = field(default_factory=frozenset)
    """The values that the panel has a word for."""
    since: str = ""
    """The panel's own time range: `now/d` is today, `1h` the last hour; empty for the dashboard's."""
    finest: float = 0.0
    """Seconds; no step of the panel is finer."""
    points: int = POINTS
    """The panel asks for no more of them."""

    @property
    def key(self) -> tuple[str, str, str]:
        """By what tables of exceptions know it."""
        return self.board, self.panel, self.letter

    @property
    def name(self) -> str:
        """What a test calls it."""
        return " / ".join(self.key)


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable whose values Prometheus knows: those of a label of these series, or of an expression."""

    board: str
    name: str
    selector: str
    label: str


@dataclass(frozen=True, slots=True)
class Board:
    """A dashboard's questions, in their order, and the seconds that it shows by default."""

    name: str
    questions: tuple[Question, ...]
    variables: tuple[Variable, ...]
    given: Mapping[str, str]
    """The values of all variables when all is chosen, or as they are delivered."""
    range: float


def boards(folder: Path = FOLDER) -> list[Board]:
    """Read all dashboards of the folder."""
    return [
        read(file.stem, json.loads(file.read_text(encoding="utf-8")))
        for file in sorted(folder.glob("*.json"))
    ]


def read(name: str, dashboard: Mapping[str, Any]) -> Board:
    """Read one dashboard."""
    listed = dashboard["templating"]["list"]
    asked = [question for panel in _panels(dashboard) for question in _of_panel(name, panel)]
    asked += [
        Question(name, "annotations", each["name"], each.get("target", {}).get("expr") or each["expr"])
        for each in dashboard["annotations"]["list"]
        if not each.get("builtIn")
    ]
    return Board(
        name,
        tuple(asked),
        tuple(_variable(name, each) for each in listed if each["type"] == "query"),
        {each["name"]: _given(each) for each in listed},
        length(dashboard["time"]["from"].removeprefix("now-")),
    )


def fill(expr: str, values: Mapping[str, str]) -> str:
    """Put values in the place of variables; `KeyError` for one that nobody knows."""
    return _VARIABLE.sub(lambda found: values[found[1] or found[2] or found[3]], expr)


def _panels(dashboard: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Those in closed rows, too."""
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", ())


def _of_panel(board: str, panel: Mapping[str, Any]) -> Iterator[Question]:
    config = panel.get("fieldConfig", {})
    for target in panel.get("targets", ()):
        if target.get("hide"):
            continue
        shown = dict(config.get("defaults", {}))
        for override in config.get("overrides", ()):
            if _meant(override["matcher"], target, panel=panel):
                shown |= {each["id"]: each["value"] for each in override["properties"]}
        yield Question(
            board,
            panel["title"],
            target["refId"],
            target["expr"],
            instant=bool(target.get("instant")),
            kind=panel["type"],
            unit=shown.get("unit", ""),
            least=shown.get("min"),
            most=shown.get("max"),
            words=frozenset(_words(shown.get("mappings", ()))),
            since=panel.get("timeFrom", ""),
            finest=length(panel.get("interval") or "0s"),
            points=panel.get("maxDataPoints") or POINTS,
        )


def _meant(matcher: Mapping[str, Any], target: Mapping[str, Any], *, panel: Mapping[str, Any]) -> bool:
    """Whether an override is about this query: by its letter, or by a name that its values get."""
    letter = target["refId"]
    if matcher["id"] == "byFrameRefID":
        return bool(matcher["options"] == letter)
    names = {target.get("legendFormat"), "Value", f"Value #{letter}"}
    for transformation in panel.get("transformations", ()):
        renamed = transformation.get("options", {}).get("renameByName", {})
        names |= {new for old, new in renamed.items() if old in names}
    return bool(matcher["id"] == "byName" and matcher["options"] in names)


def _words(mappings: Any) -> Iterator[float]:
    for mapping in mappings:
        if mapping["type"] == "value":
            yield from map(float, mapping["options"])


def _variable(board: str, variable: Mapping[str, Any]) -> Variable:
    query = variable["query"]
    text = query if isinstance(query, str) else query["query"]
    found = re.fullmatch(r"label_values\((.+),\s*(\w+)\)", text, re.DOTALL)
    assert found, f"{board}: the variable {variable['name']} asks {text!r}"
    return Variable(board, variable["name"], found[1], found[2])


def _given(variable: Mapping[str, Any]) -> str:
    if variable["type"] == "query":
        return str(variable.get("allValue") or ALL)
    value = variable.get("current", {}).get("value", variable.get("query", ""))
    return str(value)


def length(text: str) -> float:
    """Seconds of a length as `90s`, `5m` or `7d`."""
    found = re.fullmatch(r"(\d+)([smhdw])", text)
    assert found, f"{text!r} is no length of time"
    return int(found[1]) * _UNITS[found[2]]
