"""Runs the command line in this process, or as a process of its own, apart from the tester's environment."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import click
import structlog
from click.testing import CliRunner, Result

from exporter.cli import main
from tests.system.processes import Process, start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

PREFIXES: Final = ("DAILY_", "ROCKETCHAT_", "PRESENCE_EXPORTER_")

KEY: Final = {"DAILY_API_KEY": "a-made-up-key"}
"""The smallest set of variables that is a configuration."""


def foreign(name: str) -> bool:
    """True for a variable of the tester's that the exporter would read, and for a proxy."""
    return name.startswith(PREFIXES) or name.upper().endswith("_PROXY")


def run(*arguments: str, env: Mapping[str, str] | None = None, typed: str = "") -> Result:
    """What a command line prints and leaves with, with these variables of ours alone; `typed` is stdin."""
    with _log_kept():
        return CliRunner().invoke(main, arguments, env=_environment(env), input=typed)


def parsed(*arguments: str, env: Mapping[str, str] | None = None) -> click.Context:
    """The context of a command line, of its command where it names one; nothing is run."""
    seen: list[click.Context] = []

    @click.pass_context
    def note(context: click.Context, /, **_flags: Any) -> None:
        seen.append(context)

    with CliRunner().isolation(env=_environment(env)):
        _noting(main, note).main(arguments, standalone_mode=False)
    return seen[-1]


def leaves(group: click.Group = main, *, above: str = "") -> dict[str, click.Command]:
    """Every command that can be run, by its words: `check`, `ledger show`."""
    found: dict[str, click.Command] = {}
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found |= leaves(command, above=f"{above}{name} ")
        else:
            found[above + name] = command
    return found


def _noting(command: click.Command, note: Callable[..., None]) -> click.Command:
    """The same command, with the same flags, which does nothing but `note`."""
    if not isinstance(command, click.Group):
        return click.Command(command.name, params=command.params, callback=note)
    commands = [_noting(each, note) for each in command.commands.values()]
    return click.Group(
        command.name, params=command.params, callback=note, invoke_without_command=True, commands=commands
    )


def run_process(
    *arguments: str, env: Mapping[str, str] | None = None, **settings: Any
) -> subprocess.CompletedProcess[str]:
    """The same as a process of its own, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "exporter", *arguments],
        env=process_environment(env),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **settings,
    )


def start_process(
    *arguments: str, folder: Path, env: Mapping[str, str] | None = None, name: str = "exporter"
) -> Process:
    """A process that the caller stops."""
    command = [sys.executable, "-m", "exporter", *arguments]
    return start(command, log=folder / f"{name}.log", env=process_environment(env))


def process_environment(env: Mapping[str, str] | None) -> dict[str, str]:
    """The tester's variables without ours, and these."""
    return {name: value for name, value in os.environ.items() if not foreign(name)} | dict(env or {})


def _environment(env: Mapping[str, str] | None) -> dict[str, str | None]:
    return {name: None for name in os.environ if foreign(name)} | dict(env or {})


@contextmanager
def _log_kept() -> Iterator[None]:
    """Undo what a command does to the log of this process; pytest's own handlers would be closed."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    root.handlers.clear()
    try:
        yield
    finally:
        structlog.reset_defaults()
        root.handlers[:] = handlers
        root.setLevel(level)
