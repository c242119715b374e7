"""`--config.check`: reads all that serving would, asks nobody, says what is wrong or that all is good."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from exporter.commands.setup import assemble, set_up, web_security, web_settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from exporter.commands.flags import Flags


def check_configuration(flags: Flags, environ: Mapping[str, str]) -> int:
    """Say that the configuration is good, and what should be better; raises `ConfigError` for a fault."""
    setup = set_up(flags, environ)
    security = web_security(flags)
    # Built as for serving, since what surrounds the configuration, as the machine's proxy, may not do either.
    application = assemble(setup, web=web_settings(flags))
    asyncio.run(application.aclose())
    tell_warnings(setup.loaded.warnings)
    tell_warnings(security.warnings if security else ())
    sources = ", ".join(f"{source.name} ({source.kind})" for source in setup.loaded.config.sources)
    click.echo(f"the configuration is good; sources: {sources}")
    return 0


def tell_warnings(warnings: Iterable[str]) -> None:
    """Print what works and should not stay so, on stderr."""
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
