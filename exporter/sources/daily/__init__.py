"""Daily's REST API: who is in the rooms, and which meetings are going on.

`wire` holds the shapes, `presence` and `meetings` the questions; here they become one source. Success is
judged by status and types, never by keys: rooms are named by users and may be called `error`. Nothing in
here knows another vendor, a metric, or when it is asked.
"""

from collections.abc import Sequence
from typing import Final

from exporter import errors
from exporter.config import BucketSettings, DailySettings, LedgerSettings, PresenceMode
from exporter.fetch import Fetcher, Question, Vendor
from exporter.model import Collector, Deadline, Finding, MeetingLedger, SourceObserver
from exporter.pauses import Pace
from exporter.rooms import RoomLabel, RoomRules
from exporter.sources.credential import RereadCredential
from exporter.sources.daily import history, wire
from exporter.sources.daily.ended import EndedMeetingsCollector
from exporter.sources.daily.meetings import MeetingsCollector, OngoingList
from exporter.sources.daily.presence import PresenceCollector, RoomPresenceCollector, ask_room
from exporter.sources.examine import examined

REQUESTS_PER_SECOND: Final = 10.0
"""Half of Daily's limit for these endpoints, since the customer's own application shares it; the reading of
the history adds half as much where there is a lot to read."""

BURST: Final = 5
"""Requests that may leave together; with what both rates add, never more than Daily's limit in any second."""


def vendor(settings: DailySettings) -> Vendor:
    """How to reach the account, and how Daily says no."""
    credential = RereadCredential((settings.api_key,), lambda key: {"Authorization": f"Bearer {key}"})
    pace = Pace(rate=REQUESTS_PER_SECOND, burst=BURST)
    return Vendor(
        settings.name,
        settings.base_url,
        credential,
        refusal=_refusal,
        pace=pace,
        at_once=settings.http.max_connections,
    )


def _refusal(status: int, body: bytes) -> type[errors.UpstreamError] | None:
    """A missing or malformed header is a 400 with Daily, and a matter of the key all the same."""
    if status == 400 and wire.error_type(body) == "authorization-header-error":
        return errors.CredentialRefused
    return None


class DailySource:
    """One Daily domain: the collectors that its settings ask for."""

    kind = "daily"
    drift_fields = (*wire.DRIFT_FIELDS, *history.DRIFT_FIELDS)

    def __init__(
        self,
        settings: DailySettings,
        fetcher: Fetcher,
        *,
        buckets: BucketSettings,
        observer: SourceObserver,
        ledger: MeetingLedger,
        ledger_settings: LedgerSettings,
    ) -> None:
        self.name = settings.name
        self._fetcher = fetcher
        self._settings = settings
        rules = _rules(settings)
        chosen: list[Collector] = []
        if settings.presence is PresenceMode.DOMAIN:
            chosen.append(PresenceCollector(fetcher, rules, buckets=buckets, observer=observer))
        if settings.presence is PresenceMode.ROOMS:
            chosen.append(RoomPresenceCollector(fetcher, rules))
        if settings.meetings:
            ongoing = OngoingList(fetcher, observer)
            chosen.append(MeetingsCollector(ongoing, rules, buckets=buckets))
            chosen.append(
                EndedMeetingsCollector(
                    fetcher, ongoing, ledger=ledger, settings=ledger_settings, observer=observer
                )
            )
        self.collectors = tuple(chosen)
        self.endpoints = tuple(dict.fromkeys(each.endpoint for each in chosen))

    async def examine(self, deadline: Deadline) -> Sequence[Finding]:
        """Ask which domain the key belongs to, and for each watched room."""
        findings = [await examined(self.name, "key", question=self._domain(deadline))]
        for room in self._settings.rooms.watch:
            question = self._room(room, deadline)
            findings.append(await examined(self.name, f"room {room}", question=question))
        return findings

    async def aclose(self) -> None:
        """Give the connections back."""
        await self._fetcher.aclose()

    async def _domain(self, deadline: Deadline) -> str:
        question = Question("/", "/")
        reply = await self._fetcher.get(question, lambda body, _: wire.domain_name(body), deadline=deadline)
        return f"domain {reply.value}"

    async def _room(self, room: str, deadline: Deadline) -> str:
        people = await ask_room(self._fetcher, room, deadline=deadline)
        return f"{people} in the room"


def _rules(settings: DailySettings) -> RoomRules:
    rooms = settings.rooms
    return RoomRules(
        watch=rooms.watch,
        include=rooms.include,
        exclude=rooms.exclude,
        groups=tuple((group.name, group.pattern) for group in rooms.groups),
        limit=rooms.limit,
        label=RoomLabel(rooms.label),
        hash_key=rooms.hash_key.reveal().encode() if rooms.hash_key else b"",
    )
