"""What can go wrong by name, for trying alerts: each mood of the simulated vendors, and more than one.

It knows the moods and none of what they do.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from exporter.demo import CHAT, DAILY, MOODS, Moods, home

CALM: Final = "calm"
MOODY: Final = "moody"

_TOGETHER: Final[Mapping[str, str]] = MappingProxyType(
    {
        CALM: "nothing goes wrong",
        MOODY: "each endpoint is in a bad mood a quarter of the time, another one every two minutes",
    }
)

_ALONE: Final[Mapping[str, str]] = MappingProxyType({f"{DAILY}:": DAILY, f"{CHAT}:": CHAT})

SCENARIOS: Final[Mapping[str, str]] = MappingProxyType({**_TOGETHER, **MOODS})
"""Every scenario by its name, and what it does in a line; `daily:NAME` or `rocketchat:NAME` is of one."""


def check_scenario(text: str) -> None:
    """Refuse what names no scenario: `ValueError` says which there are."""
    name = text
    for prefix, vendor in _ALONE.items():
        if text.startswith(prefix):
            name = text.removeprefix(prefix)
            if name in MOODS and home(name, vendor) is None:
                raise ValueError(f"{name} makes no difference at {vendor}")
    if name not in SCENARIOS or (name != text and name in _TOGETHER):
        raise ValueError(f"there is no scenario {text!r}; there are {', '.join(SCENARIOS)}")


def moods_of(scenarios: Iterable[str], *, seed: object) -> Moods:
    """The moods of all these scenarios; of two at the same endpoint the later wins."""
    names = list(scenarios)
    moods = Moods.cycling(seed) if MOODY in names else Moods()
    for scenario in names:
        only, _, mood = scenario.rpartition(":")
        for vendor in [only] if only else (DAILY, CHAT):
            endpoint = home(mood, vendor)
            if mood not in _TOGETHER and endpoint is not None:
                moods.set(vendor, endpoint, mood)
    return moods
