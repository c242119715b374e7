"""The completions of bash, zsh and fish, as click makes them; each asks the program when a key is pressed."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

from exporter.cli import main
from exporter.cli.faults import PROGRAM

VARIABLE: Final = "_PRESENCE_EXPORTER_COMPLETE"
"""What a shell asks by: click's own name for it."""

FILES: Final[Mapping[str, type[ShellComplete]]] = MappingProxyType(
    {
        f"{PROGRAM}.bash": BashComplete,
        f"_{PROGRAM}": ZshComplete,
        f"{PROGRAM}.fish": FishComplete,
    }
)
"""Each shell's file by the name under which the shell looks for it; bash's loses its ending."""


def completions() -> dict[str, str]:
    """What is in each file."""
    return {name: _text(shell) for name, shell in FILES.items()}


def _text(shell: type[ShellComplete]) -> str:
    # Not `source()`: bash's would run the bash that is here, and complain of an old one.
    made = shell(main, {}, PROGRAM, VARIABLE)
    return (made.source_template % made.source_vars()).strip() + "\n"
