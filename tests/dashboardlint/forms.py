"""Rules for how answers are asked for, so that the panel can show them: formats, heatmaps, exemplars.

Knows Grafana's types of panels and the exporter's histograms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.dashboardlint.known import EMITS_EXEMPLARS, family
from tests.dashboardlint.linter import UNITS
from tests.dashboardlint.reading import Complaint, asking, targets, title

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.dashboardlint.reading import Json, Rule, Target

FORMS: Final = {"heatmap": "heatmap", "table": "table"}
"""The format of a query by the type of its panel; `time_series` for all others."""


def targets_suit_their_panel(dashboard: Json) -> list[Complaint]:
    """Each query has a letter of its own and the format of its panel; tables ask for one moment."""
    found = []
    for panel in asking(dashboard):
        letters = [each.get("refId") for each in panel.get("targets", ())]
        if None in letters or len(letters) != len(set(letters)):
            found.append(Complaint(title(panel), f"queries need letters of their own: {letters}"))
        kind = str(panel.get("type"))
        for query in panel.get("targets", ()):
            if query.get("format") != FORMS.get(kind, "time_series"):
                found.append(Complaint(title(panel), f"format {query.get('format')} on a {kind}"))
            if bool(query.get("instant")) == bool(query.get("range")):
                found.append(Complaint(title(panel), "a query asks for a moment or for a range"))
            if kind == "table" and not query.get("instant"):
                found.append(Complaint(title(panel), "a table asks for one moment"))
    return found


def heatmaps(dashboard: Json) -> list[Complaint]:
    """A heatmap takes the exporter's own buckets as rows, adds none up, and says the units of both."""
    found = []
    for panel in asking(dashboard):
        if panel.get("type") != "heatmap":
            continue
        options = panel.get("options", {})
        if options.get("calculate") is not False:
            found.append(Complaint(title(panel), "a heatmap must not make buckets of its own"))
        if options.get("filterValues", {}).get("le", 0) >= 0:
            found.append(Complaint(title(panel), "a heatmap must draw 0: what is blank is unknown"))
        unitless = [
            each for each in ("yAxis", "cellValues") if options.get(each, {}).get("unit") not in UNITS
        ]
        found += [Complaint(title(panel), f"the {each} of a heatmap needs a unit") for each in unitless]
        for target in (each for each in targets(dashboard) if each.panel is panel):
            found += [Complaint(title(panel), text) for text in _not_buckets(target)]
    return found


def _not_buckets(target: Target) -> Iterator[str]:
    if target.query.get("legendFormat") != "{{le}}":
        yield "the rows of a heatmap are named {{le}}"
    buckets = [each for each in target.selectors() if each.name.endswith("_bucket")]
    if not buckets:
        yield "a heatmap shows the buckets of a histogram"
    for each in buckets:
        if any("le" not in (around.by or ()) for around in each.aggregations):
            yield f"{each.name} loses its le"


def exemplars(dashboard: Json) -> list[Complaint]:
    """Only what has exemplars is asked for them, and over a range."""
    return [
        Complaint(target.title, f"{each.name} has no exemplars, or none at one moment")
        for target in targets(dashboard)
        if target.query.get("exemplar")
        for each in target.selectors()
        if not each.guard
        if family(each.name) not in EMITS_EXEMPLARS or target.query.get("instant")
    ]


RULES: Final[tuple[Rule, ...]] = (
    targets_suit_their_panel,
    heatmaps,
    exemplars,
)
