"""A secret and where it came from; it may be read and compared, and nothing here ever prints it.

Knows files and nothing of keys or YAML: faults are told in words that name the file and never its content.
"""

from enum import StrEnum
from pathlib import Path

from exporter.config.files import FileFault, read_file
from exporter.errors import ConfigError

SECRET_FORM = "printable ASCII without blanks"  # noqa: S105 - says what a secret looks like
"""What every secret must be: it travels in a header, where a line break would end up in foreign errors."""

_LARGEST = 64 * 2**10


class SecretFault(ConfigError):
    """A secret cannot be had; the text says why in half a sentence, without the content."""


class Origin(StrEnum):
    """Where a secret was given."""

    FILE = "file"
    ENVIRONMENT = "environment"
    INLINE = "inline"


class Secret:
    """A key, token or password: only `reveal()` gives it; `str` and `repr` show where it came from.

    Not a dataclass, so that `dataclasses.asdict` of a configuration that holds it does not unfold it.
    """

    __slots__ = ("_value", "name", "origin")

    def __init__(self, value: str, *, origin: Origin, name: str = "") -> None:
        """Keep `value`; `name` is the path of the file or the name of the variable. Raises `SecretFault`."""
        self._value = checked(value)
        self.origin = origin
        self.name = name

    def reveal(self) -> str:
        """The secret itself, for the header that it belongs in."""
        return self._value

    def reread(self) -> "Secret":
        """The secret as its file holds it now; the same object where that is equal or cannot be used."""
        if self.origin is not Origin.FILE:
            return self
        try:
            fresh = read_secret_file(Path(self.name))[0]
        except (FileFault, SecretFault):
            return self
        return self if fresh == self else fresh

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return (self._value, self.origin, self.name) == (other._value, other.origin, other.name)

    def __hash__(self) -> int:
        return hash((self._value, self.origin, self.name))

    def __repr__(self) -> str:
        return f"Secret(<{self.origin} {self.name}>)" if self.name else f"Secret(<{self.origin}>)"


def checked(text: str) -> str:
    """The text without the blanks around it; raises `SecretFault` where it is none of `SECRET_FORM`."""
    value = text.strip()
    if not value:
        raise SecretFault("is empty")
    if not all("!" <= character <= "~" for character in value):
        raise SecretFault("holds blanks or characters that are not printable ASCII")
    return value


def read_secret_file(path: Path) -> tuple[Secret, bool]:
    """The secret in a regular file, and whether everyone may read it; raises `FileFault` or `SecretFault`."""
    content = read_file(path, largest=_LARGEST, regular=True)
    text = content.data.decode("ascii", "replace")
    return Secret(text, origin=Origin.FILE, name=str(path)), content.world_readable
