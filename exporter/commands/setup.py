"""From flags to an application: chooses where the configuration comes from, and puts the parts together.

It knows neither the command line nor what is done with the application. Raises `ConfigError` for whatever
cannot be used.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from exporter import __version__
from exporter.app import Application, Surroundings, build
from exporter.commands.revision import PYTHON, revision
from exporter.config import Loaded, from_environment, load_file
from exporter.errors import ConfigError
from exporter.telemetry import BuildInfo
from exporter.web.front import Origin, WebSettings
from exporter.web.security import WebSecurity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from exporter.commands.flags import Flags


@dataclass(frozen=True, slots=True)
class Setup:
    """A configuration and the world that it is about; `notes` say what must not be overlooked there.

    `again` reads the configuration once more, and is None where there is nothing to read.
    """

    loaded: Loaded
    surroundings: Surroundings
    notes: tuple[str, ...] = ()
    again: Callable[[], Loaded] | None = None


def set_up(flags: Flags, environ: Mapping[str, str]) -> Setup:
    """Read the demo's configuration, that of the file, or that of the environment, in this order."""
    if flags.demo and flags.config_file is not None:
        raise ConfigError("--demo and --config.file exclude each other: the demo has sources of its own")
    if flags.demo:
        # The simulated world is big, and of no use to whoever has real sources.
        from exporter.commands.demonstration import NOTE, demonstration  # noqa: PLC0415

        loaded, transport = demonstration()
        return Setup(loaded, Surroundings(transport), (NOTE,))
    if flags.config_file is not None:
        again = partial(load_file, flags.config_file, environ, again=True)
        return Setup(load_file(flags.config_file, environ), Surroundings(), again=again)
    return Setup(from_environment(environ), Surroundings(), again=partial(from_environment, environ))


def web_settings(flags: Flags) -> WebSettings:
    """What the front is told."""
    outside = flags.external_url
    try:
        return WebSettings(
            telemetry_path=flags.telemetry_path,
            max_requests=flags.max_requests,
            timeout_offset=flags.timeout_offset,
            disable_source_metrics=flags.disable_source_metrics,
            link_prefix=outside.path.rstrip("/") if outside else "",
            origin=Origin(outside.scheme, outside.netloc) if outside else None,
        )
    except ValueError as fault:
        raise ConfigError(f"--web.telemetry-path: {fault}") from None


def web_security(flags: Flags) -> WebSecurity | None:
    """What the web configuration file says; None without one."""
    return None if flags.web_config_file is None else WebSecurity(flags.web_config_file)


def assemble(setup: Setup, *, web: WebSettings, process_metrics: bool = True) -> Application:
    """Build the application."""
    return build(
        setup.loaded.config,
        build_info=BuildInfo(__version__, revision(), PYTHON),
        web=web,
        process_metrics=process_metrics,
        notes=setup.notes,
        surroundings=setup.surroundings,
        read=setup.again,
    )
