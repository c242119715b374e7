"""`backfill`: ended meetings of the past as text of which promtool makes blocks for Prometheus.

It reads Daily's history oldest first, keeps each window beside the output, and writes the output at the end.
Whatever ends it in between, the same command goes on.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from exporter.advice import advice
from exporter.commands.backfill.belonging import refuse_another_domain
from exporter.commands.backfill.progress import ProgressLost, open_progress
from exporter.commands.backfill.reading import BEFORE, read
from exporter.commands.backfill.seam import find_seam
from exporter.commands.backfill.telling import farewell
from exporter.commands.backfill.terms import Wish, read_terms, said
from exporter.commands.backfill.writing import beside_of, write_output
from exporter.commands.configcheck import tell_warnings
from exporter.commands.setup import set_up
from exporter.config import DailySettings
from exporter.config.units import format_duration
from exporter.errors import ConfigError, UpstreamError

__all__ = ["Wish", "backfill", "make"]

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Mapping
    from pathlib import Path
    from typing import TextIO

    from exporter.commands.backfill.progress import Progress
    from exporter.commands.backfill.terms import Terms
    from exporter.commands.flags import Flags
    from exporter.commands.setup import Setup
    from exporter.config import Config

    Run = Callable[[Coroutine[Any, Any, None]], None]


def backfill(flags: Flags, environ: Mapping[str, str], *, wish: Wish) -> int:
    """Make the output, and say what it holds; raises `ConfigError`, or click's error for a failure."""
    setup = set_up(flags, environ)
    for note in setup.notes:
        click.echo(note, err=True)
    tell_warnings(setup.loaded.warnings)
    click.echo(make(setup, wish, stream=sys.stderr))
    return 0


def make(setup: Setup, wish: Wish, *, stream: TextIO, run: Run = asyncio.run) -> str:
    """Make the output; gives what is to be said of it. Progress is shown on `stream`."""
    config, now = setup.loaded.config, setup.surroundings.wall()
    settings = _daily(config, wish.source)
    terms = read_terms(wish, now=now)
    seam = find_seam(terms.source, config.ledger, end=terms.grid.end, now=now)
    output, part = terms.output, part_of(terms.output)
    _refuse_place(output)
    if not part.exists():
        _refuse_existing(output, force=terms.force)
    if seam.domain is not None:
        run(refuse_another_domain(seam.domain, settings=settings, setup=setup))
    remembered, begin = _remembered(terms, settings), terms.grid.first - BEFORE
    with (
        _kept_in(part),
        open_progress(part, remembered, begin=begin, force=terms.force) as progress,
    ):
        if not _is_in_place(progress, output):
            _refuse_existing(output, force=terms.force)
            run(read(progress, terms, settings=settings, setup=setup, stream=stream))
            write_output(progress, terms, buckets=config.buckets)
        text = farewell(progress, terms, seam=seam, buckets=config.buckets)
        progress.remove()
    return text


def part_of(output: Path) -> Path:
    """Where it is kept what an unfinished run has read."""
    return output.with_name(f"{output.name}.part")


def _daily(config: Config, name: str) -> DailySettings:
    for settings in config.sources:
        if settings.name == name and isinstance(settings, DailySettings):
            return settings
    names = ", ".join(each.name for each in config.sources if isinstance(each, DailySettings)) or "none"
    raise ConfigError(f"--source: no Daily source has this name; configured: {names}")


def _remembered(terms: Terms, settings: DailySettings) -> dict[str, str]:
    """What must be the same in a run that goes on with another's work."""
    return {
        "--source": terms.source,
        "its base_url": settings.base_url,
        "--start": said(terms.grid.start),
        "--end": said(terms.grid.end),
        "--step": format_duration(terms.grid.step),
        "--label": " ".join(f"{name}={value}" for name, value in terms.labels) or "none",
    }


def _refuse_place(output: Path) -> None:
    if not output.parent.is_dir():
        raise ConfigError(f"--output: there is no folder {output.parent}")
    if output.exists() and not output.is_file():
        raise ConfigError(f"--output: {output} is not a file that could be replaced")


def _refuse_existing(output: Path, *, force: bool) -> None:
    if output.exists() and not force:
        raise ConfigError(f"--output: {output} exists; --force replaces it once the new one is complete")


def _is_in_place(progress: Progress, output: Path) -> bool:
    """True where an earlier run ended after its last step but one: only its progress was left behind."""
    return progress.written and output.exists() and not beside_of(output).exists()


@contextmanager
def _kept_in(part: Path) -> Iterator[None]:
    """Say of whatever ends the reading what to do, and that nothing is lost."""
    kept = f"what was read is kept in {part}: the same command goes on"
    try:
        yield
    except ProgressLost as error:
        raise click.ClickException(str(error)) from error
    except UpstreamError as error:
        hint = advice(error.reason, kind="daily", subject="meetings")
        raise click.ClickException(f"{error} ({error.reason}). {hint} Then again: {kept}.") from error
    except KeyboardInterrupt:
        click.echo(f"interrupted; {kept}", err=True)
        raise
