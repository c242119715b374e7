"""Answers HTTP requests as api.daily.co does, out of the simulated domain; speaks the vendor's JSON alone.

Sources of each rule: Daily's REST reference for /presence, /rooms/:name/presence, /meetings, /rooms and rate
limits.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import httpx

from exporter.demo import daily_errors as errors
from exporter.demo.clock import iso
from exporter.demo.daily_meetings import PAGE, endless_page, listing
from exporter.demo.daily_world import DOMAIN_NAME, DailyDomain
from exporter.demo.dice import derived_uuid
from exporter.demo.sessions import Stay
from exporter.demo.wire import Refused, Reply, Special, json_reply

DAILY: Final = "daily"
DAILY_URL: Final = "https://api.daily.demo.invalid/v1"
"""Where the simulated Daily lives; `.invalid` can lead nowhere (RFC 6761)."""

_BASE: Final = "/v1"
_ROOM: Final = re.compile(rf"{_BASE}/rooms/([^/]+)/presence/?")


class DailyWire:
    """The REST API of one simulated domain."""

    name = DAILY

    def __init__(self, domain: DailyDomain) -> None:
        """Serve this domain."""
        self.domain = domain
        self.specials: Mapping[str, Special] = {
            **errors.specials(domain.clock),
            "endless_pages": self._endless_pages,
        }

    def endpoint(self, path: str) -> str:
        """Give the documented path, without the version, to which a request's path belongs."""
        if path != _BASE and not path.startswith(f"{_BASE}/"):
            return ""
        below = path.removeprefix(_BASE).rstrip("/") or "/"
        return "/rooms/{room}/presence" if _ROOM.fullmatch(path) else below

    def answer(self, request: httpx.Request) -> Reply:
        """Answer as on a good day: credentials first, then the rate, then the request."""
        now = self.domain.clock()
        try:
            errors.check_key(request, self.domain.api_key, now=now)
            if self.domain.limit and not self.domain.limit.allows(now):
                raise errors.refused(429, "rate-limit-error", now=now)
            return json_reply(200, self._payload(request, now), now=now)
        except Refused as refused:
            return refused.reply

    def _payload(self, request: httpx.Request, now: float) -> object:
        path = request.url.path
        match self.endpoint(path) if request.method == "GET" else None:
            case "/":
                return {"domain_name": DOMAIN_NAME, "config": {}}
            case "/presence":
                return self._presence(now)
            case "/rooms/{room}/presence":
                return self._room_presence(request, now)
            case "/rooms":
                return self._rooms(request, now)
            case "/meetings":
                return listing(self.domain, request.url.params, now=now)
        raise errors.refused(404, "not-found", info="no such endpoint", now=now)

    def _presence(self, now: float) -> dict[str, Any]:
        sessions = self.domain.session_ids(now)
        present = self.domain.present(now)
        return {room: [_row(stay, sessions, now=now) for stay in stays] for room, stays in present.items()}

    def _room_presence(self, request: httpx.Request, now: float) -> dict[str, Any]:
        room = _ROOM.sub(r"\1", request.url.path)
        if room not in self.domain.rooms(now):
            raise errors.refused(404, "not-found", info=f"room {room} not found", now=now)
        query = request.url.params
        limit = errors.whole_number(query, "limit", least=1, now=now)
        sessions = self.domain.session_ids(now)
        rows = [_row(stay, sessions, now=now) for stay in self.domain.present(now).get(room, [])]
        for key in ("userId", "userName"):
            if key in query:
                rows = [row for row in rows if row[key] == query[key]]
        return {"total_count": len(rows), "data": rows[:limit]}

    def _rooms(self, request: httpx.Request, now: float) -> dict[str, Any]:
        limit = errors.whole_number(request.url.params, "limit", least=1, most=PAGE, now=now) or PAGE
        rooms = self.domain.rooms(now)
        newest = list(reversed(rooms.items()))[:limit]
        return {"total_count": len(rooms), "data": [_room(name, made) for name, made in newest]}

    def _endless_pages(self, request: httpx.Request) -> Reply:
        if self.endpoint(request.url.path) != "/meetings":
            return self.answer(request)
        now = self.domain.clock()
        return json_reply(200, endless_page(request.url.params, now=now), now=now)


def _row(stay: Stay, sessions: Mapping[str, str], *, now: float) -> dict[str, Any]:
    return {
        "room": stay.room,
        "id": stay.participant_id,
        "userId": stay.user_id,
        "userName": stay.user_name,
        "mtgSessionId": sessions[stay.participant_id],
        "joinTime": iso(stay.join),
        "duration": int(now - stay.join),
    }


def _room(name: str, made: int) -> dict[str, Any]:
    return {
        "id": derived_uuid("room", name),
        "name": name,
        "api_created": True,
        "privacy": "public",
        "url": f"https://{DOMAIN_NAME}.daily.demo.invalid/{name}",
        "created_at": iso(made),
        "config": {},
    }
