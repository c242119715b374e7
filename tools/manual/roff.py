"""Text for troff's `man` macros; knows no command line.

Every line that comes out is ASCII, and none is taken for a request that was not meant as one.
"""

import re
from collections.abc import Iterable

_CHARACTERS = str.maketrans({"\\": r"\e", "-": r"\-", "'": r"\(aq", "`": r"\(ga", "^": r"\(ha", "~": r"\(ti"})


def plain(text: str) -> str:
    """The text as it is read, whatever stands at its beginning."""
    escaped = "".join(
        char if char.isascii() else rf"\[u{ord(char):04X}]" for char in text.translate(_CHARACTERS)
    )
    return rf"\&{escaped}" if escaped.startswith(".") else escaped


def bold(text: str) -> str:
    """What is typed as it stands."""
    return rf"\fB{plain(text)}\fR"


def slanted(text: str) -> str:
    """What stands for something else."""
    return rf"\fI{plain(text)}\fR"


def marked(text: str) -> str:
    """Text in which backquotes hold what is typed, and brackets with a target after them are links."""
    words = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text)
    parts = re.split(r"`([^`]+)`", words)
    return "".join(bold(part) if index % 2 else plain(part) for index, part in enumerate(parts))


def section(title: str, lines: Iterable[str]) -> list[str]:
    """A section with its heading."""
    return [f'.SH "{plain(title)}"', *lines]


def item(tag: str, words: str) -> list[str]:
    """Something, and below it what is said of it."""
    return [".TP", tag, words]


def example(*lines: str) -> list[str]:
    """Lines as they stand."""
    return [".PP", ".nf", ".RS 4", *map(plain, lines), ".RE", ".fi"]
