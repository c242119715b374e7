"""What can be tried by name: what happens in the simulated world, and how its vendors fail.

It knows the names of happenings and moods, and nothing of what they do.
"""

import time
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from exporter.demo import CHAT, DAILY, HAPPENINGS, MOODS, Clock, Moods, World, changed_world, happens_at, home

CALM: Final = "calm"
MOODY: Final = "moody"

_TOGETHER: Final[Mapping[str, str]] = MappingProxyType(
    {
        CALM: "nothing goes wrong",
        MOODY: "each endpoint is in a bad mood a quarter of the time, another one every two minutes",
    }
)

_ALONE: Final[Mapping[str, str]] = MappingProxyType({f"{DAILY}:": DAILY, f"{CHAT}:": CHAT})

SCENARIOS: Final[Mapping[str, str]] = MappingProxyType({**_TOGETHER, **HAPPENINGS, **MOODS})
"""Every scenario by its name, and what it does in a line; `daily:NAME` or `rocketchat:NAME` is of one."""


def check_scenario(text: str) -> None:
    """Refuse what names no scenario: `ValueError` says which there are."""
    name = text
    for prefix, vendor in _ALONE.items():
        if text.startswith(prefix):
            name = text.removeprefix(prefix)
            if name in SCENARIOS and name not in _TOGETHER and not _matters(name, vendor):
                raise ValueError(f"{name} makes no difference at {vendor}")
    if name not in SCENARIOS or (name != text and name in _TOGETHER):
        raise ValueError(f"there is no scenario {text!r}; there are {', '.join(SCENARIOS)}")


def moods_of(scenarios: Iterable[str], *, seed: object) -> Moods:
    """The moods of all these scenarios; of two at the same endpoint the later wins."""
    names = list(scenarios)
    moods = Moods.cycling(seed) if MOODY in names else Moods()
    for vendor in (DAILY, CHAT):
        for mood in _at(vendor, names):
            endpoint = home(mood, vendor) if mood in MOODS else None
            if endpoint is not None:
                moods.set(vendor, endpoint, mood)
    return moods


def world_of(scenarios: Iterable[str], *, seed: object, clock: Clock = time.time) -> World:
    """The world in which all that these scenarios name has happened by now; moods change nothing in it."""
    names = list(scenarios)
    daily, chat = ([name for name in _at(vendor, names) if name in HAPPENINGS] for vendor in (DAILY, CHAT))
    return changed_world(seed, daily=daily, chat=chat, clock=clock)


def _at(vendor: str, scenarios: Iterable[str]) -> list[str]:
    """What is of this vendor, without its prefix, in the order given."""
    each = (scenario.rpartition(":") for scenario in scenarios)
    return [name for only, _, name in each if only in {"", vendor}]


def _matters(name: str, vendor: str) -> bool:
    return happens_at(name, vendor) if name in HAPPENINGS else home(name, vendor) is not None
