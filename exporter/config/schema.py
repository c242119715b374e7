"""The whole configuration file as one declaration: its sections, and the keys of each kind of source."""

from collections.abc import Mapping
from dataclasses import dataclass

from exporter.config.daily import DAILY
from exporter.config.document import Node
from exporter.config.ledger import LEDGER
from exporter.config.naming import KIND
from exporter.config.place import Place
from exporter.config.readers import ListOf, Reader
from exporter.config.rocketchat import ROCKETCHAT
from exporter.config.sections import BUCKETS, COLLECT, EXEMPLARS
from exporter.config.settings import Config, DailySettings, LedgerSettings, SourceKind, SourceSettings
from exporter.config.tables import Key, Table, Values, pairs

SOURCE_TABLES: Mapping[SourceKind, Reader[SourceSettings]] = {
    SourceKind.DAILY: DAILY,
    SourceKind.ROCKETCHAT: ROCKETCHAT,
}


@dataclass(frozen=True, slots=True)
class SourceReader:
    """A source: its key `kind` says which other keys it has."""

    allowed: str = "a mapping with the keys of its kind"

    def read(self, node: Node, at: Place) -> SourceSettings:
        """The settings of a source."""
        given = {key.text: value for key, value in pairs(node, at, allowed=self.allowed)}
        return SOURCE_TABLES[KIND.take(given, at)].read(node, at)


SOURCES = Key(
    name="sources",
    reader=ListOf(reader=SourceReader(), allowed="a list of at least one source", least=1, distinct=False),
    default=None,
    meaning="the accounts that are asked",
    example="[{name: acme, kind: daily, api_key_env: DAILY_KEY}]",
)


def _config(values: Values, at: Place) -> Config:
    owners: dict[str, int] = {}
    for index, source in enumerate(values[SOURCES]):
        first = owners.setdefault(source.name, index)
        if first != index:
            place = at.key("sources").item(index).key("name")
            raise place.fault(f"is the name of sources[{first}] too", "a name that no other source has")
    _look_at_ledger(values[LEDGER], values[SOURCES], at=at.key("ledger"))
    return Config(
        collect=values[COLLECT],
        buckets=values[BUCKETS],
        sources=values[SOURCES],
        ledger=values[LEDGER],
        exemplars=values[EXEMPLARS],
    )


def _look_at_ledger(ledger: LedgerSettings, sources: tuple[SourceSettings, ...], *, at: Place) -> None:
    """Warn where what the ledger is told to do is not what will come of it."""
    if ledger == LedgerSettings():
        return
    if not any(isinstance(source, DailySettings) and source.meetings for source in sources):
        at.warn("nothing is written down: no source is of kind: daily with meetings: true")
    elif ledger.since is not None and ledger.url is None:
        at.key("since").warn("in memory every start is the first and counts these meetings again; set url")


ROOT = Table(
    entries=(COLLECT, LEDGER, BUCKETS, EXEMPLARS, SOURCES),
    build=_config,
    allowed="a mapping with at least the key sources",
)
