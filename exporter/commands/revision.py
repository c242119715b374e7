"""Which version, which revision and which Python this is; knows files and asks no program.

The revision is in the file `REVISION` of the package, where a build put it, or else in the `.git` folder of
the checkout that the package runs from.
"""

import re
import sys
from pathlib import Path
from typing import Final

from exporter import __version__

UNKNOWN: Final = "unknown"
PYTHON: Final = sys.version.partition(" ")[0]

_PACKAGE: Final = Path(__file__).resolve().parent.parent
_REVISION: Final = re.compile(r"[0-9a-f]{7,64}")
_REFERENCE: Final = re.compile(r"ref: (refs/[!-~]+)")


def version_line() -> str:
    """What `--version` prints."""
    return f"presence-exporter, version {__version__} (revision: {revision()}, python: {PYTHON})"


def revision(package: Path = _PACKAGE) -> str:
    """The commit that the package in this folder was made from, or `unknown`."""
    said = _text(package / "REVISION") or _checked_out(package.parent / ".git")
    return said if _REVISION.fullmatch(said) else UNKNOWN


def _checked_out(folder: Path) -> str:
    """The commit at HEAD; a reference is a file of its own, or a line of `packed-refs`."""
    head = _text(folder / "HEAD")
    reference = _REFERENCE.fullmatch(head)
    if reference is None:
        return head
    packed = (line.partition(" ") for line in _text(folder / "packed-refs").splitlines())
    return _text(folder / reference[1]) or next(
        (commit for commit, _, name in packed if name == reference[1]), ""
    )


def _text(path: Path) -> str:
    """What the file holds, without blanks around it; nothing where it cannot be read."""
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
