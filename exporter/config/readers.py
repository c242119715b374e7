"""Readers of single values: each says what it allows, and turns one node into a value or tells the fault.

Knows no key of ours. `allowed` ends every message and is the type in the documentation, so the two agree.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, Protocol, TypeVar

from exporter.config import document
from exporter.config.place import Place, echo
from exporter.config.units import format_size, parse_duration, parse_size

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Number = TypeVar("Number", int, float)
Choice = TypeVar("Choice", bound=StrEnum)

HIGHEST_BOUND: Final = 10**9
"""The highest upper bound of a histogram, where nothing else limits it."""


class Reader(Protocol[T_co]):
    """Turns a node into a value, or raises `ConfigError` that names its place."""

    @property
    def allowed(self) -> str:
        """What this reader takes, in a few words."""

    def read(self, node: document.Node, at: Place) -> T_co:
        """The value of the node that stands at that place."""


def text_of(node: document.Node, at: Place, *, allowed: str, quotes: bool = True) -> str:
    """The text of a scalar; raises `ConfigError` for all else, for nothing, and for unwanted quotes."""
    if isinstance(node, document.Sequence):
        raise at.fault("is a list", allowed)
    if isinstance(node, document.Mapping):
        raise at.fault("is a mapping", allowed)
    if node.empty:
        raise at.fault("is empty", allowed)
    if not (node.plain or quotes):
        raise at.fault("is a text in quotes", allowed)
    return node.text


@dataclass(frozen=True, slots=True)
class Flag:
    """A boolean, which only `true` and `false` without quotes are."""

    allowed: str = "true or false"

    def read(self, node: document.Node, at: Place) -> bool:
        """The truth value."""
        text = text_of(node, at, allowed=self.allowed, quotes=False)
        if text not in {"true", "false"}:
            raise at.fault(f"{echo(text)} is not a boolean", self.allowed)
        return text == "true"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounded(Generic[Number]):
    """A number of some sort between two bounds, inclusive; `parse` gives None for any other text."""

    parse: Callable[[str], Number | None]
    low: Number
    high: Number
    sort: str
    allowed: str
    quotes: bool = True

    def read(self, node: document.Node, at: Place) -> Number:
        """The number."""
        text = text_of(node, at, allowed=self.allowed, quotes=self.quotes)
        number = self.parse(text)
        if number is None:
            raise at.fault(f"{echo(text)} is not a {self.sort}", self.allowed)
        if number < self.low:
            raise at.fault(f"{echo(text)} is too small", self.allowed)
        if number > self.high:
            raise at.fault(f"{echo(text)} is too large", self.allowed)
        return number


def whole(low: int, high: int) -> Bounded[int]:
    """A reader of whole numbers."""
    allowed = f"a whole number from {low} to {high}"
    return Bounded(parse=_whole, low=low, high=high, sort="whole number", allowed=allowed, quotes=False)


def duration(low: str, high: str) -> Bounded[float]:
    """A reader of durations, in seconds; the bounds are durations too."""
    allowed = f"a duration such as 15s or 1m30s, from {low} to {high}"
    bounds = [parse_duration(bound) or 0.0 for bound in (low, high)]
    return Bounded(parse=parse_duration, low=bounds[0], high=bounds[1], sort="duration", allowed=allowed)


def size(low: int, high: int) -> Bounded[int]:
    """A reader of sizes, in bytes."""
    allowed = f"a size from {format_size(low)} to {format_size(high)}, in KiB, MiB, GiB or plain bytes"
    return Bounded(parse=parse_size, low=low, high=high, sort="size", allowed=allowed)


def bucket_bound(*, fractions: bool, high: int) -> Bounded[float]:
    """A reader of one upper bound of a histogram."""
    sort = "number" if fractions else "whole number"
    low = 0.001 if fractions else 1.0
    allowed = f"a {sort} from {low:g} to {high}"
    return Bounded(
        parse=_decimal if fractions else _whole, low=low, high=high, sort=sort, allowed=allowed, quotes=False
    )


def _whole(text: str) -> int | None:
    return int(text) if re.fullmatch(r"-?[0-9]{1,100}", text) else None


def _decimal(text: str) -> float | None:
    return float(text) if re.fullmatch(r"-?[0-9]{1,100}(\.[0-9]{1,9})?", text) else None


@dataclass(frozen=True, slots=True)
class OneOf(Generic[Choice]):
    """One of the words of an enumeration."""

    choices: type[Choice]

    @property
    def allowed(self) -> str:
        """The words."""
        return listed([choice.value for choice in self.choices])

    def read(self, node: document.Node, at: Place) -> Choice:
        """The member of the enumeration."""
        text = text_of(node, at, allowed=self.allowed)
        for choice in self.choices:
            if choice.value == text:
                return choice
        raise at.fault(f"{echo(text)} is unknown", self.allowed)


@dataclass(frozen=True, slots=True)
class Text:
    """A text of a given form, which no message shows: an id of a person, or a token, may stand there."""

    form: re.Pattern[str]
    allowed: str

    def read(self, node: document.Node, at: Place) -> str:
        """The text."""
        text = text_of(node, at, allowed=self.allowed)
        if not self.form.fullmatch(text):
            raise at.fault("is not well formed", self.allowed)
        return text


@dataclass(frozen=True, slots=True)
class Expression:
    """A regular expression, of which no message shows more than where its fault is."""

    allowed: str = "a regular expression for whole names"

    def read(self, node: document.Node, at: Place) -> re.Pattern[str]:
        """The compiled expression."""
        text = text_of(node, at, allowed=self.allowed)
        try:
            return re.compile(text)
        except (re.error, OverflowError, RecursionError) as error:
            position = getattr(error, "pos", None)
            where = "" if position is None else f" (character {position + 1})"
            raise at.fault(f"does not compile{where}", self.allowed) from None


@dataclass(frozen=True, slots=True)
class Optional(Generic[T]):
    """What another reader takes, or nothing: None for `null` and for an empty value."""

    reader: Reader[T]

    @property
    def allowed(self) -> str:
        """What the other reader allows."""
        return self.reader.allowed

    def read(self, node: document.Node, at: Place) -> T | None:
        """The other reader's value, or None."""
        if isinstance(node, document.Scalar) and node.empty:
            return None
        return self.reader.read(node, at)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOf(Generic[T]):
    """A list of values that another reader takes, `least` of them or more, and with `distinct` each once."""

    reader: Reader[T]
    allowed: str
    least: int = 0
    distinct: bool = True

    def read(self, node: document.Node, at: Place) -> tuple[T, ...]:
        """The values, in the order of the file."""
        if not isinstance(node, document.Sequence):
            text_of(node, at, allowed=self.allowed)
            raise at.fault("is not a list", self.allowed)
        if len(node.items) < self.least:
            raise at.fault("is empty", self.allowed)
        values: list[T] = []
        positions: dict[T, int] = {}
        for index, item in enumerate(node.items):
            place = at.item(index)
            values.append(self.reader.read(item, place))
            first = positions.setdefault(values[index], index)
            if self.distinct and first != index:
                raise place.fault(f"is the same as item [{first}]", self.allowed)
        return tuple(values)


@dataclass(frozen=True, slots=True)
class Rising:
    """The upper bounds of a histogram: numbers that rise to `high` at most, 50 of them at most."""

    fractions: bool
    high: int = HIGHEST_BOUND
    most: int = 50

    @property
    def allowed(self) -> str:
        """How many, and of which sort."""
        sort = "numbers" if self.fractions else "whole numbers"
        limit = "" if self.high == HIGHEST_BOUND else f" up to {self.high}"
        return f"a list of 1 to {self.most} rising {sort}{limit}, without +Inf"

    def read(self, node: document.Node, at: Place) -> tuple[float, ...]:
        """The bounds."""
        bound = bucket_bound(fractions=self.fractions, high=self.high)
        bounds = ListOf(reader=bound, allowed=self.allowed, least=1, distinct=False).read(node, at)
        if len(bounds) > self.most:
            raise at.fault(f"has {len(bounds)} items", self.allowed)
        for index in range(1, len(bounds)):
            if bounds[index] <= bounds[index - 1]:
                raise at.item(index).fault("is not above the item before it", self.allowed)
        return tuple(float(each) for each in bounds)


def listed(words: list[str], *, joined: str = "or") -> str:
    """The words as a sentence lists them: `a, b or c`."""
    return f" {joined} ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)
