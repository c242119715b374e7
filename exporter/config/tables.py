"""The declarative parts of the configuration: keys, and mappings of keys, with what the reference says.

A `Table` lists its keys once; reading, defaults, messages and documentation all come from that list.
Knows how mappings are read, and none of our keys.
"""

import difflib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar, cast

from exporter.config.document import Mapping, Node, Scalar, Sequence, parse
from exporter.config.place import Place, Reading, shown_name
from exporter.config.readers import Reader, Text, listed
from exporter.errors import ConfigError

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
V = TypeVar("V")

_SHOWN_KEY = re.compile(r"[A-Za-z_]{1,40}")
"""Keys that a message may show; any other may be a token that lost its blank (`api_key:TOKEN`)."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the reference: a key, what it takes, its default, its meaning, and an example."""

    name: str
    allowed: str
    default: str
    meaning: str
    example: str


class Entry(Protocol[T_co]):
    """One value of a mapping, under one key or under one of several."""

    @property
    def name(self) -> str:
        """The name of the value."""

    @property
    def rows(self) -> tuple[Row, ...]:
        """A line of the reference for each key."""

    def take(self, given: dict[str, Node], at: Place) -> T_co:
        """The value out of the mapping that stands at that place; raises `ConfigError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key(Generic[T]):
    """One key; `default` is its value as the file would say it, None where the key must be given."""

    name: str
    reader: Reader[T]
    default: str | None
    meaning: str
    example: str

    @property
    def rows(self) -> tuple[Row, ...]:
        """The one line of the reference."""
        return (Row(self.name, self.reader.allowed, self.default or "required", self.meaning, self.example),)

    def take(self, given: dict[str, Node], at: Place) -> T:
        """The value given, or the default."""
        place = at.key(self.name)
        if self.name in given:
            return self.reader.read(given[self.name], place)
        if self.default is None:
            raise place.fault("is missing", self.reader.allowed)
        return self.reader.read(_node_of(self.default), place)


@cache
def _node_of(default: str) -> Node:
    return parse(default, Place(Reading(name="default", folder=Path(), environ={})))


class Values:
    """What a table has read, each value under the entry that it was declared with."""

    __slots__ = ("_values",)

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def __getitem__(self, entry: Entry[T]) -> T:
        return cast(T, self._values[entry.name])


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Generic[T]):
    """A mapping of known keys, from which `build` makes a value; an empty one has all defaults."""

    entries: tuple[Entry[object], ...]
    build: Callable[[Values, Place], T]
    allowed: str = "a mapping with keys of its own"

    def read(self, node: Node, at: Place) -> T:
        """The value; raises `ConfigError` for the first fault, and an unknown or repeated key comes first."""
        known = [row.name for entry in self.entries for row in entry.rows]
        given: dict[str, Node] = {}
        for key, value in pairs(node, at, allowed=self.allowed):
            if key.text not in known:
                raise _unknown(key, at, known=known)
            given[key.text] = value
        return self.build(Values({entry.name: entry.take(given, at) for entry in self.entries}), at)


@dataclass(frozen=True, slots=True, kw_only=True)
class MapOf(Generic[T, V]):
    """A mapping whose keys are names that the operator chooses; `make` joins a name and its value."""

    names: Text
    reader: Reader[T]
    make: Callable[[str, T], V]
    allowed: str

    def read(self, node: Node, at: Place) -> tuple[V, ...]:
        """The values, in the order of the file."""
        made = []
        for key, value in pairs(node, at, allowed=self.allowed):
            if not self.names.form.fullmatch(key.text):
                raise at.fault(f"line {key.line}: a name is not well formed", self.names.allowed)
            place = at.key(shown_name(key.text, line=key.line))
            made.append(self.make(key.text, self.reader.read(value, place)))
        return tuple(made)


def pairs(node: Node, at: Place, *, allowed: str) -> Iterator[tuple[Scalar, Node]]:
    """The keys and values of a mapping, none for an empty value; raises `ConfigError` at a repeated key."""
    if isinstance(node, Scalar) and node.empty:
        return
    if not isinstance(node, Mapping):
        raise at.fault(f"is {'a list' if isinstance(node, Sequence) else 'not a mapping'}", allowed)
    seen: set[str] = set()
    for key, value in node.pairs:
        if key.text in seen:
            raise _key_fault(key, at, wrong="is given twice", allowed="each key once")
        if key.text == "<<":
            raise at.fault(f"line {key.line}: merge keys (<<) are not supported", "keys that are written out")
        seen.add(key.text)
        yield key, value


def _unknown(key: Scalar, at: Place, *, known: list[str]) -> ConfigError:
    near = difflib.get_close_matches(key.text, known, n=1, cutoff=0.8)
    hint = f"perhaps {near[0]} is meant, " if near else ""
    allowed = f"{hint}the keys here are {listed(known, joined='and')}"
    return _key_fault(key, at, wrong="is unknown", allowed=allowed)


def _key_fault(key: Scalar, at: Place, *, wrong: str, allowed: str) -> ConfigError:
    if _SHOWN_KEY.fullmatch(key.text):
        return at.key(key.text).fault(f"{wrong} (line {key.line})", allowed)
    return at.fault(f"line {key.line}: a key {wrong}", allowed)
