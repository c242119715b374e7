"""Which settings hold for the life of the process: a configuration that is read again may not change them.

The ledger is opened once, and what is on a page as a histogram keeps its buckets.
"""

from dataclasses import fields
from typing import Final

from exporter.config.settings import Config, LedgerSettings
from exporter.errors import ConfigError

NEEDS_A_RESTART: Final = "has changed, which needs a restart; restart the exporter, or put the old value back"


def refuse_fixed(before: Config, now: Config) -> None:
    """Raise a `ConfigError` that names the first key that was changed and needs a restart."""
    for key, changed in (
        ("buckets", [name for name in now.buckets if before.buckets.of(name) != now.buckets.of(name)]),
        ("ledger", _changed(before.ledger, now.ledger)),
        ("exemplars", [""] if before.exemplars != now.exemplars else []),
    ):
        if changed:
            path = f"{key}.{changed[0]}".rstrip(".")
            raise ConfigError(f"{path}: {NEEDS_A_RESTART}")


def _changed(before: LedgerSettings, now: LedgerSettings) -> list[str]:
    """The keys of the ledger that are of another value; of its address it does not matter where it stands."""
    addresses = [None if each.url is None else each.url.reveal() for each in (before, now)]
    others = [each.name for each in fields(LedgerSettings) if each.name != "url"]
    changed = [name for name in others if getattr(before, name) != getattr(now, name)]
    return ["url"] * (addresses[0] != addresses[1]) + changed
