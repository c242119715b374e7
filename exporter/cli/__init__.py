"""The command line: one thin function for each command, which turns its flags into values and calls it.

It knows no vendor and does no work. What a command needs is imported when the command is called, so that
`--version`, `--help` and `healthcheck` answer at once.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from exporter import log
from exporter.cli.faults import Commands
from exporter.cli.flags import (
    Parsed,
    common,
    flag,
    flags_of,
    given,
    listen_address,
    path,
    serving,
    was_given,
)
from exporter.commands.flags import parse_count, parse_interval
from exporter.commands.hangup import caught_hangups
from exporter.commands.revision import version_line
from exporter.web.listen import parse_address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import FrameType

    from exporter.commands.flags import Flags

    Command = Callable[[Flags, Mapping[str, str]], int]


def _say_version(context: click.Context, _param: click.Parameter, *, value: bool) -> None:
    if value and not context.resilient_parsing:
        click.echo(version_line())
        context.exit()


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@common
@serving
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda context, param, value: _say_version(context, param, value=value),
    help="Show version, revision and Python, and leave.",
)
@click.pass_context
def main(context: click.Context, /, **_flags: Any) -> int | None:
    """Tell Prometheus who is present: people in Daily rooms, users of Rocket.Chat.

    Without a command it serves. Flags may stand before or after a command. Sources are in the configuration
    file or in the environment: DAILY_API_KEY, or ROCKETCHAT_URL with ROCKETCHAT_USER_ID and
    ROCKETCHAT_AUTH_TOKEN; secrets may be in files, which the same names with _FILE point to.
    """
    if context.invoked_subcommand is not None:
        return None
    with _ended_by_sigterm(), caught_hangups() as hangups:
        from exporter.commands.serve import serve  # noqa: PLC0415 - see the top

        return _run(flags_of(context), partial(serve, hangups=hangups))


@main.command()
@common
@click.pass_context
def check(context: click.Context, /, **_flags: Any) -> int:
    """Ask every vendor once, and print what works, what fails, why and what to do."""
    from exporter.commands.check import check as command  # noqa: PLC0415 - see the top

    flags = flags_of(context)
    if not was_given(context, "log_level"):
        # The table says what failed; the log need not say it first.
        flags = replace(flags, log_level="error")
    return _run(flags, command)


@main.command()
@common
@flag(
    "interval",
    "interval",
    type=Parsed("duration", parse_interval),
    default="15s",
    metavar="DURATION",
    says="Time between two pulls of one Prometheus server.",
)
@flag(
    "prometheus",
    "servers",
    type=Parsed("number", parse_count),
    default="1",
    metavar="NUMBER",
    says="How many Prometheus servers pull.",
)
@click.pass_context
def budget(context: click.Context, /, **_flags: Any) -> int:
    """Ask every vendor once, and print what scraping takes of their limits: exit code 1 when over."""
    from exporter.commands import budget as reckoning  # noqa: PLC0415 - see the top
    from exporter.commands.pulling import Pulls  # noqa: PLC0415 - see the top

    values = given(context)
    pulls = Pulls(values["interval"], values["servers"])
    flags = flags_of(context)
    if not was_given(context, "log_level"):
        flags = replace(flags, log_level="error")
    return _run(flags, partial(reckoning.budget, pulls=pulls))


@main.command()
@common
@flag(
    "listen",
    "address",
    type=Parsed("address", parse_address),
    default="127.0.0.1:10459",
    metavar="ADDRESS",
    says="Where the simulated vendors listen, both of them.",
)
@flag(
    "scenario",
    "scenarios",
    multiple=True,
    default=("calm",),
    metavar="NAME",
    says="What happens, as oncall_empty or daily:stall; may be repeated. An unknown name lists all.",
)
@click.pass_context
def simulate(context: click.Context, /, **_flags: Any) -> int:
    """Serve the simulated vendors by HTTP, with what goes wrong by name, to try alerts with."""
    with _ended_by_sigterm():
        from exporter.commands.simulate import command as serving_both  # noqa: PLC0415 - see the top

        values = given(context)

        def command(_flags: Flags, _environ: Mapping[str, str]) -> int:
            return serving_both.simulate(values["address"], values["scenarios"])

        return _run(flags_of(context), command)


@main.command()
@common
@listen_address
@flag("url", "url", metavar="URL", says="Where to ask, instead of the address to listen on.")
@flag("client-cert", "client_cert", type=path, metavar="FILE", says="The certificate to show; asks by TLS.")
@flag("client-key", "client_key", type=path, metavar="FILE", says="Its key, where that is in another file.")
@click.pass_context
def healthcheck(context: click.Context, /, **_flags: Any) -> int:
    """Ask the running exporter whether it is healthy: exit code 0 or 1."""
    from exporter.commands import healthcheck as asking  # noqa: PLC0415 - see the top

    values = given(context)

    def command(flags: Flags, _environ: Mapping[str, str]) -> int:
        client = asking.ClientFiles(values["client_cert"], values["client_key"])
        return asking.healthcheck(flags.listen_addresses, url=values["url"], client=client)

    return _run(flags_of(context), command)


@main.group(no_args_is_help=False)
@common
def ledger(**_flags: Any) -> None:
    """Look at the ledger of ended meetings, or start the count of a source anew."""


@ledger.command()
@common
@click.pass_context
def show(context: click.Context, /, **_flags: Any) -> int:
    """Print since when and up to where each source has counted, and what."""
    from exporter.commands.ledger import show as command  # noqa: PLC0415 - see the top

    return _run(flags_of(context), command)


@ledger.command()
@common
@flag("source", "source", metavar="NAME", required=True, says="The source to forget, as the ledger has it.")
@flag("yes", "agreed", is_flag=True, says="Do not ask first.")
@click.pass_context
def reset(context: click.Context, /, **_flags: Any) -> int:
    """Forget what a source has counted, so that its counters begin anew at 0."""
    from exporter.commands import ledger as forgetting  # noqa: PLC0415 - see the top

    values = given(context)

    def command(flags: Flags, environ: Mapping[str, str]) -> int:
        return forgetting.reset(flags, environ, source=values["source"], agreed=values["agreed"])

    return _run(flags_of(context), command)


@main.command()
@common
@flag("source", "source", metavar="NAME", required=True, says="The Daily source of which to read.")
@flag("start", "start", metavar="TIME", required=True, says="From when on meetings ended: RFC 3339 or Unix.")
@flag("end", "end", metavar="TIME", required=True, says="Before when they ended: T0 of the ledger at most.")
@flag("output", "output", type=path, metavar="FILE", required=True, says="Where to write; FILE.part* beside.")
@flag("step", "step", default="1m", metavar="DURATION", says="Time between two samples: 10s to 5m.")
@flag("label", "labels", multiple=True, metavar="NAME=VALUE", says="As job=presence; may be repeated.")
@flag("force", "force", is_flag=True, says="Replace FILE; begin anew where FILE.part is of other values.")
@click.pass_context
def backfill(context: click.Context, /, **_flags: Any) -> int:
    """Write the ended meetings of a past as OpenMetrics, of which promtool makes blocks for Prometheus."""
    from exporter.commands.backfill import command as past  # noqa: PLC0415 - see the top

    values = given(context)
    wish = past.Wish(**{field: values[field] for field in past.Wish.__dataclass_fields__})
    return _run(flags_of(context), partial(past.backfill, wish=wish))


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Leave with 0 at SIGTERM from now on: the first process of a container would not hear it otherwise.

    The server, once it runs, ends in order instead.
    """

    def leave(_number: int, _frame: FrameType | None) -> None:
        sys.exit(0)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _run(flags: Flags, command: Command) -> int:
    log.set_up(flags.log_level, flags.log_format)
    if flags.config_check:
        from exporter.commands.configcheck import check_configuration  # noqa: PLC0415 - see the top

        command = check_configuration
    return command(flags, os.environ)
