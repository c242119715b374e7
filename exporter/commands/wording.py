"""How commands word numbers, times and foreign names; pure."""

from datetime import UTC, datetime

from exporter.config.units import format_duration


def some(number: int, what: str) -> str:
    """`1 room`, `2 rooms`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def printable(text: str) -> str:
    """A name that comes from a vendor: no control character of it may reach a terminal."""
    return "".join(each if each.isprintable() else "?" for each in text)


def moment(seconds: float) -> str:
    """A moment (Unix seconds) as people and `date` read it, to the second, in UTC."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def span(seconds: float) -> str:
    """A duration to the second; a negative one, which only clocks can make, is none."""
    return format_duration(max(0, round(seconds)))


def ago(seconds: float, *, now: float) -> str:
    """How long ago a moment was."""
    return span(now - seconds)
