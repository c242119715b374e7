"""Rocket.Chat's REST API: who is online, by status and group, and how many connections are open.

`wire` holds the shapes, `presence` and `connections` the questions; here they become one source. Nothing in
here knows another vendor, a metric, or when it is asked.
"""

from collections.abc import Callable, Sequence

from exporter.config import BucketSettings, ChatPresenceMode, RocketChatSettings
from exporter.errors import AnswerMisshapen, PresenceSwitchedOff
from exporter.fetch import Fetcher, Vendor
from exporter.model import Deadline, Finding, SourceObserver
from exporter.sources.credential import RereadCredential
from exporter.sources.examine import examined
from exporter.sources.rocketchat import wire
from exporter.sources.rocketchat.broadcast import BROADCAST_ENDPOINT, ask_broadcast
from exporter.sources.rocketchat.connections import ConnectionsCollector
from exporter.sources.rocketchat.presence import PresenceCollector


def vendor(settings: RocketChatSettings) -> Vendor:
    """How to reach the workspace, and how Rocket.Chat names a wait."""
    secrets = (settings.auth_token, settings.user_id)
    credential = RereadCredential(secrets, lambda token, user: {"X-Auth-Token": token, "X-User-Id": user})
    return Vendor(
        settings.name,
        settings.base_url,
        credential,
        wait_in_body=wire.wait_in_refusal,
        at_once=settings.http.max_connections,
    )


class RocketChatSource:
    """One Rocket.Chat workspace: the collectors that its settings ask for."""

    kind = "rocketchat"
    drift_fields = wire.DRIFT_FIELDS

    def __init__(
        self,
        settings: RocketChatSettings,
        fetcher: Fetcher,
        *,
        buckets: BucketSettings,
        observer: SourceObserver,
        wall: Callable[[], float],
    ) -> None:
        self.name = settings.name
        self._fetcher = fetcher
        self._settings = settings
        chosen: list[PresenceCollector | ConnectionsCollector] = []
        endpoints: list[str] = []
        if settings.presence is not ChatPresenceMode.OFF:
            bounds = (buckets.of("status_duration_seconds"), buckets.of("current_status_seconds"))
            chosen.append(PresenceCollector(fetcher, settings, bounds=bounds, observer=observer, wall=wall))
            endpoints += [PresenceCollector.endpoint, BROADCAST_ENDPOINT]
        if settings.connections:
            chosen.append(ConnectionsCollector(fetcher))
            endpoints.append(ConnectionsCollector.endpoint)
        self.collectors = tuple(chosen)
        self.endpoints = tuple(endpoints)

    async def examine(self, deadline: Deadline) -> Sequence[Finding]:
        """Ask whether presence is switched off."""
        return [await examined(self.name, "presence setting", question=self._broadcast(deadline))]

    async def aclose(self) -> None:
        """Give the connections back."""
        await self._fetcher.aclose()

    async def _broadcast(self, deadline: Deadline) -> str:
        disabled = await ask_broadcast(self._fetcher, deadline)
        if disabled is None:
            raise AnswerMisshapen(f"{BROADCAST_ENDPOINT}: the setting is not in the answer")
        if disabled:
            raise PresenceSwitchedOff(f"{BROADCAST_ENDPOINT}: the server has switched presence off")
        return "switched on"
