"""The kinds of panels, each with the question it answers and what it means when it is empty.

Nothing here joins points over a gap or takes null for 0: what is unknown is a gap, or the word for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from grafana_foundation_sdk.models import common, heatmap, stat, statetimeline, timeseries
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models import text as textpanel

from grafana.boards import looks
from grafana.boards.queries import DATASOURCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grafana_foundation_sdk.models import prometheus

_LAST = common.ReduceDataOptions(values=False, calcs=["lastNotNull"], fields="")


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """A panel's title, the question it answers, and what "no data" means in it; both are sentences."""

    title: str
    question: str
    absent: str

    @property
    def description(self) -> str:
        """Say both in the words of the panel's tooltip (Markdown)."""
        return f"{self.question}\n\n**No data:** {self.absent}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How values are written and coloured; a unit is an id of Grafana's, as `s`, `short`, `none`, `reqps`."""

    unit: str = "none"
    decimals: int | None = None
    least: float | None = None
    most: float | None = None
    colour: model.FieldColor = looks.BY_NAME
    thresholds: model.ThresholdsConfig = field(default_factory=looks.thresholds)
    words: Sequence[model.ValueMap] = ()
    overrides: Sequence[model.DashboardFieldConfigSourceOverrides] = ()

    def settings(self, custom: object = None) -> model.FieldConfigSource:
        """Say it in Grafana's terms."""
        defaults = model.FieldConfig(
            unit=self.unit,
            decimals=self.decimals,
            min_val=self.least,
            max_val=self.most,
            color=self.colour,
            thresholds=self.thresholds,
            mappings=list(self.words),
            no_value=looks.NO_VALUE,
            custom=custom,
        )
        return model.FieldConfigSource(defaults=defaults, overrides=list(self.overrides))


def panel(
    kind: str,
    about: About,
    *,
    queries: Sequence[prometheus.Dataquery],
    options: object,
    settings: model.FieldConfigSource,
    transformations: Sequence[model.DataTransformerConfig] = (),
) -> model.Panel:
    """Make a panel of any kind; its place and number come with the layout."""
    for index, query in enumerate(queries):
        query.ref_id = chr(ord("A") + index)
    return model.Panel(
        type_val=kind,
        title=about.title,
        description=about.description,
        datasource=DATASOURCE,
        targets=list(queries),
        transformations=list(transformations) or None,
        options=options,
        field_config=settings,
    )


def number(about: About, *queries: prometheus.Dataquery, look: Look | None = None) -> model.Panel:
    """Big numbers of this moment, one for each series.

    The queries are `now(…)`: the last value of a range would go on showing what has since become unknown.
    """
    options = stat.Options(
        graph_mode=common.BigValueGraphMode.NONE,
        color_mode=common.BigValueColorMode.VALUE,
        justify_mode=common.BigValueJustifyMode.AUTO,
        text_mode=common.BigValueTextMode.AUTO,
        reduce_options=_LAST,
        orientation=common.VizOrientation.AUTO,
    )
    settings = (look or Look(colour=looks.BY_THRESHOLD)).settings()
    return panel("stat", about, queries=queries, options=options, settings=settings)


def lines(
    about: About,
    *queries: prometheus.Dataquery,
    look: Look | None = None,
    parts: bool = False,
    bars: bool = False,
) -> model.Panel:
    """Values over time; `parts` stacks them, and is only for parts of one whole."""
    custom = common.GraphFieldConfig(
        draw_style=common.GraphDrawStyle.BARS if bars else common.GraphDrawStyle.LINE,
        line_width=1,
        fill_opacity=60 if parts or bars else 0,
        show_points=common.VisibilityMode.AUTO,
        span_nulls=False,
        stacking=common.StackingConfig(
            mode=common.StackingMode.NORMAL if parts else common.StackingMode.NONE, group="A"
        ),
    )
    options = timeseries.Options(legend=_legend(), tooltip=_tooltip())
    settings = (look or Look(least=0)).settings(custom)
    return panel("timeseries", about, queries=queries, options=options, settings=settings)


def states(about: About, *queries: prometheus.Dataquery, look: Look) -> model.Panel:
    """States over time, one bar for each series; `look.words` names each state."""
    options = statetimeline.Options(
        show_value=common.VisibilityMode.AUTO,
        merge_values=True,
        legend=_legend(),
        tooltip=_tooltip(),
    )
    custom = statetimeline.FieldConfig(line_width=0, fill_opacity=80)
    return panel("state-timeline", about, queries=queries, options=options, settings=look.settings(custom))


def heat(about: About, *queries: prometheus.Dataquery, rows: str) -> model.Panel:
    """How a distribution moves: a row for each bucket. `rows` is the unit of `le`.

    The query has `form="heatmap"` and the legend `{{le}}`; of a histogram it is the `increase` by `le`, of a
    gauge histogram the buckets themselves.
    """
    options = heatmap.Options(
        calculate=False,
        color=heatmap.HeatmapColorOptions(
            mode=heatmap.HeatmapColorMode.SCHEME,
            scheme="Cividis",
            fill=looks.NEUTRAL,
            scale=heatmap.HeatmapColorScale.EXPONENTIAL,
            exponent=0.5,
            steps=64,
        ),
        cell_values=heatmap.CellValues(unit="short"),
        rows_frame=heatmap.RowsHeatmapOptions(layout=common.HeatmapCellLayout.AUTO),
        y_axis=heatmap.YAxisConfig(unit=rows, axis_placement=common.AxisPlacement.LEFT),
        legend=heatmap.HeatmapLegend(show=True),
        tooltip=heatmap.HeatmapTooltip(mode=common.TooltipDisplayMode.SINGLE, show_color_scale=True),
        exemplars=heatmap.ExemplarConfig(color="rgba(255,0,255,0.7)"),
        # Grafana's own choice is not to draw 0; here only what is unknown is blank.
        filter_values=heatmap.FilterValueRange(le=-1),
    )
    settings = model.FieldConfigSource(
        defaults=model.FieldConfig(no_value=looks.NO_VALUE, custom=heatmap.FieldConfig()), overrides=[]
    )
    return panel("heatmap", about, queries=queries, options=options, settings=settings)


def words(title: str, content: str) -> model.Panel:
    """Text for people, in Markdown."""
    return model.Panel(
        type_val="text",
        title=title,
        options=textpanel.Options(mode=textpanel.TextMode.MARKDOWN, content=content),
    )


def alerts(about: About, *, label_filter: str) -> model.Panel:
    """Alerts that fire or are about to, of Grafana and of the Prometheus servers that it knows."""
    options = {
        "alertInstanceLabelFilter": label_filter,
        "alertName": "",
        "dashboardAlerts": False,
        "groupBy": [],
        "groupMode": "default",
        "maxItems": 20,
        "sortOrder": 3,
        "stateFilter": {"error": True, "firing": True, "noData": False, "normal": False, "pending": True},
        "viewMode": "list",
    }
    return model.Panel(
        type_val="alertlist", title=about.title, description=about.description, options=options
    )


def _legend() -> common.VizLegendOptions:
    return common.VizLegendOptions(
        display_mode=common.LegendDisplayMode.LIST,
        placement=common.LegendPlacement.BOTTOM,
        show_legend=True,
        calcs=[],
    )


def _tooltip() -> common.VizTooltipOptions:
    return common.VizTooltipOptions(mode=common.TooltipDisplayMode.MULTI, sort=common.SortOrder.DESCENDING)
