"""Readers of values that only the web configuration has; knows none of its keys.

An empty text means that a key is not set, as it does to the toolkit. No message shows what may be a secret.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from exporter.config.document import Node, Scalar
from exporter.config.files import FileFault
from exporter.config.place import Place, shown_path
from exporter.config.readers import Reader, duration, text_of
from exporter.config.sight import look

T = TypeVar("T")

_HASH: Final = re.compile(r"\$2[abxy]\$(?:0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{53}")
_HEADER_VALUE: Final = re.compile(r"[!-~](?:[ -~]*[!-~])?")


@dataclass(frozen=True, slots=True)
class Unset(Generic[T]):
    """What another reader takes, or None for nothing, also for nothing in quotes."""

    reader: Reader[T]

    @property
    def allowed(self) -> str:
        """What the other reader allows."""
        return self.reader.allowed

    def read(self, node: Node, at: Place) -> T | None:
        """The other reader's value, or None."""
        if isinstance(node, Scalar) and (node.empty or not node.text):
            return None
        return self.reader.read(node, at)


@dataclass(frozen=True, slots=True)
class Inline:
    """PEM that stands in the file itself."""

    allowed: str
    secret: bool = False

    def read(self, node: Node, at: Place) -> bytes:
        """The text as bytes."""
        text = text_of(node, at, allowed=self.allowed)
        if self.secret:
            at.reading.inline_secrets.append(at.path)
        return text.encode()


@dataclass(frozen=True, slots=True)
class ContentOf:
    """The content of a file; its path is relative to the folder of the web configuration file."""

    allowed: str
    secret: bool = False

    def read(self, node: Node, at: Place) -> bytes:
        """What stands in the file; warns where everyone may read a secret one."""
        text = text_of(node, at, allowed=self.allowed)
        path = at.reading.folder / text
        content, at.reading.files[path] = look(path)
        if isinstance(content, FileFault):
            raise at.fault(f"{shown_path(text, at)} {content}", self.allowed)
        if self.secret and content.world_readable:
            at.warn(f"every user of this machine can read {path} (chmod o-r)")
        return content.data


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """The hash of a password, as `htpasswd -nBC 10 ""` writes it."""

    allowed: str = "a bcrypt hash, as htpasswd -nBC 10 '' writes it"

    def read(self, node: Node, at: Place) -> bytes:
        """The hash."""
        text = text_of(node, at, allowed=self.allowed)
        if not _HASH.fullmatch(text):
            raise at.fault("is not a bcrypt hash", self.allowed)
        return text.encode()


@dataclass(frozen=True, slots=True)
class HeaderValue:
    """The value of a header, one of `choices` where there are any."""

    choices: tuple[str, ...] = ()

    @property
    def allowed(self) -> str:
        """The choices, or what a header may hold."""
        return " or ".join(self.choices) or "printable ASCII"

    def read(self, node: Node, at: Place) -> str:
        """The value."""
        text = text_of(node, at, allowed=self.allowed)
        if not _HEADER_VALUE.fullmatch(text) or (self.choices and text not in self.choices):
            raise at.fault("is not allowed", self.allowed)
        return text


@dataclass(frozen=True, slots=True)
class Interval:
    """A duration, in seconds, or a bare 0."""

    allowed: str = "a duration such as 1s or 100ms, at most 1h; 0 switches the limit off"

    def read(self, node: Node, at: Place) -> float:
        """The seconds."""
        text = text_of(node, at, allowed=self.allowed)
        if text == "0":
            return 0.0
        return duration("0s", "1h").read(node, at)
