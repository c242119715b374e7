"""From the web configuration file to settings and terms for handshakes; knows no log and no connection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from exporter.config.document import Scalar, parse
from exporter.config.files import FileFault
from exporter.config.place import Place, Reading
from exporter.config.sight import Sight, look
from exporter.errors import ConfigError
from exporter.web.security.context import Handshake, handshakes
from exporter.web.security.schema import ROOT
from exporter.web.security.settings import Settings

_FORM: Final = "a readable YAML file in UTF-8, of at most 1 MiB"
_NOTHING: Final = Scalar("", plain=True, line=1)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A web configuration that can be used; `handshake` gives the terms of each, None means no TLS."""

    settings: Settings
    handshake: Callable[[], Handshake] | None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of reading the file: what was loaded or why it was not, and all files that were looked at."""

    outcome: Loaded | ConfigError
    seen: dict[Path, Sight] = field(repr=False)


def attempt(path: Path) -> Attempt:
    """Read the file and those that it names; relative paths in it start at its folder."""
    reading = Reading(name=str(path), folder=path.absolute().parent, environ={})
    try:
        return Attempt(_load(path, reading), reading.files)
    except ConfigError as fault:
        # Whoever reads it must be told which of two files it is: keys may have the same names.
        told = fault if str(fault).startswith(str(path)) else ConfigError(f"{path}: {fault}")
        return Attempt(told, reading.files)


def _load(path: Path, reading: Reading) -> Loaded:
    at = Place(reading)
    content, reading.files[path] = look(path)
    if isinstance(content, FileFault):
        raise at.fault(str(content), _FORM)
    try:
        text = content.data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise at.fault("is not UTF-8", _FORM) from None
    settings = ROOT.read(parse(text, at, empty=_NOTHING), at)
    if reading.inline_secrets and content.world_readable:
        secret = reading.inline_secrets[0]
        at.warn(f"every user of this machine can read it, and {secret} is a secret (chmod o-r)")
    handshake = None if settings.tls is None else handshakes(settings.tls)
    return Loaded(settings, handshake, tuple(reading.warnings))
