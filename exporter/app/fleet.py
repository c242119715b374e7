"""The sources in force: which there are, and how a new configuration takes the place of the old one.

The one owner of both. All or nothing: what a new configuration needs is built first, and put in force in one
step in which nothing waits. A source whose settings are the same stays what it is, with all that it
remembers. It knows no vendor and no file.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from exporter.app.departures import Departures, close
from exporter.app.members import Member, PausesOf
from exporter.collect import Collection
from exporter.config import Config, SourceSettings, refuse_fixed
from exporter.fetch import Account, Vendor
from exporter.model import Source
from exporter.pauses import Pauses
from exporter.telemetry import Telemetry


class Making(Protocol):
    """Makes sources of settings."""

    def fits(self, member: Member, settings: SourceSettings) -> bool:
        """Whether these settings would make the same source again; raises `ConfigError`."""

    def make(self, settings: SourceSettings, pauses_of: PausesOf) -> Member:
        """Make a source that nobody asks yet; raises `ConfigError`."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What a new configuration changed, as names of sources, and how many it left as they were."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    kept: int = 0


class Fleet:
    """The configuration and the sources in force."""

    def __init__(
        self,
        config: Config,
        *,
        maker: Making,
        collection: Collection,
        telemetry: Telemetry,
        wall: Callable[[], float],
    ) -> None:
        """Put the first configuration in force; `collection` is told whom to ask. Raises `ConfigError`."""
        self._maker = maker
        self._collection = collection
        self._telemetry = telemetry
        self._wall = wall
        self._departures = Departures()
        self._config = config
        self._members: tuple[Member, ...] = ()
        self._put_in_force(config, [maker.make(each, lambda _: Pauses()) for each in config.sources])

    @property
    def config(self) -> Config:
        """The configuration in force."""
        return self._config

    @property
    def sources(self) -> tuple[Source, ...]:
        """The sources in force, in the order of the configuration."""
        return tuple(each.source for each in self._members)

    async def adopt(self, config: Config) -> Changes:
        """Put a new configuration in force, or raise `ConfigError` and leave everything as it is.

        Not to be called again before it has come back.
        """
        refuse_fixed(self._config, config)
        members = await self._built(config.sources)
        before = self._members
        self._put_in_force(config, members)
        for member in members:
            if member not in before:
                self._tell_pauses(member)
        return _changes(before, members)

    async def aclose(self) -> None:
        """Give all connections back."""
        await self._departures.aclose()
        for source in self.sources:
            await close(source)

    async def _built(self, settings: Sequence[SourceSettings]) -> list[Member]:
        """What these settings make: what fits is what there is; where one cannot be made, none is."""
        before = {each.settings.name: each for each in self._members}
        pauses_of = self._pauses_of()
        members: list[Member] = []
        try:
            for each in settings:
                member = before.get(each.name)
                fits = member is not None and self._maker.fits(member, each)
                members.append(member if member and fits else self._maker.make(each, pauses_of))
        except BaseException:
            for member in members:
                if member not in self._members:
                    await close(member.source)
            raise
        return members

    def _put_in_force(self, config: Config, members: Sequence[Member]) -> None:
        """The one step: here nothing waits, and nothing can fail."""
        before = {id(each.source): each for each in self._members}
        gone = self._collection.replace(
            [each.source for each in members], min_interval=config.collect.min_interval
        )
        self._telemetry.put_in_force([(each.source, each.line) for each in members])
        self._config, self._members = config, tuple(members)
        for shared in gone:
            self._departures.add(before[id(shared.source)], shared.users, unused=self._hand_on)

    def _pauses_of(self) -> PausesOf:
        """The pauses that each account is known to want: a reload must be no way around a rate limit."""
        known: dict[Account, list[Pauses]] = {}
        for each in (*self._members, *self._departures.remembered(now=_now())):
            known.setdefault(each.vendor.account(), []).append(each.pauses)

        def pauses_of(vendor: Vendor) -> Pauses:
            pauses = Pauses()
            for other in known.get(vendor.account(), ()):
                pauses.take_over(other)
            return pauses

        return pauses_of

    def _hand_on(self, gone: Member) -> None:
        """Its last requests may have met a pause: whoever is of the same account keeps it as well."""
        if not gone.pauses.in_force(now=_now()):
            return
        account = gone.vendor.account()
        for member in self._members:
            if member.vendor.account() == account:
                member.pauses.take_over(gone.pauses)
                self._tell_pauses(member)

    def _tell_pauses(self, member: Member) -> None:
        for scope, pause in member.pauses.in_force(now=_now()).items():
            member.line.paused(scope, until=self._wall() + pause.left)


def _changes(before: Sequence[Member], now: Sequence[Member]) -> Changes:
    old, new = ({each.settings.name: each for each in members} for members in (before, now))
    return Changes(
        added=tuple(name for name in new if name not in old),
        changed=tuple(name for name, each in new.items() if name in old and old[name] is not each),
        removed=tuple(name for name in old if name not in new),
        kept=sum(old.get(name) is each for name, each in new.items()),
    )


def _now() -> float:
    return asyncio.get_running_loop().time()
