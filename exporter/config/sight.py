"""Files as they were seen, which tells later whether they have changed; knows no key and no YAML.

What counts is the content. The times of a file stand for it where they can: two writes in one moment have the
same ones, so those of a file that has only just been written tell nothing.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final

from exporter.config.files import Content, FileFault, read_file

LARGEST: Final = 2**20
"""Bytes that are read of a file at most; the bundle of a machine's authorities has some 220 KiB."""

_SETTLED_SECONDS: Final = 2.0
"""File systems tell times apart by milliseconds, and the coarsest of them by two seconds."""

_Times = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Sight:
    """What a file held, as a fingerprint, and when; `times` None where they tell nothing."""

    fingerprint: bytes
    times: _Times | None


def look(path: Path, *, wall: Callable[[], float] = time.time) -> tuple[Content | FileFault, Sight]:
    """What a regular file holds, or why it cannot be read, and what tells later whether that has changed."""
    # Before the content: a change in between is seen the next time.
    times = _times(path)
    if times is not None and wall() - max(times[:2]) / 1e9 < _SETTLED_SECONDS:
        times = None
    try:
        content = read_file(path, largest=LARGEST, regular=True)
    except FileFault as fault:
        return fault, Sight(str(fault).encode(), times)
    return content, Sight(blake2b(content.data).digest(), times)


def changed(seen: dict[Path, Sight], *, wall: Callable[[], float] = time.time) -> bool:
    """True where one of the files is not as it was seen; remembers the times of those that are."""
    for path, sight in seen.items():
        if sight.times is not None and sight.times == _times(path):
            continue
        _, latest = look(path, wall=wall)
        if latest.fingerprint != sight.fingerprint:
            return True
        seen[path] = latest
    return False


def _times(path: Path) -> _Times | None:
    try:
        stat = os.stat(path)  # noqa: PTH116 - asked for each request, and a path's own is three times slower
    except (OSError, ValueError):
        return None
    return stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino
