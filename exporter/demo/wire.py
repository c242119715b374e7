"""An HTTP answer as a value, and what both vendors' wires have in common; knows neither vendor."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeAlias

import httpx

from exporter.demo.clock import http_date


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server sends: status, header fields, body."""

    status: int
    content: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    def with_headers(self, **fields: str) -> "Reply":
        """Give the same reply with more header fields; an underscore stands for a hyphen."""
        more = {name.replace("_", "-"): value for name, value in fields.items()}
        return replace(self, headers={**self.headers, **more})


Special: TypeAlias = Callable[[httpx.Request], Reply]


class Vendor(Protocol):
    """One vendor's server: its answers, and the forms its own kinds of failure take."""

    @property
    def name(self) -> str:
        """The vendor, as the moods call it."""

    @property
    def specials(self) -> Mapping[str, Special]:
        """The moods that look different at each vendor."""

    def endpoint(self, path: str) -> str:
        """Give the documented path to which a request's path belongs."""

    def answer(self, request: httpx.Request) -> Reply:
        """Answer as on a good day."""


class Refused(Exception):
    """A request that is answered with an error; carries the whole reply."""

    def __init__(self, reply: Reply) -> None:
        """Refuse by this reply."""
        super().__init__(reply.status)
        self.reply = reply


def json_reply(status: int, payload: object, *, now: float) -> Reply:
    """Give a JSON reply of the moment `now` (Unix seconds)."""
    content = json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()
    return Reply(status, content, {"Date": http_date(now), "Content-Type": "application/json; charset=utf-8"})
