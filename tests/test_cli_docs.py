"""docs/cli.md and the command line say the same, in both directions."""

from __future__ import annotations

import re
from typing import Final

import click
import pytest

from exporter.cli import faults, main
from tests.commandline import leaves
from tests.programs import PROJECT

PAGE: Final = (PROJECT / "docs" / "cli.md").read_text(encoding="utf-8")

SHARED: Final = "Every command"
SERVING: Final = "Serving"


def rows(heading: str) -> list[list[str]]:
    """The rows of the table below a heading, without the backquotes."""
    section = re.split(r"^##+ ", PAGE.split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]


def documented(heading: str) -> dict[str, tuple[str, str]]:
    """Flag → twin and default."""
    return {flag: (twin, default) for flag, twin, default, _ in rows(heading)}


def real(command: click.Command) -> dict[str, tuple[str, str]]:
    """The same of a command."""
    found = {}
    for parameter in command.params:
        assert isinstance(parameter, click.Option)
        if parameter.envvar:
            found[parameter.opts[0]] = (str(parameter.envvar), _default(parameter))
    return found


def _default(option: click.Option) -> str:
    value = option.to_info_dict()["default"]
    if value is None:
        return ""
    return str(value).lower() if option.is_flag else " ".join(value if option.multiple else [value])


def test_every_command_is_documented() -> None:
    """And no other; the first row is what no command does."""
    names = [name for name, _ in rows("Commands")]
    assert names == ["(none)", *leaves()]


def test_the_flags_of_serving_are_documented() -> None:
    """With their twins and defaults, and no other flag."""
    assert documented(SHARED) | documented(SERVING) == real(main)


@pytest.mark.parametrize("name", leaves())
def test_the_flags_of_every_command_are_documented(name: str) -> None:
    """Those that all take, and below a heading of its own those that it takes alone."""
    alone = documented(f"`{name}`") if f"### `{name}`\n" in PAGE else {}
    assert documented(SHARED) | alone == real(leaves()[name])


@pytest.mark.parametrize("heading", [SHARED, SERVING, *re.findall("^### (`.*`)$", PAGE, re.MULTILINE)])
def test_every_flag_has_its_meaning(heading: str) -> None:
    """No cell of the last column is empty."""
    assert [row[0] for row in rows(heading) if not row[-1]] == []


def test_the_exit_codes_are_documented() -> None:
    """Zero, and those that faults have."""
    codes = ["0", *map(str, (faults.FAILED, faults.MISUSED, faults.INTERRUPTED))]
    assert [code for code, _ in rows("Exit codes")] == codes


def test_flags_without_a_twin_are_named() -> None:
    """What a variable cannot say is said to be so."""
    without = [
        option.opts[0] for option in main.params if isinstance(option, click.Option) and not option.envvar
    ]
    assert without == ["--version"]
    assert "`--version` and `--help` (`-h`)\nhave no twin" in PAGE
