"""What a backfill is asked for: reads the flags' texts, and says what is wrong with them; pure.

Nothing is guessed: a moment without a time zone, or one that could be in milliseconds, is refused.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from exporter.commands.backfill.grid import SHORTEST, Grid
from exporter.config.units import format_duration, parse_duration
from exporter.errors import ConfigError

EXAMPLE: Final = "2026-01-31T00:00:00Z"

LONGEST_STEP: Final = 300
"""Seconds. Prometheus looks back five minutes for the sample of a moment: longer steps would leave holes."""

SHORTEST_STEP: Final = 10

_RFC_3339: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?(?P<zone>[Zz]|[+-]\d\d:\d\d)?", re.ASCII
)
_UNIX: Final = re.compile(r"\d{1,20}(\.\d{1,9})?", re.ASCII)

_FIRST_MOMENT: Final = datetime(2015, 1, 1, tzinfo=UTC).timestamp()
"""No meeting is older: a smaller number is a slip."""
_FIRST_IN_MILLISECONDS: Final = 1e11

_LABEL: Final = re.compile(r"(?P<name>[a-zA-Z_][a-zA-Z0-9_]*)=(?P<value>.+)", re.ASCII | re.DOTALL)
_OURS: Final = frozenset({"source", "le"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the command line says, as it was typed."""

    source: str
    start: str
    end: str
    output: Path
    step: str = "1m"
    labels: tuple[str, ...] = ()
    force: bool = False


@dataclass(frozen=True, slots=True)
class Terms:
    """The same, understood; `labels` are sorted by name."""

    source: str
    grid: Grid
    labels: tuple[tuple[str, str], ...]
    output: Path
    force: bool


def read_terms(wish: Wish, *, now: float) -> Terms:
    """Understand a wish; raises `ConfigError` with the flag and what is allowed."""
    start = _read("--start", wish.start)
    end = _read("--end", wish.end)
    if end > now:
        raise ConfigError(f"--end: {said(end)} is in the future; it is {said(now)}")
    if end - start < SHORTEST:
        raise ConfigError(
            f"--end: must be at least {format_duration(SHORTEST)} after --start; "
            f"it is {said(end)}, and --start {said(start)}"
        )
    grid = Grid(start, end, _read_step(wish.step))
    return Terms(wish.source, grid, _read_labels(wish.labels), wish.output, wish.force)


def said(moment: float) -> str:
    """A moment in both forms that these flags take, cut to the millisecond, so never later than it is."""
    milliseconds = int(Decimal(repr(moment)) * 1000)
    text = datetime.fromtimestamp(milliseconds // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    part = f"{milliseconds % 1000:03}"
    if part == "000":
        return f"{text}Z ({milliseconds // 1000})"
    return f"{text}.{part}Z ({milliseconds // 1000}.{part})"


def parse_moment(text: str) -> float:
    """Unix seconds of RFC 3339 with a time zone, or of Unix seconds; raises `ValueError` for all else."""
    if _UNIX.fullmatch(text):
        return _plausible(float(text))
    found = _RFC_3339.fullmatch(text)
    if found is None:
        raise ValueError(f"this is neither RFC 3339 nor Unix seconds; write {EXAMPLE} or 1769817600")
    if found["zone"] is None:
        raise ValueError(f"this does not say its time zone; write {text}Z for UTC, or an offset as +01:00")
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        raise ValueError("there is no such day, time or offset") from None
    return _plausible(moment.timestamp())


def _plausible(seconds: float) -> float:
    if seconds >= _FIRST_IN_MILLISECONDS:
        raise ValueError("this is thousands of years ahead; write seconds, not milliseconds")
    if seconds < _FIRST_MOMENT:
        raise ValueError(f"this is before 2015; write {EXAMPLE} or 1769817600")
    return seconds


def _read(flag: str, text: str) -> float:
    try:
        return parse_moment(text)
    except ValueError as fault:
        raise ConfigError(f"{flag}: {fault}") from None


def _read_step(text: str) -> int:
    seconds = parse_duration(text)
    if seconds is None or seconds != int(seconds) or not SHORTEST_STEP <= seconds <= LONGEST_STEP:
        least, most = format_duration(SHORTEST_STEP), format_duration(LONGEST_STEP)
        raise ConfigError(f"--step: must be whole seconds from {least} to {most}, as 30s or 1m")
    return int(seconds)


def _read_labels(texts: Iterable[str]) -> tuple[tuple[str, str], ...]:
    labels: dict[str, str] = {}
    for text in texts:
        found = _LABEL.fullmatch(text)
        if found is None or not found["value"].isprintable():
            raise ConfigError("--label: must be NAME=VALUE, as job=presence")
        name = found["name"]
        if name in _OURS or name.startswith("__"):
            raise ConfigError(f"--label: {name} is not yours to give; job and instance are")
        if name in labels:
            raise ConfigError(f"--label: {name} is given twice")
        labels[name] = found["value"]
    return tuple(sorted(labels.items()))
