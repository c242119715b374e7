"""Colours, thresholds and words of values. Knows no query and no panel.

The colours are those of Okabe and Ito, which can be told apart with every kind of colour vision. The same
state has the same colour on every board, and no state is told by its colour alone: a word or a number is
with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana_foundation_sdk.models import dashboard as model

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

GOOD = "#009E73"
ATTENTION = "#E69F00"
BAD = "#D55E00"
UNKNOWN = "#999999"
NEUTRAL = "#56B4E9"

# What panels write where there is no value.
NO_VALUE = "unknown"

STATUS_COLOURS = {
    "online": GOOD,
    "away": ATTENTION,
    "busy": BAD,
    "offline": "#0072B2",
    "unknown": "#CC79A7",
}
"""Colour of each status of Rocket.Chat, by the value of the label `status`."""


def thresholds(*steps: tuple[float, str], base: str = NEUTRAL) -> model.ThresholdsConfig:
    """Steps of colour, each from its value upwards; `base` below the first."""
    first = model.Threshold(value=None, color=base)
    rest = [model.Threshold(value=value, color=colour) for value, colour in steps]
    return model.ThresholdsConfig(mode=model.ThresholdsMode.ABSOLUTE, steps=[first, *rest])


AGE = thresholds((120, ATTENTION), (300, BAD), base=GOOD)
"""Age of data in seconds: more than two scrapes of a minute are worth a look, five minutes are stale."""


def words(values: Mapping[str, tuple[str, str]]) -> list[model.ValueMap]:
    """Write a word with its colour for each value, as `{"1": ("ok", GOOD)}`."""
    results = {
        value: model.ValueMappingResult(text=text, color=colour, index=index)
        for index, (value, (text, colour)) in enumerate(values.items())
    }
    return [model.ValueMap(options=results)]


SUCCESS = words({"1": ("ok", GOOD), "0": ("failed", BAD)})
"""Words for `presence_up` and `presence_collector_success`."""

REACHED = words({"1": ("reached", GOOD), "0": ("not reached", BAD)})
"""Words for `up`."""

KEPT = words({"1": ("yes", GOOD), "0": ("in memory only", ATTENTION)})
"""Words for `presence_ledger_persistent`."""


def fixed(colour: str) -> model.FieldColor:
    """One colour for all that a panel or a field shows."""
    return model.FieldColor(mode=model.FieldColorModeId.FIXED, fixed_color=colour)


BY_THRESHOLD = model.FieldColor(mode=model.FieldColorModeId.THRESHOLDS)
BY_NAME = model.FieldColor(mode=model.FieldColorModeId.PALETTE_CLASSIC_BY_NAME)


def override(matcher: tuple[str, str], /, **properties: object) -> model.DashboardFieldConfigSourceOverrides:
    """Change a field: `matcher` as `("byName", "room")` or `("byRegexp", ".*busy.*")`.

    A property's name has `_` for the `.` of Grafana's after `custom`: `custom_hidden=True`, `unit="s"`.
    """
    return model.DashboardFieldConfigSourceOverrides(
        matcher=model.MatcherConfig(id_val=matcher[0], options=matcher[1]),
        properties=[
            model.DynamicConfigValue(id_val=name.replace("custom_", "custom.", 1), value=value)
            for name, value in properties.items()
        ],
    )


def status_colours(
    statuses: Sequence[str],
) -> list[model.DashboardFieldConfigSourceOverrides]:
    """Give each series whose name has a status in it the colour of that status."""
    return [
        override(("byRegexp", rf"/\b{status}\b/"), color=fixed(STATUS_COLOURS[status])) for status in statuses
    ]
