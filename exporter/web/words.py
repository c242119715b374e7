"""How the pages for people write numbers, ages and moments; pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

LONGEST_NAME: Final = 40
"""Characters."""

_UNITS: Final = ((86400, "d"), (3600, "h"), (60, "min"))


def span(seconds: float) -> str:
    """Say a number of seconds in its largest whole unit, rounded down; a negative one is none."""
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(max(seconds, 0))} s"


def took(seconds: float) -> str:
    """Say how long something took: below a second in milliseconds."""
    return f"{1000 * seconds:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def ago(seconds: float | None) -> str:
    """Say how long ago something was; None = never."""
    return "never" if seconds is None else f"{span(seconds)} ago"


def number(value: float) -> str:
    """Write a whole number with its thousands apart."""
    return f"{value:,.0f}"


def short(name: str) -> str:
    """Leave out the middle of a name that is too long for a line: ends differ more often than middles."""
    return name if len(name) <= LONGEST_NAME else f"{name[:24]}…{name[-15:]}"


def moment(seconds: float) -> str:
    """Write a moment (Unix seconds) to the second, in UTC."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def counted(value: int, what: str) -> str:
    """`1 source`, `2 sources`."""
    return f"{value:,} {what}{'' if value == 1 else 's'}"
