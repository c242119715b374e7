"""Rules for what people see: words beside colours, one colour for one state, gaps where nothing is known.

Knows Grafana's options of fields, and the words that the boards agree on.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from grafana.boards.looks import ATTENTION, BAD, GOOD, NEUTRAL, STATUS_COLOURS, UNKNOWN
from tests.dashboardlint.linter import UNITS
from tests.dashboardlint.reading import Complaint, Target, all_panels, asking, panels, targets, title

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.dashboardlint.reading import Json, Rule

WHOLES: Final = {
    "presence_users": "status",
    "presence_group_users": "status",
    "presence_upstream_requests_total": "code",
    "presence_exporter_http_requests_total": "code",
    "presence_collector_failures_total": "reason",
}
"""Metrics of which the series of one label are the parts of a whole, so that they may be stacked."""

PALETTE: Final = frozenset({GOOD, ATTENTION, BAD, UNKNOWN, NEUTRAL, *STATUS_COLOURS.values()})

FRESHNESS: Final = "presence_collector_last_success_timestamp_seconds"


def absence_is_explained(dashboard: Json) -> list[Complaint]:
    """Each description says what it means when the panel shows no data."""
    return [
        Complaint(title(panel), "does not say what no data means")
        for panel in panels(dashboard)
        if panel.get("type") != "text"
        if not re.search(r"\bno data\b", str(panel.get("description")), re.IGNORECASE)
    ]


def purpose_first(dashboard: Json) -> list[Complaint]:
    """A text at the top says what the board is for, and each row asks a question."""
    kinds = [each.get("type") for each in dashboard.get("panels", ())]
    found = [] if kinds[:1] == ["text"] else [Complaint("", "must begin with a text on its purpose")]
    rows = [each for each in all_panels(dashboard) if each.get("type") == "row"]
    return found + [
        Complaint(title(each), "is a row that asks no question")
        for each in rows
        if not str(each.get("title")).endswith("?")
    ]


def freshness(dashboard: Json) -> list[Complaint]:
    """Every board shows how old its data are, so that a frozen vendor never looks like a quiet office."""
    if any(each.name == FRESHNESS for target in targets(dashboard) for each in target.selectors()):
        return []
    return [Complaint("", "does not show how old its data are")]


def units_are_known(dashboard: Json) -> list[Complaint]:
    """Wherever a field's unit is set, it is one that Grafana knows."""
    return [
        Complaint(title(panel), f"the unit {value} is unknown to Grafana")
        for panel in panels(dashboard)
        for name, value in _settings(panel)
        if name == "unit" and value not in UNITS
    ]


def gaps_stay(dashboard: Json) -> list[Complaint]:
    """No line goes over a time of which nothing is known, and nothing is drawn as 0 there."""
    found = []
    for panel in asking(dashboard):
        custom = panel.get("fieldConfig", {}).get("defaults", {}).get("custom", {})
        if panel.get("type") in {"timeseries", "trend"} and custom.get("spanNulls") is not False:
            found.append(Complaint(title(panel), "spanNulls must be false"))
        bridged = [
            name for name, value in _settings(panel) if name == "custom.spanNulls" and value is not False
        ]
        filling = [
            name
            for name, value in _settings(panel)
            if name == "nullValueMode" or (name, value) == ("noValue", "0")
        ]
        found += [Complaint(title(panel), f"{each} hides what is unknown") for each in (*bridged, *filling)]
    return found


def words_beside_colours(dashboard: Json) -> list[Complaint]:
    """No state is told by its colour alone: each value has a word, and words, numbers and names are shown."""
    found = []
    for panel in asking(dashboard):
        for _, value in _settings(panel, only="mappings"):
            found += [
                Complaint(title(panel), f"a value has a colour and no word: {result}")
                for result in _results(value)
                if not result.get("text")
            ]
        found += [Complaint(title(panel), text) for text in _wordless(panel)]
    return found


