"""Turns the text of the configuration file into scalars, lists and mappings that know how they were written.

YAML's own guesses are left out on purpose: a scalar stays the text that stands in the file, and whoever reads
it says what it must be. So `off` is a word, `0123` keeps its zero, a token of digits stays itself, and a
repeated key is seen. Knows none of our keys. No message quotes the file, because a secret may stand in it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml

from exporter.config.place import Place

_DEEPEST = 32

Loader: TypeAlias = type[yaml.SafeLoader] | type["yaml.CSafeLoader"]
FASTEST: Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The loader in C where PyYAML was built with it."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """One text; `plain` where it stands without quotes."""

    text: str = field(repr=False)
    plain: bool
    line: int

    @property
    def empty(self) -> bool:
        """True for what YAML calls null: nothing at all, `~` or `null`."""
        return self.plain and self.text in {"", "~", "null"}


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list and its items."""

    items: "tuple[Node, ...]"
    line: int


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping as its pairs, in the order of the file and with keys that are repeated."""

    pairs: "tuple[tuple[Scalar, Node], ...]"
    line: int


Node: TypeAlias = Scalar | Sequence | Mapping


def parse(text: str, at: Place, *, empty: Node | None = None, loader: Loader = FASTEST) -> Node:
    """The one document in `text`, or `empty` where there is none.

    Raises `ConfigError`, with line and column, where it is not YAML.
    """
    try:
        return _Composer(yaml.parse(text, Loader=loader), at).document(empty)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise at.fault(f"{where}this is not YAML", "check indentation, quotes and brackets there") from None
    except yaml.YAMLError:
        raise at.fault("holds a character that YAML does not allow", "printable text") from None


class _Composer:
    """Builds the nodes from the parser's events, which hold no more than one scalar at a time."""

    def __init__(self, events: Iterator[Any], at: Place) -> None:
        self._events = events
        self._at = at
        self._anchors: dict[str, Node] = {}

    def document(self, empty: Node | None) -> Node:
        """The only document of the stream."""
        next(self._events)  # the stream's start
        if isinstance(next(self._events), yaml.StreamEndEvent):
            if empty is not None:
                return empty
            raise self._at.fault("is empty", "a mapping with at least the key sources")
        node = self._node(next(self._events), depth=1)
        next(self._events)  # the document's end
        rest = next(self._events)
        if not isinstance(rest, yaml.StreamEndEvent):
            raise self._at.fault(f"line {rest.start_mark.line + 1}: a second document begins", "one document")
        return node

    def _node(self, event: Any, *, depth: int) -> Node:
        line = event.start_mark.line + 1
        if depth > _DEEPEST:
            raise self._at.fault(f"line {line}: is nested too deep", f"at most {_DEEPEST} levels")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, line)
        if event.tag is not None:
            raise self._at.fault(f"line {line}: a tag (!) is not supported", "values without tags")
        node: Node
        if isinstance(event, yaml.ScalarEvent):
            node = Scalar(event.value, plain=event.style in {None, ""}, line=line)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = Sequence(tuple(self._items(depth)), line)
        else:
            node = Mapping(tuple(self._pairs(depth)), line)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _alias(self, event: Any, line: int) -> Node:
        node = self._anchors.get(event.anchor)
        if node is None:
            wrong = f"line {line}: an alias (*) has no anchor (&) above it"
            raise self._at.fault(wrong, "an alias of a value that is complete")
        return node

    def _items(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            yield self._node(event, depth=depth + 1)

    def _pairs(self, depth: int) -> Iterator[tuple[Scalar, Node]]:
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, depth=depth + 1)
            if not isinstance(key, Scalar):
                raise self._at.fault(f"line {key.line}: a key is not a word", "keys that are words")
            yield key, self._node(next(self._events), depth=depth + 1)
