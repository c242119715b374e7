"""Where in the configuration a value stands, and how a fault there is told.

Every message is one line: the path of the key, what is wrong, what is allowed. Knows no YAML, no key of ours.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from exporter.config.sight import Sight
from exporter.errors import ConfigError

_LONGEST_ECHO = 16
_ECHOED = re.compile(r"[!-~]+(?: [!-~]+)*")


@dataclass(frozen=True, slots=True)
class Reading:
    """What one load of the configuration knows (name, folder, environment) and gathers on its way."""

    name: str
    folder: Path
    environ: Mapping[str, str] = field(repr=False)
    warnings: list[str] = field(default_factory=list)
    inline_secrets: list[str] = field(default_factory=list)
    files: dict[Path, Sight] = field(default_factory=dict, repr=False)
    """Each file as it was read, where the reader remembers it: to see when it changes."""


@dataclass(frozen=True, slots=True)
class Place:
    """The path of one key, or of the whole file where it is empty."""

    reading: Reading
    path: str = ""

    def key(self, name: str) -> "Place":
        """The place of a key of the mapping here; `name` must be known or checked, since messages show it."""
        return Place(self.reading, f"{self.path}.{name}" if self.path else name)

    def item(self, index: int) -> "Place":
        """The place of an item of the list here."""
        return Place(self.reading, f"{self.path}[{index}]")

    def fault(self, wrong: str, allowed: str) -> ConfigError:
        """The error that says what is wrong here and what is allowed; it is for the caller to raise."""
        return ConfigError(f"{self.path or self.reading.name}: {wrong}; {allowed}")

    def warn(self, text: str) -> None:
        """Note something that works and should not stay so."""
        self.reading.warnings.append(f"{self.path or self.reading.name}: {text}")


def echo(text: str) -> str:
    """The text for a message, where it is short; a longer one may be a token in the wrong place."""
    if not text:
        return "an empty text"
    if len(text) > _LONGEST_ECHO or not _ECHOED.fullmatch(text):
        return "this value"
    return f"'{text}'" if " " in text else text


def shown_name(text: str, *, line: int) -> str:
    """A name that the operator chose, for a path; a long one may be an id or a token: its line will do."""
    return text if len(text) <= _LONGEST_ECHO else f"<line {line}>"


def shown_path(text: str, at: Place) -> str:
    """A path for a message: a relative one is not shown, since it may be a token in the wrong place."""
    if text.startswith("/") and text.isprintable():
        return text
    return f"the file (looked for in {at.reading.folder})"
