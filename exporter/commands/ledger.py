"""`ledger show` and `ledger reset`: what was counted, and how a source's count begins anew.

They ask the database that the exporter uses, beside it, and no vendor. What is printed holds names of
sources and of Daily's domains, and of the database no more than its kind, or its file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click
from tabulate import tabulate

from exporter.commands.configcheck import tell_warnings
from exporter.commands.setup import set_up
from exporter.commands.wording import ago, moment, printable, some, span
from exporter.config import DailySettings, sqlite_file
from exporter.errors import ConfigError, LedgerUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from exporter.commands.flags import Flags
    from exporter.commands.setup import Setup
    from exporter.config import Config
    from exporter.ledger.overview import Counted, Overview

HEADERS: Final = (
    "source",
    "domain",
    "counting since",
    "watermark",
    "age",
    "followed",
    "meetings",
    "stays",
    "participant-minutes",
    "late",
    "abandoned",
    "gap",
)

IN_MEMORY: Final = "the ledger is in memory (ledger.url is not set), and a restart forgets it"
NOT_YET: Final = "there is no ledger yet; the exporter makes it when it is scraped"


def show(flags: Flags, environ: Mapping[str, str]) -> int:
    """Print what each source has counted; raises `ConfigError`, or `LedgerUnavailable`."""
    setup = _set_up(flags, environ)
    url = database_url(setup.loaded.config)
    if url is None:
        click.echo(f"{IN_MEMORY}: there is nothing to show")
        return 0
    overview = _overview(url)
    click.echo(f"{kind_of(url)}; schema {overview.version}; persistent: a restart forgets nothing\n")
    click.echo(table(overview.sources, now=setup.surroundings.wall()))
    for line in _differences(overview, setup.loaded.config):
        click.echo(line)
    return 0


def reset(flags: Flags, environ: Mapping[str, str], *, source: str, agreed: bool) -> int:
    """Forget what a source has counted, once somebody agrees; 1 where nobody does.

    Raises `ConfigError` for a source that the ledger does not hold, or `LedgerUnavailable`.
    """
    setup = _set_up(flags, environ)
    url = database_url(setup.loaded.config)
    if url is None:
        raise ConfigError(f"ledger.url: {IN_MEMORY}; there is nothing to reset")
    known = {each.source: each for each in _overview(url).sources}
    if source not in known:
        held = f"it holds {', '.join(map(printable, known))}" if known else "it holds none yet"
        raise ConfigError(f"--source: the ledger has no source of this name; {held}")
    click.echo(_farewell(known[source], kind_of(url), since=setup.loaded.config.ledger.since))
    if not agreed and not _asked():
        return 1
    # Only who resets needs the statements that write.
    from exporter.ledger import Ledger  # noqa: PLC0415

    ledger = Ledger(url)
    try:
        ledger.open().reset(source)
    finally:
        ledger.close()
    click.echo(f"{source}: forgotten; counting begins anew with the exporter's next run")
    return 0


def database_url(config: Config) -> str | None:
    """The database's address; None where the ledger is in memory."""
    return None if config.ledger.url is None else config.ledger.url.reveal()


def kind_of(url: str) -> str:
    """Which database this is, without what may be a secret."""
    file = sqlite_file(url)
    return "PostgreSQL" if file is None else f"SQLite, {printable(str(file))}"


def table(sources: Sequence[Counted], *, now: float) -> str:
    """A row for each source; moments are in UTC."""
    rows = [
        (
            printable(each.source),
            printable(each.domain or ""),
            moment(each.counting_since),
            moment(each.watermark),
            ago(each.watermark, now=now),
            each.followed,
            each.meetings,
            each.stays,
            minutes(each),
            each.late,
            each.abandoned,
            span(each.gap_seconds),
        )
        for each in sources
    ]
    align = ["left"] * 5 + ["right"] * 7
    return tabulate(rows, HEADERS, tablefmt="simple", disable_numparse=True, colalign=align if rows else None)


def minutes(counted: Counted) -> str:
    """All stays together, in participant-minutes."""
    return f"{counted.stay_seconds / 60:.1f}"


def _set_up(flags: Flags, environ: Mapping[str, str]) -> Setup:
    setup = set_up(flags, environ)
    tell_warnings(setup.loaded.warnings)
    return setup


def _overview(url: str) -> Overview:
    # The library behind it takes longer to import than all the rest.
    from exporter.ledger.overview import look  # noqa: PLC0415 - see above

    overview = look(url, file=sqlite_file(url))
    if overview is None:
        raise LedgerUnavailable(f"ledger: {kind_of(url)}: {NOT_YET}")
    return overview


def _differences(overview: Overview, config: Config) -> list[str]:
    """Sources that only the ledger has, or only the configuration."""
    held = {each.source for each in overview.sources}
    counting = {each.name for each in config.sources if isinstance(each, DailySettings) and each.meetings}
    lines = []
    if missing := sorted(counting - held):
        lines.append(f"not counted yet: {', '.join(missing)}")
    if left := sorted(held - counting):
        lines.append(f"not counted any more, as the configuration has it: {printable(', '.join(left))}")
    return lines and ["", *lines]


def _farewell(counted: Counted, database: str, *, since: float | None) -> str:
    earlier = "are not counted again"
    if since is not None:
        earlier = f"count again where they ended in the {span(since)} before (ledger.since)"
    return (
        f"{database}: since {moment(counted.counting_since)} {counted.source} has counted "
        f"{some(counted.stays, 'stay')} ({minutes(counted)} participant-minutes) in "
        f"{some(counted.meetings, 'meeting')}, and it follows {some(counted.followed, 'meeting')}.\n"
        "All of that is forgotten. The counters begin anew at 0 with the exporter's next run: Prometheus "
        f"sees a counter reset, and meetings that ended before that run {earlier}."
    )


def _asked() -> bool:
    try:
        agreed = click.confirm("Forget it?", err=True)
    except click.Abort:
        click.echo("\nnothing was forgotten; --yes answers beforehand", err=True)
        raise
    if not agreed:
        click.echo("nothing was forgotten", err=True)
    return agreed
