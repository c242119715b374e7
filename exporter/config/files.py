"""Reads small files whole and says in our own words why one cannot be read; knows no key and no YAML."""

import errno
import stat
from dataclasses import dataclass, field
from pathlib import Path

from exporter.errors import ConfigError

_REASONS = {
    errno.ENOENT: "does not exist",
    errno.ENOTDIR: "does not exist",
    errno.EISDIR: "is a folder",
    errno.EACCES: "may not be read by this user",
    errno.EPERM: "may not be read by this user",
}


class FileFault(ConfigError):
    """A file cannot be used; the text says why in half a sentence."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds, and whether every user of the machine can read it."""

    data: bytes = field(repr=False)
    world_readable: bool


def read_file(path: Path, *, largest: int, regular: bool) -> Content:
    """The content of a file of at most `largest` bytes; raises `FileFault`.

    With `regular` only a regular file will do: to open a pipe that nobody writes to would stop the process.
    """
    try:
        mode = path.stat().st_mode
        if regular and not stat.S_ISREG(mode):
            raise FileFault("is not a regular file")
        with path.open("rb") as file:
            data = file.read(largest + 1)
    except (OSError, ValueError) as error:
        raise FileFault(why_unreadable(error)) from None
    if len(data) > largest:
        raise FileFault(f"is larger than {largest // 1024} KiB")
    return Content(data, world_readable=stat.S_ISREG(mode) and bool(mode & stat.S_IROTH))


def why_unreadable(error: OSError | ValueError) -> str:
    """Half a sentence about an error of the file system; a `ValueError` is a path that no file can have."""
    return _REASONS.get(getattr(error, "errno", None) or 0, "cannot be read")
