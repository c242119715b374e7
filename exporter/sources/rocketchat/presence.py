"""Users by status: `GET /api/v1/users.presence` in full, by ids, or in full helped out by deltas.

Two traps rule this file. A server that has switched presence off answers 200 with an empty *full* list to
whatever was asked: that is not "nobody online". And a delta leaves out most status changes: it is a hint
until the next full list.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from exporter import errors
from exporter.config import ChatPresenceMode, RocketChatSettings
from exporter.fetch import Fetcher, Question, Reply
from exporter.model import ChatPresence, Collector, Deadline, Facts, Partial, SourceObserver, StatusHistory
from exporter.sources.rocketchat import wire
from exporter.sources.rocketchat.broadcast import is_switched_off
from exporter.sources.rocketchat.hints import HintedView
from exporter.statuses import StatusWatch

SHOWN: Final = (wire.ONLINE, wire.AWAY, wire.BUSY, wire.UNKNOWN)
GROUP_SHOWN: Final = (*SHOWN, wire.OFFLINE)

BLIND_AFTER: Final = 90.0
"""Seconds without a full list after which a running stay is void, where full lists are asked at each pull."""

QUERY_CHARACTERS: Final = 1500
"""How long a query with `ids=` may get: very long URLs are answered 404 on real deployments."""


class PresenceCollector(Collector):
    """The users of one workspace; owns the watch over their statuses and the view that deltas help out."""

    name = "presence"
    endpoint = "/api/v1/users.presence"

    def __init__(
        self,
        fetcher: Fetcher,
        settings: RocketChatSettings,
        *,
        bounds: tuple[tuple[float, ...], tuple[float, ...]],
        observer: SourceObserver,
        wall: Callable[[], float],
    ) -> None:
        """`bounds` are the buckets of completed and of current stays."""
        self._fetcher = fetcher
        self._settings = settings
        self._observer = observer
        self._wall = wall
        self._counting_since = wall()
        gap = max(BLIND_AFTER, 2 * (settings.full_every or 0.0))
        self._watch = StatusWatch(completed=bounds[0], current=bounds[1], gap=gap)
        self._view = HintedView(settings.full_every)

    async def kept(self) -> Facts | None:
        """The completed stays, as long as full lists are asked."""
        if self._settings.presence is not ChatPresenceMode.FULL:
            return None
        drift = None if self._settings.full_every is None else self._view.drift
        return StatusHistory(self._watch.completed(), self._counting_since, drift)

    async def collect(self, deadline: Deadline) -> Partial:
        """Ask in the configured way; a suspicious answer is held against the server's setting."""
        if self._settings.presence is ChatPresenceMode.IDS:
            return await self._collect_ids(deadline)
        return await self._collect_list(deadline)

    async def _collect_list(self, deadline: Deadline) -> Partial:
        since = self._view.hint_from(now=self._wall())
        params = () if since is None else (("from", _iso(since)),)
        reply = await self._ask(params, deadline)
        listing, now = reply.value, self._wall()
        if listing.full and not listing.statuses and await is_switched_off(self._fetcher, deadline):
            self._view.forget()
            return _switched_off()
        if listing.full:
            self._view.saw_full(listing.statuses, now=now, server_time=reply.server_time)
        elif since is None:
            raise errors.AnswerMisshapen(f"{self.endpoint}: only changes in answer to a question for all")
        else:
            self._view.saw_delta(listing.statuses, now=now, server_time=reply.server_time)
        present = self._counted(self._view.statuses)
        if listing.full:
            self._watch.saw(present, now=now)
        numbers = Counter(present.values())
        return Partial(
            ChatPresence(
                broadcast_disabled=False,
                users={status: numbers[status] for status in SHOWN},
                groups=self._groups(self._view.statuses),
                current=self._watch.current(now=now),
                resolution=self._watch.resolution,
            )
        )

    async def _collect_ids(self, deadline: Deadline) -> Partial:
        members = sorted({user for group in self._settings.groups for user in group.ids})
        found: dict[str, str] = {}
        for params in _queries(members):
            listing = (await self._ask(params, deadline)).value
            if listing.full:
                if await is_switched_off(self._fetcher, deadline):
                    return _switched_off()
                error = errors.AnswerMisshapen(f"{self.endpoint}: a full list in answer to ids")
                return Partial(ChatPresence(broadcast_disabled=False), error)
            found.update(listing.statuses)
        return Partial(ChatPresence(broadcast_disabled=False, groups=self._groups(found)))

    async def _ask(self, params: tuple[tuple[str, str], ...], deadline: Deadline) -> Reply[wire.Listing]:
        question = Question(self.endpoint, self.endpoint, params, scope=self.endpoint)
        return await self._fetcher.get(
            question, lambda body, _: wire.presence(body, self._observer.drifted), deadline=deadline
        )

    def _counted(self, statuses: Mapping[str, str]) -> dict[str, str]:
        """Everybody who is not left out by the settings, as bots are."""
        left_out = self._settings.exclude_ids
        return {user: status for user, status in statuses.items() if user not in left_out}

    def _groups(self, statuses: Mapping[str, str]) -> dict[str, dict[str, int]]:
        groups = {}
        for group in self._settings.groups:
            numbers = Counter(statuses.get(user, wire.OFFLINE) for user in group.ids)
            groups[group.name] = {status: numbers[status] for status in GROUP_SHOWN}
        return groups


def _switched_off() -> Partial:
    error = errors.PresenceSwitchedOff(f"{PresenceCollector.endpoint}: the server has switched presence off")
    return Partial(ChatPresence(broadcast_disabled=True), error)


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _queries(ids: Sequence[str]) -> Iterator[tuple[tuple[str, str], ...]]:
    """The ids as repeated `ids=`, which all versions understand, in queries of a safe length."""
    query: list[tuple[str, str]] = []
    length = 0
    for user in ids:
        length += len(f"&ids={quote(user, safe='')}")
        if query and length > QUERY_CHARACTERS:
            yield tuple(query)
            query, length = [], len(f"&ids={quote(user, safe='')}")
        query.append(("ids", user))
    yield tuple(query)
