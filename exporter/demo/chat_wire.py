"""Answers HTTP requests as a Rocket.Chat server does, out of the simulated workspace; speaks its JSON alone.

Sources of each rule: the server's REST routes `users.presence`, `settings.public`, `presence.getConnections`
and `me`, its API limiter and its validators, up to 8.8.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from exporter.demo import chat_errors as errors
from exporter.demo.chat_world import ChatWorkspace, Member
from exporter.demo.clock import iso
from exporter.demo.limits import Allowance
from exporter.demo.wire import Refused, Reply, Special, json_reply

CHAT: Final = "rocketchat"
CHAT_URL: Final = "https://chat.demo.invalid"
"""Where the simulated workspace lives; `.invalid` can lead nowhere (RFC 6761)."""

PRESENCE: Final = "/api/v1/users.presence"
SETTINGS: Final = "/api/v1/settings.public"
CONNECTIONS: Final = "/api/v1/presence.getConnections"
ME: Final = "/api/v1/me"

SWITCHED_OFF: Final = "Presence_broadcast_disabled"
MOST_CONNECTIONS: Final = 200
DELTA_SECONDS: Final = 600
"""How far back a delta reaches; an older `from` gets the full list."""

Query = httpx.QueryParams


class ChatWire:
    """The REST API of one simulated workspace."""

    name = CHAT

    def __init__(self, workspace: ChatWorkspace) -> None:
        """Serve this workspace."""
        self.workspace = workspace
        self.specials: Mapping[str, Special] = {
            **errors.specials(workspace),
            "presence_disabled": lambda request: self._answer(request, off=True, setting=True),
            "presence_disabled_unconfirmed": lambda request: self._answer(request, off=True, setting=False),
        }
        self._routes: Mapping[str, Callable[[Query, float], dict[str, Any]]] = {
            PRESENCE: self._presence,
            CONNECTIONS: self._connections,
            ME: self._me,
        }

    def endpoint(self, path: str) -> str:
        """Give the documented path: this vendor's have no variable parts."""
        return path

    def answer(self, request: httpx.Request) -> Reply:
        """Answer as on a good day: login first, then the rate, then the request."""
        return self._answer(request, off=False, setting=False)

    def _answer(self, request: httpx.Request, *, off: bool, setting: bool) -> Reply:
        now = self.workspace.clock()
        allowance = None
        try:
            self._check_route(request, now=now)
            if request.url.path != SETTINGS:
                errors.check_login(request, self.workspace, now=now)
            allowance = self._allowance(request, now)
            errors.check_rate(allowance, now=now)
            payload = self._payload(request, now, off=off, setting=setting)
            reply = json_reply(200, {**payload, "success": True}, now=now)
        except Refused as refused:
            reply = refused.reply
        return errors.with_limit(reply, allowance)

    def _check_route(self, request: httpx.Request, *, now: float) -> None:
        if request.method != "GET" or request.url.path not in {SETTINGS, *self._routes}:
            raise errors.refused(404, errors.NO_ENDPOINT, now=now)

    def _allowance(self, request: httpx.Request, now: float) -> Allowance | None:
        """The bucket is one for each client's address, which a proxy passes on, and each route."""
        if self.workspace.limit is None:
            return None
        client = request.headers.get("X-Forwarded-For", "")
        return self.workspace.limit.count(client, request.url.path, now=now)

    def _payload(self, request: httpx.Request, now: float, *, off: bool, setting: bool) -> dict[str, Any]:
        path, query = request.url.path, request.url.params
        if path == SETTINGS:
            return _settings(query, value=setting)
        if path == PRESENCE and off:
            return {"users": [], "full": True}
        return self._routes[path](query, now)

    def _presence(self, query: Query, now: float) -> dict[str, Any]:
        """The server's order of branches: `ids`, then `from`, then the full list."""
        if self.workspace.version >= (8, 4) and set(query) - {"ids", "from"}:
            text = "must NOT have additional properties [invalid-params]"
            raise errors.refused(400, text, now=now, kind="invalid-params")
        if any(query.get_list("ids")):
            return {"users": self._rows(self._asked(query), now, keep=_shown_by_id), "full": False}
        since = _moment(query.get("from", ""))
        if since is not None and now - since < DELTA_SECONDS:
            return {"users": self._rows(self._changed(since, now), now, keep=lambda _: True), "full": False}
        everybody = list(self.workspace.members.values())
        return {
            "users": self._rows(everybody, now, keep=lambda row: row["status"] != "offline"),
            "full": True,
        }

    def _asked(self, query: Query) -> list[Member]:
        """8.4 takes `ids=a,b` for one id."""
        given = query.get_list("ids")
        split = self.workspace.version != (8, 4)
        asked = {ident for value in given for ident in (value.split(",") if split else [value])}
        return [member for ident, member in self.workspace.members.items() if ident in asked]

    def _changed(self, since: float, now: float) -> list[Member]:
        workspace = self.workspace
        others = (member for member in workspace.members.values() if member.id != workspace.user_id)
        return [member for member in others if workspace.touched(member, since=since, t=now)]

    def _rows(
        self, members: list[Member], now: float, *, keep: Callable[[dict[str, Any]], bool]
    ) -> list[dict[str, Any]]:
        return [row for member in members if keep(row := self._row(member, now))]

    def _row(self, member: Member, now: float) -> dict[str, Any]:
        spell = self.workspace.spell(member, now)
        row: dict[str, Any] = {
            "_id": member.id,
            "name": member.name,
            "username": member.username,
            "status": spell.status,
            "utcOffset": member.zone,
        }
        newer: dict[str, Any] = {}
        if self.workspace.version >= (8, 6):
            newer = {"statusSource": spell.source, "statusText": spell.text}
            newer["statusExpiresAt"] = iso(spell.expires) if spell.expires else None
        optional = {"avatarETag": member.avatar, **newer}
        return row | {key: value for key, value in optional.items() if value is not None}

    def _connections(self, _: Query, now: float) -> dict[str, Any]:
        if not self.workspace.administrator:
            raise errors.refused(403, errors.NOT_PERMITTED, now=now)
        return {"current": self.workspace.connections(now), "max": MOST_CONNECTIONS}

    def _me(self, _: Query, now: float) -> dict[str, Any]:
        member = self.workspace.members[self.workspace.user_id]
        roles = ["user", "admin"] if self.workspace.administrator else ["user"]
        return {**self._row(member, now), "roles": roles, "active": True}


def _settings(query: Query, *, value: bool) -> dict[str, Any]:
    """Knows one setting; any other id finds nothing."""
    known = [{"_id": SWITCHED_OFF, "value": value, "enterprise": False}]
    found = known if query.get("_id", SWITCHED_OFF) == SWITCHED_OFF else []
    return {"settings": found, "count": len(found), "offset": 0, "total": len(found)}


def _shown_by_id(row: dict[str, Any]) -> bool:
    """Offline rows are shown where they carry a text, which only newer servers send."""
    return row["status"] != "offline" or "statusText" in row


def _moment(text: str) -> float | None:
    """Read a moment as the server does: what it cannot read is as if nothing had been said."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
