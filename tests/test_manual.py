"""Manual page and completions are what the command line says; troff takes the one, a real bash the other."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import click
import pytest

from exporter.cli import main as command_line
from tests.commandline import foreign, leaves
from tests.programs import PROJECT, require_tool
from tools.manual.__main__ import files, main
from tools.manual.completions import FILES
from tools.manual.roff import marked, plain

PAGE: Final = PROJECT / "man" / "presence-exporter.1"
BASH: Final = PROJECT / "completions" / "presence-exporter.bash"

ASK: Final = """
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_presence_exporter_completion presence-exporter 2>/dev/null
printf '%s\\n' "${COMPREPLY[@]}"
complete -p presence-exporter
"""
"""What bash does when a key is pressed; the last line says what it does it by."""


def test_what_is_delivered_is_what_the_command_line_says(capfd: pytest.CaptureFixture[str]) -> None:
    """By the door of `make man`, wherever it is called from."""
    door: list[str | Path] = [sys.executable, PROJECT / "tools/manual/run.py", "--check"]
    ran = subprocess.run(door, check=False, timeout=60, cwd="/")
    assert (ran.returncode, capfd.readouterr().err) == (0, "")


def test_what_differs_is_told_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An absent file, and one with another word."""
    assert main(["--check"], folder=tmp_path) == 1
    assert set(re.findall(r"(\S+) is not what", capsys.readouterr().err)) == {*files()}
    assert main([], folder=tmp_path) == 0
    assert main(["--check"], folder=tmp_path) == 0
    page = tmp_path / "man" / PAGE.name
    page.write_text(page.read_text(encoding="utf-8") + ".PP\nMore\n", encoding="utf-8")
    assert main(["--check"], folder=tmp_path) == 1
    assert "man/presence-exporter.1 is not" in capsys.readouterr().err


def test_no_file_is_left_over() -> None:
    """Each file in the two folders is one that is written."""
    found = {
        str(path.relative_to(PROJECT))
        for name in ("man", "completions")
        for path in (PROJECT / name).iterdir()
    }
    assert found == {*files()}


def rendered(text: str) -> subprocess.CompletedProcess[str]:
    """What groff makes of it for a terminal of 80 columns, and what it finds wrong."""
    program = require_tool("groff", hint="Debian's package `groff-base`")
    command: list[str | Path] = [program, "-ww", "-man", "-Tascii", "-P-cbou"]
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.system
def test_troff_takes_the_page_without_a_warning() -> None:
    """All of its warnings are on; every section has something in it."""
    ran = rendered(PAGE.read_text(encoding="ascii"))
    assert (ran.returncode, ran.stderr) == (0, "")
    sections = re.split(r"(?m)^([A-Z][A-Z ]+)$", ran.stdout)
    assert sections[1::2] == [
        "NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "OPTIONS", "ENVIRONMENT", "EXIT STATUS", "FILES",
        "EXAMPLES", "SEE ALSO",
    ]  # fmt: skip
    assert all(words.strip() for words in sections[2::2])


@pytest.mark.system
def test_troff_would_warn() -> None:
    """A request that there is not, a string that there is not."""
    assert rendered(".TH A 1\n.SH NAME\n.NOSUCH thing\n").stderr
    assert rendered(".TH A 1\n.SH NAME\n\\*[nothing]\n").stderr


@pytest.mark.system
@pytest.mark.parametrize("words", ["", *leaves()])
def test_every_command_and_flag_is_on_the_page(words: str) -> None:
    """As a reader sees them, each flag at the beginning of a line."""
    shown = rendered(PAGE.read_text(encoding="ascii")).stdout
    command = leaves()[words] if words else command_line
    assert not words or re.search(rf"(?m)^   {words}$", shown)
    for parameter in command.params:
        assert isinstance(parameter, click.Option)
        assert re.search(rf"(?m)^       {re.escape(parameter.opts[0])}(,|\s|$)", shown), parameter.opts


def test_every_exit_code_is_on_the_page() -> None:
    """Those of docs/cli.md."""
    status = PAGE.read_text(encoding="ascii").split('"EXIT STATUS"')[1].split(".SH")[0]
    assert re.findall(r"(?m)^\.TP\n\\fB(\d+)\\fR$", status) == ["0", "1", "2", "130"]


@pytest.mark.parametrize(
    "text, escaped",
    [
        (".TP", r"\&.TP"),
        ("'so file", r"\(aqso file"),
        (r"a\b", r"a\eb"),
        ("--yes", r"\-\-yes"),
        ("one … two", r"one \[u2026] two"),
    ],
)
def test_text_is_never_a_request(text: str, escaped: str) -> None:
    """Nor anything but ASCII."""
    assert plain(text) == escaped


def test_marks_become_fonts() -> None:
    """Backquotes are what is typed; of a link its words stay."""
    assert marked("run `make man`, see [a page](there.md)") == r"run \fBmake man\fR, see a page"


def completed(*words: str) -> list[str]:
    """What a real bash offers for the last of these words."""
    bash = require_tool("bash", hint="Debian's package `bash`")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {name: value for name, value in os.environ.items() if not foreign(name)} | {"PATH": path}
    ran = subprocess.run(
        [bash, "--norc", "-c", ASK, "bash", BASH, "presence-exporter", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env=environment,
    )
    *offered, how = ran.stdout.splitlines()
    assert how == "complete -o nosort -F _presence_exporter_completion presence-exporter"
    assert ran.stderr == ""
    return [each for each in offered if each]


@pytest.mark.system
@pytest.mark.parametrize(
    "words, offered",
    [
        (["sim"], ["simulate"]),
        (["ledger", ""], ["reset", "show"]),
        (["--config."], ["--config.file", "--config.check"]),
        (["--log.format", ""], ["logfmt", "json"]),
        (["backfill", "--st"], ["--start", "--step"]),
        (["check", "--nothing-like-it"], []),
    ],
)
def test_bash_completes(words: list[str], offered: list[str]) -> None:
    """Commands, commands of commands, flags, and values that are known."""
    assert completed(*words) == offered


@pytest.mark.parametrize("name", FILES)
def test_each_completion_asks_our_program_by_its_variable(name: str) -> None:
    """And nothing that click would have to fill in is left."""
    text = (PROJECT / "completions" / name).read_text(encoding="utf-8")
    assert "_PRESENCE_EXPORTER_COMPLETE=" in text
    assert "presence-exporter" in text
    assert not re.search(r"%\(\w+\)s", text)
