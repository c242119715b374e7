"""The named ways in which the simulated vendors misbehave: which is on, where and when; does none of them."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, Protocol

from exporter.demo.chat_wire import CHAT, PRESENCE
from exporter.demo.daily_wire import DAILY
from exporter.demo.dice import dice

MOODS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "rate_limited": "429 that names the seconds to wait",
        "rate_limited_silently": "429 that names no wait",
        "rate_limited_past": "429 whose named moment is over already",
        "server_error": "500 with an HTML page",
        "bad_gateway": "502 with an HTML page, as from a proxy",
        "unavailable": "503 with a JSON body",
        "stall": "takes the request and never answers",
        "drip": "sends the header, then one byte of the body each second",
        "reset": "resets the connection before anything is answered",
        "reset_in_body": "resets the connection in the middle of the body",
        "refuse": "accepts no connection",
        "truncated": "JSON cut off in the middle, with a length that agrees",
        "retyped": "the fields are there, but of other types",
        "sparse": "every optional field is missing, and numbers are floats",
        "wrong_shape": "200 with a list, a string, null, in turn",
        "empty_body": "200 with nothing in it",
        "unauthorized": "401, as after the credential was revoked",
        "forbidden": "403, as for an account without the permission",
        "not_found": "404, as from an older server",
        "redirect": "302 to another host",
        "oversized": "a body that has no end",
        "endless_pages": "meetings whose pages have no end (Daily)",
        "presence_disabled": "the workspace has switched presence off, and says so when asked (Rocket.Chat)",
        "presence_disabled_unconfirmed": "the full list is empty, the setting says it is on (Rocket.Chat)",
        "clock_ahead": "the Date header is an hour ahead",
    }
)
"""Every mood by its name, and what it does in a line."""

ANYWHERE: Final = "*"

_ONLY_AT: Final[Mapping[str, tuple[str, str]]] = {
    "endless_pages": (DAILY, "/meetings"),
    "presence_disabled": (CHAT, PRESENCE),
    "presence_disabled_unconfirmed": (CHAT, PRESENCE),
}


def fits(mood: str, vendor: str, *, endpoint: str) -> bool:
    """Say whether a mood makes a difference at an endpoint (`*` = any)."""
    only_vendor, only_endpoint = _ONLY_AT.get(mood, (vendor, endpoint))
    return vendor == only_vendor and endpoint in {only_endpoint, ANYWHERE}


def home(mood: str, vendor: str) -> str | None:
    """Give the one endpoint of a vendor where a mood makes a difference, `*` for all, None for none."""
    only_vendor, only_endpoint = _ONLY_AT.get(mood, (vendor, ANYWHERE))
    return only_endpoint if vendor == only_vendor else None


class Schedule(Protocol):
    """Says in which mood an endpoint is by itself."""

    def __call__(self, vendor: str, endpoint: str, *, now: float) -> str | None:
        """Give the mood at `now` (Unix seconds), None for a good one."""


class Moods:
    """Which mood each endpoint is in; what is set counts before what is scheduled."""

    def __init__(self, schedule: Schedule | None = None) -> None:
        """Begin with everybody in a good mood, or as scheduled."""
        self._set: dict[tuple[str, str], str] = {}
        self._schedule = schedule

    @classmethod
    def cycling(
        cls, seed: object, *, period: float = 120.0, share: float = 0.25, names: Sequence[str] = tuple(MOODS)
    ) -> "Moods":
        """Give moods that change every `period` seconds by seed and clock; `share` of the time is bad."""
        for name in names:
            _check_name(name)

        def schedule(vendor: str, endpoint: str, *, now: float) -> str | None:
            fitting = [name for name in names if fits(name, vendor, endpoint=endpoint)]
            rng = dice(seed, vendor, endpoint, now // period)
            return rng.choice(fitting) if fitting and rng.random() < share else None

        return cls(schedule)

    def set(self, vendor: str, endpoint: str, mood: str) -> None:  # noqa: PLR0917 - reads as a sentence
        """Put an endpoint (its documented path, or `*`) into a mood; ValueError where it makes no sense."""
        _check_name(mood)
        if vendor not in {DAILY, CHAT}:
            raise ValueError(f"unknown vendor {vendor!r}; known are {DAILY!r} and {CHAT!r}")
        if not fits(mood, vendor, endpoint=endpoint):
            raise ValueError(f"mood {mood!r} makes no difference at {vendor} {endpoint}")
        self._set[vendor, endpoint] = mood

    def clear(self, vendor: str | None = None, endpoint: str | None = None) -> None:
        """End what was set: everything, all of a vendor, or one endpoint's."""
        for key in list(self._set):
            if vendor in {None, key[0]} and endpoint in {None, key[1]}:
                del self._set[key]

    def at(self, vendor: str, endpoint: str, *, now: float) -> str | None:
        """Give the mood of an endpoint at `now` (Unix seconds), None for a good one."""
        mood = self._set.get((vendor, endpoint)) or self._set.get((vendor, ANYWHERE))
        if mood is None and self._schedule is not None:
            return self._schedule(vendor, endpoint, now=now)
        return mood


def _check_name(mood: str) -> None:
    if mood not in MOODS:
        raise ValueError(f"unknown mood {mood!r}; known are {', '.join(MOODS)}")
