"""Every query that the project gives to Prometheus or to people, and where it stands.

They stand in the dashboards, in the rules and in the blocks marked `promql` of the documentation.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.kit.boards import Board, Window, boards, fill
from tests.kit.rulefiles import FOLDER, rules
from tests.programs import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

AT_DEFAULT: Final = Window(0.0, 6 * 3600.0, 15.0)
"""What Grafana's own variables are filled in for, where only the form of a query counts."""

_BLOCK: Final = re.compile(r"^( *)```promql\n(.*?)^\1```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Stated:
    """A query and where it stands; `label` is asked of its series besides, as `label_values` does."""

    place: str
    expr: str
    label: str | None = None


def everything() -> list[Stated]:
    """All queries there are."""
    return [*of_boards(boards()), *of_rules(), *of_documents()]


def of_boards(read: Sequence[Board]) -> Iterator[Stated]:
    """Those of panels and annotations with all variables filled in, and the selectors of variables."""
    for board in read:
        values = {**board.given, **AT_DEFAULT.values()}
        for question in board.questions:
            yield Stated(f"dashboard {question.name}", fill(question.expr, values))
        for variable in board.variables:
            place = f"dashboard {board.name} / variable {variable.name}"
            yield Stated(place, fill(variable.selector, values), variable.label)


def of_rules(folder: Path = FOLDER) -> Iterator[Stated]:
    """Those of recording rules and alerts."""
    for file in sorted(folder.glob("*.yml")):
        for rule in rules(file):
            yield Stated(f"{file.name} / {rule.name}", rule.expr)


def of_documents(project: Path = PROJECT) -> Iterator[Stated]:
    """The blocks in the documentation."""
    for file in sorted([project / "README.md", *project.glob("docs/**/*.md"), *project.glob("rules/*.md")]):
        for _, block in _BLOCK.findall(file.read_text(encoding="utf-8")):
            for expr in statements(block):
                yield Stated(str(file.relative_to(project)), expr)


def statements(block: str) -> Iterator[str]:
    """The queries of a block: each begins a line, and goes on in indented lines and in closing brackets."""
    written: list[str] = []
    for line in textwrap.dedent(block).splitlines():
        text = line.partition("#")[0].rstrip()
        if written and (not text or text[0] not in " )"):
            yield " ".join(written)
            written = []
        if text:
            written.append(text)
    if written:
        yield " ".join(written)
