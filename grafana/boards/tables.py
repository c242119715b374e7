"""Tables of this moment: several instant queries joined into rows, with links to the board that says more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as model

from grafana.boards import looks
from grafana.boards.panels import About, Look, panel
from grafana.boards.queries import now

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: a label of the results, or with `query` the value of an instant query.

    `link` is a title and an address within Grafana, as `link_to(…)` makes it. `coloured` fills the cell with
    the colour of its word or threshold; `counted` writes below the column how many rows there are.
    """

    name: str
    label: str = ""
    query: str = ""
    unit: str = "none"
    decimals: int | None = None
    words: Sequence[model.ValueMap] = ()
    thresholds: model.ThresholdsConfig | None = None
    coloured: bool = False
    link: tuple[str, str] | None = None
    counted: bool = False

    def override(self) -> model.DashboardFieldConfigSourceOverrides:
        """Say how the cells of this column look."""
        properties: dict[str, object] = {}
        if self.query:
            properties["unit"] = self.unit
        if self.decimals is not None:
            properties["decimals"] = self.decimals
        if self.words:
            properties["mappings"] = list(self.words)
        if self.thresholds is not None:
            properties["thresholds"] = self.thresholds
        if self.coloured:
            properties["color"] = looks.BY_THRESHOLD
            properties["custom_cellOptions"] = {"type": "color-background", "mode": "basic"}
        if self.link is not None:
            properties["links"] = [{"title": self.link[0], "url": self.link[1], "targetBlank": False}]
        if self.counted:
            properties["custom_footer"] = {"reducers": ["countAll"]}
        return looks.override(("byName", self.name), **properties)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """By which column rows are sorted.

    `hidden` names columns that only bring their labels, and labels that are left out beside `job`.
    """

    by: str
    descending: bool = True
    hidden: Sequence[str] = ()


def rows(about: About, *columns: Column, order: Order) -> model.Panel:
    """Join the queries' results by the labels they share, and show the columns in their order.

    Labels that are no column, and the time, are left out; a cell without a value says that it is unknown.
    """
    asked = [column for column in columns if column.query]
    queries = [now(column.query, form="table") for column in asked]
    return panel(
        "table",
        about,
        queries=queries,
        # The kit's options have a footer that Grafana's do not have any more.
        options={
            "frameIndex": 0,
            "showHeader": True,
            "cellHeight": common.TableCellHeight.SM,
            "sortBy": [common.TableSortByFieldState(display_name=order.by, desc=order.descending)],
        },
        settings=Look(
            colour=looks.BY_THRESHOLD,
            overrides=[column.override() for column in columns],
        ).settings(
            common.TableFieldOptions(
                align=common.FieldTextAlignment.AUTO,
                cell_options=common.TableAutoCellOptions(),
                filterable=True,
            )
        ),
        transformations=[*_joined(len(asked)), _organized(columns, asked=asked, hidden=order.hidden)],
    )


def link_to(uid: str, **fields: str) -> str:
    """Address of a board that keeps the time, the data source, the jobs and the instances.

    `link_to("presence-rooms", source="Source")` takes the variable `source` from the column `Source`.
    """
    kept = "".join(f"&${{{name}:queryparam}}" for name in ("datasource", "job", "instance"))
    taken = "".join(
        f'&var-{variable}=${{__data.fields["{name}"]:percentencode}}' for variable, name in fields.items()
    )
    return f"/d/{uid}?${{__url_time_range}}{kept}{taken}"


def _joined(number: int) -> list[model.DataTransformerConfig]:
    """A single result needs no joining, and its value has another name."""
    return [model.DataTransformerConfig(id_val="merge", options={})] if number > 1 else []


def _organized(
    columns: Sequence[Column], *, asked: Sequence[Column], hidden: Sequence[str]
) -> model.DataTransformerConfig:
    values = {id(column): f"Value #{chr(ord('A') + index)}" for index, column in enumerate(asked)}
    if len(asked) == 1:
        values = {id(asked[0]): "Value"}
    fields = [values.get(id(column), column.label) for column in columns]
    left_out = [name for name, column in zip(fields, columns, strict=True) if column.name in hidden]
    left_out += [name for name in hidden if name not in {column.name for column in columns}]
    return model.DataTransformerConfig(
        id_val="organize",
        options={
            "excludeByName": dict.fromkeys(("Time", "__name__", "job", *left_out), True),
            "indexByName": {name: index for index, name in enumerate(fields)},
            "renameByName": {
                name: column.name for name, column in zip(fields, columns, strict=True) if name != column.name
            },
        },
    )
