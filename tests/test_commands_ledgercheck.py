"""The doctor's look at the ledger: whether it can be used, and what it holds; nothing is counted by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from exporter.commands.ledgercheck import NOTHING_YET, examine_ledger
from exporter.config import load_file
from exporter.model import Finding, Reason
from tests.commandline import run_process
from tests.filledledger import START, fill
from tests.test_commands_check import cells

if TYPE_CHECKING:
    from pathlib import Path

    from exporter.config import Config

ENV: Final = {"KEY": "a-made-up-key"}
SOURCES: Final = """
sources:
  - {name: acme, kind: daily, api_key_env: KEY, base_url: "http://127.0.0.1:1"}
  - {name: quiet, kind: daily, api_key_env: KEY, base_url: "http://127.0.0.1:1", meetings: false}
  - {name: chat, kind: rocketchat, base_url: "http://127.0.0.1:1", user_id_env: KEY, auth_token_env: KEY}
  - {name: video, kind: daily, api_key_env: KEY, base_url: "http://127.0.0.1:1"}
"""


def written(folder: Path, ledger: str, *, sources: str = SOURCES) -> Path:
    """A configuration with these keys of the ledger."""
    file = folder / "presence.yml"
    file.write_text(f"ledger: {{{ledger}}}\n{sources}", encoding="utf-8")
    file.chmod(0o600)
    return file


def config(folder: Path, ledger: str, *, sources: str = SOURCES) -> Config:
    """The same, read."""
    return load_file(written(folder, ledger, sources=sources), ENV).config


def test_a_ledger_that_counts_says_what_and_up_to_when(tmp_path: Path) -> None:
    """For each source that counts; one that has not begun says so."""
    fill(f"sqlite:///{tmp_path}/ledger.db")
    found = examine_ledger(config(tmp_path, "url: 'sqlite:///ledger.db'"), now=START + 9000)
    assert found == [
        Finding("acme", "ledger", None, "3 stays in 2 meetings, all known up to 30m ago"),
        Finding("video", "ledger", None, NOTHING_YET),
    ]


def test_a_ledger_in_memory_is_said_to_be_forgotten(tmp_path: Path) -> None:
    """It works, and may not be what somebody wants."""
    told = "the ledger is in memory (ledger.url is not set), and a restart forgets it"
    assert examine_ledger(config(tmp_path, ""), now=START) == [
        Finding("acme", "ledger", None, told),
        Finding("video", "ledger", None, told),
    ]


def test_without_meetings_no_ledger_is_asked(tmp_path: Path) -> None:
    """Even one that could not be."""
    sources = "sources: [{name: quiet, kind: daily, api_key_env: KEY, meetings: false}]"
    assert examine_ledger(config(tmp_path, "url: 'sqlite:////none/a.db'", sources=sources), now=START) == []


def test_a_ledger_that_is_not_there_yet_is_no_failure_where_it_can_be_made(tmp_path: Path) -> None:
    """And it is not made: whoever asks may be another user than the one who serves."""
    found = examine_ledger(config(tmp_path, "url: 'sqlite:///ledger.db'"), now=START)
    assert [(each.reason, each.detail) for each in found] == [(None, NOTHING_YET)] * 2
    assert not (tmp_path / "ledger.db").exists()


@pytest.mark.parametrize(
    "path, words",
    [
        ("absent/ledger.db", "the file's folder does not exist, or this user may not write there"),
        ("presence.yml", "the file is not an SQLite database"),
    ],
)
def test_a_ledger_that_cannot_be_used_fails_with_its_reason(tmp_path: Path, path: str, words: str) -> None:
    """For every source that would count."""
    found = examine_ledger(config(tmp_path, f"url: 'sqlite:///{path}'"), now=START)
    assert [(each.source, each.reason) for each in found] == [
        ("acme", Reason.LEDGER),
        ("video", Reason.LEDGER),
    ]
    assert all(each.detail.startswith(f"ledger: {words}") for each in found)


def test_check_shows_the_ledger_with_its_source_and_counts_nothing(tmp_path: Path) -> None:
    """The row stands last among those of the source; the file is not made."""
    file = written(tmp_path, "url: 'sqlite:///ledger.db'")
    result = run_process("check", "--config.file", str(file), env=ENV)
    rows = cells(result.stdout)
    assert [(row[0], row[1]) for row in rows if row[0] != "chat"] == [
        ("acme", "presence"),
        ("acme", "meetings"),
        ("acme", "ended_meetings"),
        ("acme", "key"),
        ("acme", "ledger"),
        ("quiet", "presence"),
        ("quiet", "key"),
        ("video", "presence"),
        ("video", "meetings"),
        ("video", "ended_meetings"),
        ("video", "key"),
        ("video", "ledger"),
    ]
    assert {(row[2], row[4]) for row in rows if row[1] == "ledger"} == {("ok", NOTHING_YET)}
    assert not (tmp_path / "ledger.db").exists()


def test_check_says_what_to_do_about_a_ledger(tmp_path: Path) -> None:
    """A failed row counts as every other does."""
    file = written(tmp_path, "url: 'sqlite:///none/a.db'")
    result = run_process("check", "--config.file", str(file), env=ENV)
    (row, _) = [row for row in cells(result.stdout) if row[1] == "ledger"]
    assert row[2:4] == ["failed", "ledger"]
    assert "check ledger.url" in row[5]
    assert result.returncode == 1
