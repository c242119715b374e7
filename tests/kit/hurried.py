"""Makes configurations of Prometheus and Alertmanager faster: named durations by one factor, nothing else.

Knows how both write a duration, and no more of what is in the files.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from collections.abc import Collection

RULES: Final = frozenset({"for", "keep_firing_for", "interval"})
"""How long a condition must hold and is held, and how often it is looked at; no window of an expression."""

ROUTES: Final = frozenset({"group_wait", "group_interval"})
"""How long a message waits for others; not after how long it is sent again."""

_MILLISECONDS: Final = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_PART: Final = re.compile(r"(\d+)(ms|[smhdw])")


def hurried(text: str, *, keys: Collection[str], factor: float) -> str:
    """Return the YAML with the durations under these keys multiplied; by 0.01 `1m` becomes `600ms`.

    A value that is no duration is a `ValueError`.
    """
    return yaml.safe_dump(_each(yaml.safe_load(text), keys=keys, factor=factor), sort_keys=False)


def milliseconds(duration: str) -> int:
    """Return how long `1h30m` is."""
    parts = _PART.findall(duration)
    if not parts or "".join(number + unit for number, unit in parts) != duration:
        raise ValueError(f"no duration: {duration!r}")
    return sum(int(number) * _MILLISECONDS[unit] for number, unit in parts)


def _each(value: Any, *, keys: Collection[str], factor: float) -> Any:
    match value:
        case dict():
            return {
                key: f"{milliseconds(inner) * factor:.0f}ms"
                if key in keys
                else _each(inner, keys=keys, factor=factor)
                for key, inner in value.items()
            }
        case list():
            return [_each(inner, keys=keys, factor=factor) for inner in value]
    return value
