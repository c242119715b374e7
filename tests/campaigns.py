"""The size of a long campaign: a seeded sample in every run, all of it in `make soak`.

A test that asks for its size here carries the marker `soak`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def campaign(*, sample: int, full: int, environment: Mapping[str, str] = os.environ) -> int:
    """Return how many cases to try: `full` when PRESENCE_SOAK=1, `sample` otherwise."""
    return full if soaking(environment) else sample


def soaking(environment: Mapping[str, str] = os.environ) -> bool:
    """Tell whether this is the long run."""
    return environment.get("PRESENCE_SOAK", "") == "1"