def _wordless(panel: Json) -> Iterator[str]:
    options = panel.get("options", {})
    kind = panel.get("type")
    if kind in {"state-timeline", "status-history"}:
        if options.get("showValue") not in {"auto", "always"}:
            yield "states are shown without their words"
        if not panel.get("fieldConfig", {}).get("defaults", {}).get("mappings"):
            yield "states have no words"
    if kind == "stat" and options.get("textMode") == "none":
        yield "the value is not shown"
    if kind == "bargauge" and options.get("valueMode") == "hidden":
        yield "the values are not shown"
    if kind == "timeseries" and options.get("legend", {}).get("showLegend") is not True:
        yield "lines are told by their colours alone"


def _results(mappings: Any) -> Iterator[Json]:
    for mapping in mappings or ():
        options = mapping.get("options", {})
        yield from options.values() if mapping.get("type") == "value" else [options.get("result", {})]


def colours_of_states(dashboard: Json) -> dict[str, set[str]]:
    """Return the colours that each state has: words of values, and series that are named for one."""
    found: dict[str, set[str]] = defaultdict(set)
    for panel in asking(dashboard):
        config = panel.get("fieldConfig", {})
        for _, value in _settings(panel, only="mappings"):
            for result in _results(value):
                if result.get("color"):
                    found[str(result.get("text")).lower()].add(result["color"])
        for override in config.get("overrides", ()):
            for state in re.findall(r"[a-z]{3,}", str(override["matcher"].get("options")).lower()):
                for each in override.get("properties", ()):
                    if each.get("id") == "color" and (each.get("value") or {}).get("mode") == "fixed":
                        found[state].add(each["value"]["fixedColor"])
    return found


def one_colour_for_one_state(dashboard: Json) -> list[Complaint]:
    """The same word has the same colour, whatever panel it is on."""
    return [
        Complaint("", f"{state} has the colours {', '.join(sorted(colours))}")
        for state, colours in sorted(colours_of_states(dashboard).items())
        if len(colours) > 1
    ]


def colours_are_told_apart(dashboard: Json) -> list[Complaint]:
    """Colours of states are those of the palette, which differ for every kind of colour vision."""
    found = []
    for panel in asking(dashboard):
        for name, value in _settings(panel):
            used = set(_colours(name, value))
            found += [
                Complaint(title(panel), f"{each} is none of our colours") for each in sorted(used - PALETTE)
            ]
    return found


def _colours(name: str, value: Any) -> Iterator[str]:
    if name == "color" and (value or {}).get("mode") == "fixed":
        yield str(value.get("fixedColor"))
    elif name == "thresholds":
        yield from (str(step.get("color")) for step in (value or {}).get("steps", ()))
    elif name == "mappings":
        yield from (str(result["color"]) for result in _results(value) if result.get("color"))


def stacked_parts(dashboard: Json) -> list[Complaint]:
    """Only the parts of a whole are put on each other, each of them once."""
    found = []
    for panel in asking(dashboard):
        modes = [value for name, value in _settings(panel) if name == "custom.stacking"]
        stacked = any((mode or {}).get("mode", "none") != "none" for mode in modes)
        for target in (Target(panel, each) for each in panel.get("targets", ())) if stacked else ():
            found += [
                Complaint(title(panel), f"{each.name} is stacked by {', '.join(sorted(kept)) or 'nothing'}")
                for each in target.selectors()
                for kept in [each.aggregations[-1].by or frozenset() if each.aggregations else frozenset()]
                if not each.guard
                if each.name not in WHOLES or kept != {WHOLES[each.name]}
            ]
    return found


def _settings(panel: Json, only: str = "") -> Iterator[tuple[str, Any]]:
    config = panel.get("fieldConfig", {})
    defaults = dict(config.get("defaults", {}))
    custom = defaults.pop("custom", None) or {}
    settings = list(defaults.items()) + [(f"custom.{name}", value) for name, value in custom.items()]
    for override in config.get("overrides", ()):
        settings += [(str(each.get("id")), each.get("value")) for each in override.get("properties", ())]
    yield from (each for each in settings if only in {"", each[0]})


RULES: Final[tuple[Rule, ...]] = (
    absence_is_explained,
    purpose_first,
    freshness,
    units_are_known,
    gaps_stay,
    words_beside_colours,
    one_colour_for_one_state,
    colours_are_told_apart,
    stacked_parts,
)
