"""Where panels stand: sections of lines on a grid of 24 columns. Knows nothing of what panels show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from grafana_foundation_sdk.models import dashboard as model

if TYPE_CHECKING:
    from collections.abc import Sequence

COLUMNS = 24


@dataclass(frozen=True, slots=True)
class Line:
    """Panels side by side, as high as each other; without `widths` they share the columns evenly."""

    height: int
    panels: tuple[model.Panel, ...]
    widths: tuple[int, ...] = ()

    def places(self, top: int) -> list[model.GridPos]:
        """Find the place of each panel, from the left; ValueError when they do not fit."""
        widths = self.widths or (COLUMNS // len(self.panels),) * len(self.panels)
        if len(widths) != len(self.panels) or sum(widths) > COLUMNS:
            raise ValueError(f"{len(self.panels)} panels cannot stand on {widths} of {COLUMNS} columns")
        lefts = [sum(widths[:index]) for index in range(len(widths))]
        return [
            model.GridPos(h=self.height, w=width, x=left, y=top)
            for width, left in zip(widths, lefts, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Section:
    """A row with its title and its lines; a collapsed one asks nothing until it is opened."""

    title: str
    lines: tuple[Line, ...]
    collapsed: bool = False


def line(height: int, *panels: model.Panel, widths: tuple[int, ...] = ()) -> Line:
    """Put panels side by side."""
    return Line(height=height, panels=panels, widths=widths)


def section(title: str, *lines: Line, collapsed: bool = False) -> Section:
    """Put lines under a title."""
    return Section(title=title, lines=lines, collapsed=collapsed)


def arrange(sections: Sequence[Section]) -> list[model.Panel | model.RowPanel]:
    """Give every panel and row its place and its number, from the top left on; no title makes no row."""
    arranged: list[model.Panel | model.RowPanel] = []
    top = 0
    number = 1
    for part in sections:
        row: model.RowPanel | None = None
        if part.title:
            place = model.GridPos(h=1, w=COLUMNS, x=0, y=top)
            row = model.RowPanel(
                title=part.title, collapsed=part.collapsed, grid_pos=place, id_val=number, panels=[]
            )
            arranged.append(row)
            top, number = top + 1, number + 1
        panels = _settle(part.lines, top=top, number=number)
        number += len(panels)
        if row is not None and part.collapsed:
            row.panels = panels
        else:
            arranged.extend(panels)
            top += sum(each.height for each in part.lines)
    return arranged


def _settle(lines: Sequence[Line], *, top: int, number: int) -> list[model.Panel]:
    settled: list[model.Panel] = []
    for each in lines:
        for panel, place in zip(each.panels, each.places(top), strict=True):
            panel.grid_pos = place
            panel.id_val = number + len(settled)
            settled.append(panel)
        top += each.height
    return settled
