"""Reads a page for people as a browser would: tags, links, attributes, and the words that are to be seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

_UNSEEN = {"style", "script", "title"}
_VOID = {"meta", "link", "br", "img", "input", "hr", "wbr"}


@dataclass
class Element:
    """One element with what is in it."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    inside: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Its words, with single blanks."""
        return " ".join(" ".join(self._texts()).split())

    def _texts(self) -> list[str]:
        found = []
        for each in self.inside:
            if isinstance(each, str):
                found.append(each)
            elif each.tag not in _UNSEEN:
                found.append(each.text)
        return found

    def all(self, tag: str, **attributes: str) -> list[Element]:
        """The elements of that kind inside, in their order; `cls` is one of its classes."""
        found = []
        for each in self.inside:
            if isinstance(each, Element):
                if each.tag == tag and each.has(**attributes):
                    found.append(each)
                found += each.all(tag, **attributes)
        return found

    def one(self, tag: str, **attributes: str) -> Element:
        """The only one of them."""
        [found] = self.all(tag, **attributes)
        return found

    def has(self, **attributes: str) -> bool:
        """True where all the attributes are like that."""
        wanted_class = attributes.pop("cls", None)
        classes = self.attributes.get("class", "").split()
        return (wanted_class is None or wanted_class in classes) and all(
            self.attributes.get(name.replace("_", "-")) == value for name, value in attributes.items()
        )

    def rows(self) -> list[list[str]]:
        """The cells of every row of a table's body inside."""
        return [
            [cell.text for cell in row.inside if isinstance(cell, Element)]
            for body in self.all("tbody")
            for row in body.all("tr")
        ]


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].inside.append(made)
        if tag not in _VOID:
            self._open.append(made)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1].inside.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        closed = self._open.pop()
        assert closed.tag == tag, f"{closed.tag} is closed by {tag}"

    def handle_data(self, data: str) -> None:
        self._open[-1].inside.append(data)


def parse(html: str) -> Element:
    """The page as a tree; every element must be closed where it was opened."""
    builder = _Builder()
    # Where a line may be broken is no word.
    builder.feed(html.replace("<wbr>", ""))
    builder.close()
    assert builder._open == [builder.root], "an element is left open"
    return builder.root
