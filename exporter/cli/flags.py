"""Every flag: its name, its environment twin, its default and its sentence; knows no command.

docs/cli.md has a row for each of them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias

import click
from click.core import ParameterSource

from exporter.commands.flags import Flags, parse_count, parse_external_url, parse_seconds
from exporter.log import FORMATS, LEVELS
from exporter.web.listen import parse_address

TWIN: Final = "PRESENCE_EXPORTER_"

Decorator: TypeAlias = Callable[[Any], Any]

_GIVEN: Final = frozenset({ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT})


class Parsed(click.ParamType):  # type: ignore[type-arg]  # generic in newer versions of click alone
    """A value that a function reads; the text of its `ValueError` is what is told."""

    def __init__(self, name: str, parse: Callable[[str], Any]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: PLR0917 - click's shape
        """Read the text."""
        try:
            return self._parse(value)
        except ValueError as fault:
            self.fail(str(fault), param, ctx)


def flag(name: str, field: str, *, says: str, **settings: Any) -> Decorator:
    """A flag with its environment twin, under a name of Python's, since one with dots has none by itself."""
    twin = TWIN + name.replace(".", "_").replace("-", "_").upper()
    return click.option(
        f"--{name}", field, envvar=twin, show_envvar=True, show_default=True, help=says, **settings
    )


def together(*decorators: Decorator) -> Decorator:
    """All these flags, in this order."""

    def decorate(function: Any) -> Any:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


def given(context: click.Context) -> dict[str, Any]:
    """The values of a command's flags, before and after its name; what stands after it wins."""
    if context.parent is None:
        return dict(context.params)
    values = given(context.parent)
    for field, value in context.params.items():
        if field not in values or context.get_parameter_source(field) is ParameterSource.COMMANDLINE:
            values[field] = value
    return values


def was_given(context: click.Context, field: str) -> bool:
    """True where the value of a flag is not just its default."""
    here = context.get_parameter_source(field) in _GIVEN
    return here or (context.parent is not None and was_given(context.parent, field))


def flags_of(context: click.Context) -> Flags:
    """The flags that all commands share, and those of serving, as values."""
    values = given(context)
    return Flags(**{field: values[field] for field in Flags.__dataclass_fields__})


path = click.Path(path_type=Path)

listen_address = flag(
    "web.listen-address",
    "listen_addresses",
    type=Parsed("address", parse_address),
    multiple=True,
    default=(":10458",),
    metavar="ADDRESS",
    says="Where to listen: :PORT for every interface, HOST:PORT or [IPV6]:PORT; may be repeated.",
)

common = together(
    flag("config.file", "config_file", type=path, metavar="FILE", says="The configuration file."),
    flag(
        "config.check",
        "config_check",
        is_flag=True,
        says="Read all configuration, say what is wrong and where, and leave.",
    ),
    flag("demo", "demo", is_flag=True, says="Simulate both vendors: no network, no account, nothing real."),
    flag(
        "log.level",
        "log_level",
        type=click.Choice(list(LEVELS)),
        default="info",
        says="The least important lines to log.",
    ),
    flag(
        "log.format",
        "log_format",
        type=click.Choice(FORMATS),
        default="logfmt",
        says="The form of log lines.",
    ),
)

serving = together(
    listen_address,
    flag(
        "web.config.file",
        "web_config_file",
        type=path,
        metavar="FILE",
        says="TLS, passwords and a rate limit, in the format of Prometheus's exporters.",
    ),
    flag(
        "web.systemd-socket",
        "systemd_socket",
        is_flag=True,
        says="Listen on the sockets that systemd passes.",
    ),
    flag(
        "web.telemetry-path",
        "telemetry_path",
        default="/metrics",
        metavar="PATH",
        says="Where the metrics are.",
    ),
    flag(
        "web.max-requests",
        "max_requests",
        type=Parsed("number", parse_count),
        default="40",
        metavar="NUMBER",
        says="Most scrapes answered at once; further ones get a 503.",
    ),
    flag(
        "web.disable-exporter-metrics",
        "disable_exporter_metrics",
        is_flag=True,
        says="Leave out the metrics of process, platform and garbage collector.",
    ),
    flag(
        "web.disable-source-metrics",
        "disable_source_metrics",
        is_flag=True,
        says="Leave the sources out of the metrics page, and ask none for it.",
    ),
    flag(
        "web.external-url",
        "external_url",
        type=Parsed("URL", parse_external_url),
        metavar="URL",
        says="Where people and Prometheus reach this exporter; its path stands before each link.",
    ),
    flag(
        "timeout-offset",
        "timeout_offset",
        type=Parsed("seconds", parse_seconds),
        default="0.5",
        metavar="SECONDS",
        says="How long before Prometheus's timeout the facts must be there.",
    ),
)
