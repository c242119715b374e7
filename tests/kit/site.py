"""Pages of HTML and Markdown, taken apart: what they load, where they lead, and what they consist of.

Knows no generator of sites.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Final

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from pathlib import Path

PARTS: Final = frozenset(
    {"h1", "h2", "h3", "h4", "ul", "ol", "li", "tr", "td", "th", "pre", "code", "strong", "em", "img"}
)
LOADING: Final = frozenset({"src", "srcset", "poster", "data", "action", "formaction", "background"})
LINKS_THAT_LOAD: Final = frozenset({"stylesheet", "icon", "preload", "prefetch", "preconnect", "manifest"})

_STYLE: Final = re.compile(r"""url\(\s*['"]?([^'")\s]+)|@import\s+['"]([^'"]+)""")


@dataclass(slots=True)
class Taken:
    """What was found on a page: addresses that it loads or leads to, its anchors, its parts and code."""

    loaded: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)
    parts: Counter[str] = field(default_factory=Counter)
    codes: list[str] = field(default_factory=list)


def taken(html: str, *, within: str = "") -> Taken:
    """Take a page apart; `within` names the element of which parts and code are wanted."""
    reader = _Reader(within)
    reader.feed(html)
    reader.found.codes = [" ".join(code.split()) for code in reader.found.codes]
    return reader.found


def as_in_the_repository(markdown: str) -> Taken:
    """What the page consists of by CommonMark, with tables."""
    return taken(MarkdownIt("commonmark").enable("table").render(markdown))


def styled(text: str) -> list[str]:
    """What a style sheet loads, what it has in itself apart."""
    found = [plain or imported for plain, imported in _STYLE.findall(text)]
    return [each for each in found if not each.startswith(("data:", "#"))]


def pages(site: Path) -> dict[str, Taken]:
    """All pages of a site, by the path of their file."""
    return {
        path.relative_to(site).as_posix(): taken(path.read_text(encoding="utf-8"), within="article")
        for path in sorted(site.rglob("*.html"))
    }


class _Reader(HTMLParser):
    def __init__(self, within: str) -> None:
        super().__init__()
        self.found = Taken()
        self._within = within
        self._inside = not within
        self._in_code = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.found.anchors |= {given["id"]} if "id" in given else set()
        self.found.loaded += [given[name] for name in LOADING & given.keys()]
        if tag == "link" and LINKS_THAT_LOAD & set(given.get("rel", "").split()):
            self.found.loaded.append(given["href"])
        if tag == "a" and "href" in given:
            self.found.links.append(given["href"])
        self._inside = self._inside or tag == self._within
        if self._inside and tag in PARTS:
            self.found.parts[tag] += 1
            self._in_code = tag == "code"
            self.found.codes += [""] if self._in_code else []

    def handle_endtag(self, tag: str) -> None:
        if self._within and tag == self._within:
            self._inside = False
        self._in_code = self._in_code and tag != "code"

    def handle_data(self, data: str) -> None:
        if self._in_code:
            self.found.codes[-1] += data
