"""Files as they were seen: their content with a fingerprint, which tells later whether they have changed.

What is compared is the content: a file system's times are too coarse to tell two writes in one moment apart,
and the files are small. It knows no key and no YAML.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Final

from exporter.config.files import Content, FileFault, read_file

LARGEST: Final = 2**20
"""Bytes that are read of a file at most; the bundle of a machine's authorities has some 220 KiB."""


def look(path: Path) -> tuple[Content | FileFault, bytes]:
    """What a regular file holds, or why it cannot be read, and the fingerprint of that."""
    try:
        content = read_file(path, largest=LARGEST, regular=True)
    except FileFault as fault:
        return fault, str(fault).encode()
    return content, blake2b(content.data).digest()


def changed(seen: Mapping[Path, bytes]) -> bool:
    """True where one of the files is not as it was seen."""
    return any(look(path)[1] != fingerprint for path, fingerprint in seen.items())
