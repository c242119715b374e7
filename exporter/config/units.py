"""Durations and sizes as people write them: `1m30s`, `64MiB`; arithmetic that knows no file and no key."""

import re

_DURATION = re.compile(
    r"(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m(?!s))?(?:(\d{1,9})s)?(?:(\d{1,9})ms)?", re.ASCII
)
_MILLISECONDS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}

_SIZE = re.compile(r"(\d{1,15})(KiB|MiB|GiB)?", re.ASCII)
_BYTES = {"GiB": 2**30, "MiB": 2**20, "KiB": 2**10}


def parse_duration(text: str) -> float | None:
    """The seconds of a duration such as `15s`, `1m30s` or `500ms`; None where the text is none.

    Units are d, h, m, s and ms, each once and the biggest first, as Prometheus writes them; a bare number is
    no duration, not even 0.
    """
    found = _DURATION.fullmatch(text)
    if found is None or not text:
        return None
    parts = zip(found.groups(default="0"), _MILLISECONDS.values(), strict=True)
    return sum(int(number) * scale for number, scale in parts) / 1000


def format_duration(seconds: float) -> str:
    """The shortest way to write so many seconds (≥ 0, to the millisecond)."""
    left = round(seconds * 1000)
    text = ""
    for unit, scale in _MILLISECONDS.items():
        number, left = divmod(left, scale)
        text += f"{number}{unit}" if number else ""
    return text or "0s"


def parse_size(text: str) -> int | None:
    """The bytes of a size such as `64MiB`, `512KiB` or `1048576`; None where the text is none."""
    found = _SIZE.fullmatch(text)
    if found is None:
        return None
    number, unit = found.groups()
    return int(number) * (_BYTES[unit] if unit else 1)


def format_size(size: int) -> str:
    """The shortest way to write so many bytes (≥ 0) exactly."""
    for unit, scale in _BYTES.items():
        if size and size % scale == 0:
            return f"{size // scale}{unit}"
    return str(size)
