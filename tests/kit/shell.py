"""The commands of fenced blocks in Markdown, one by one, as a shell would take them apart.

Knows no command. A block without a language is a shell's, as is `sh`; in `console` what follows a `$` is.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

_BLOCK: Final = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_BETWEEN: Final = frozenset({"&&", "||", "|", ";", "&"})
_ASSIGNMENT: Final = re.compile(r"\w+=")


@dataclass(frozen=True, slots=True)
class Command:
    """One command: what is assigned for it, its program without folders, and its words."""

    assigned: tuple[str, ...]
    program: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        """As one line, without what is assigned."""
        return " ".join([self.program, *self.words])


def commands(markdown: str) -> list[Command]:
    """Every command of the page's shell blocks, in order; pipes and chains taken apart."""
    return [
        command
        for _, language, block in _BLOCK.findall(markdown)
        for line in _lines(block, language=language)
        for command in _commands(line)
    ]


def _lines(block: str, *, language: str) -> list[str]:
    lines = re.sub(r"(\\|&&)\n", lambda end: end[1].strip("\\") + " ", block).splitlines()
    if language == "console":
        return [line[2:] for line in lines if line.startswith("$ ")]
    return [line for line in lines if line.strip()] if language in {"", "sh"} else []


def _commands(line: str) -> list[Command]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    pieces: list[list[str]] = [[]]
    for word in lexer:
        if word in _BETWEEN:
            pieces.append([])
        else:
            pieces[-1].append(word)
    return [_command(words) for words in pieces if words]


def _command(words: list[str]) -> Command:
    first = next((place for place, word in enumerate(words) if not _ASSIGNMENT.match(word)), len(words))
    program = PurePosixPath(words[first]).name if first < len(words) else ""
    return Command(tuple(words[:first]), program, tuple(words[first + 1 :]))
