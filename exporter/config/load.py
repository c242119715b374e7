"""Reads the configuration from its file or from the environment alone; knows no command line and no log.

Warnings are values: whoever called prints them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from exporter.config.document import parse
from exporter.config.files import FileFault, read_file
from exporter.config.place import Place, Reading
from exporter.config.schema import ROOT
from exporter.config.settings import Config

_LARGEST = 2**20
_FILE_FORM = "a readable YAML file in UTF-8, of at most 1 MiB"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that can be used, and what should be better about it, each in one line."""

    config: Config
    warnings: tuple[str, ...]


def load_file(path: Path, environ: Mapping[str, str], *, again: bool = False) -> Loaded:
    """Read a configuration file; relative paths in it start at its folder. Raises `ConfigError`.

    What is read `again` must be a regular file: a pipe has been emptied, and nobody may ever write to it.
    """
    reading = Reading(name=str(path), folder=path.absolute().parent, environ=environ)
    at = Place(reading)
    text, world_readable = _read(path, at, regular=again)
    config = ROOT.read(parse(text, at), at)
    if reading.inline_secrets and world_readable:
        secret = reading.inline_secrets[0]
        at.warn(f"every user of this machine can read it, and {secret} is a secret (chmod o-r)")
    return Loaded(config, tuple(reading.warnings))


def _read(path: Path, at: Place, *, regular: bool) -> tuple[str, bool]:
    """The text of the file, and whether everyone may read it."""
    try:
        content = read_file(path, largest=_LARGEST, regular=regular)
        return content.data.decode("utf-8-sig"), content.world_readable
    except FileFault as fault:
        raise at.fault(str(fault), _FILE_FORM) from None
    except UnicodeDecodeError:
        raise at.fault("is not UTF-8", _FILE_FORM) from None
