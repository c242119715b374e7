"""The alerts as the rules have them, and the pages about them: runbooks and docs/alerts.md."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.kit.rulefiles import ALERTS, RECORDS, rules
from tests.kit.stated import statements
from tests.programs import PROJECT

RUNBOOKS: Final = PROJECT / "docs" / "runbooks"
INDEX: Final = RUNBOOKS / "README.md"
OVERVIEW: Final = PROJECT / "docs" / "alerts.md"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert of the rules; times as they are written there, such as `5m`."""

    name: str
    severity: str
    after: str
    stays: str
    expr: str

    @property
    def page(self) -> Path:
        """Its runbook, whether it is there or not."""
        return RUNBOOKS / f"{self.name}.md"


@dataclass(frozen=True, slots=True)
class Page:
    """One page in Markdown, with what tests look at."""

    path: Path
    text: str

    @property
    def headings(self) -> list[str]:
        """Of all levels, with their `#`."""
        return re.findall(r"^#+ .*$", _without_blocks(self.text), re.MULTILINE)

    @property
    def prose(self) -> str:
        """All but the fenced blocks, each paragraph of it on one line."""
        return re.sub(r"(?<=\S)\n *(?=\S)", " ", _without_blocks(self.text))

    @property
    def queries(self) -> list[str]:
        """What stands in its `promql` blocks."""
        return [query for block in self.blocks("promql") for query in statements(block)]

    @property
    def links(self) -> list[str]:
        """Where its links lead, as they are written."""
        return re.findall(r"\]\(([^)\s]+)\)", _without_blocks(self.text))

    def blocks(self, language: str) -> list[str]:
        """The fenced blocks of that language, those in lists too."""
        return re.findall(rf"^ *```{language}\n(.*?)^ *```$", self.text, re.MULTILINE | re.DOTALL)


def read(path: Path) -> Page:
    """Read one page."""
    return Page(path, path.read_text(encoding="utf-8"))


def alerts() -> list[Alert]:
    """All alerts, in the order of the file."""
    return [
        Alert(
            name=rule.name,
            severity=rule.body["labels"]["severity"],
            after=rule.body["for"],
            stays=rule.body["keep_firing_for"],
            expr=rule.expr,
        )
        for rule in rules(ALERTS)
    ]


def recorded() -> set[str]:
    """The names of the recorded series."""
    return {rule.name for rule in rules(RECORDS)}


def anchors(path: Path) -> set[str]:
    """What can stand behind `#` in a link to this page: its headings, as the usual renderers name them."""
    found: set[str] = set()
    for heading in read(path).headings:
        words = re.sub(r"[^\w\- ]", "", heading.lstrip("#").strip().lower()).replace(" ", "-")
        count = sum(1 for each in found if re.fullmatch(rf"{re.escape(words)}(-\d+)?", each))
        found.add(f"{words}-{count}" if count else words)
    return found


def _without_blocks(text: str) -> str:
    return re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)
