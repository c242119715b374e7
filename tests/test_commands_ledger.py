"""`ledger show` and `ledger reset`: what was counted, and how a source's count begins anew."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from exporter.commands.ledger import HEADERS, kind_of, table
from exporter.ledger.overview import look
from tests.commandline import run, run_process
from tests.filledledger import ACME, OTHER, START, fill
from tests.system.postgresql import PASSWORD, USER
from tests.test_commands_check import cells

if TYPE_CHECKING:
    from pathlib import Path

ENV: Final = {"KEY": "a-made-up-key"}
ACME_KEYS: Final = "{name: acme, kind: daily, api_key_env: KEY}"
SERVER: Final = "postgresql+psycopg://writer:canary@127.0.0.1:1/presence"

RESET: Final = ("ledger", "reset", "--source", "acme")
COMMANDS: Final = [("ledger", "show"), RESET]

IN_MEMORY: Final = "the ledger is in memory (ledger.url is not set), and a restart forgets it"
FORGETS: Final = (
    "since 2027-01-15 08:00:00Z acme has counted 3 stays (16.5 participant-minutes) in 2 meetings, and it "
    "follows 1 meeting.\nAll of that is forgotten. The counters begin anew at 0 with the exporter's next "
    "run: Prometheus sees a counter reset, and meetings that ended before that run are not counted again.\n"
)
FORGOTTEN: Final = "acme: forgotten; counting begins anew with the exporter's next run\n"


def written(folder: Path, ledger: str, *, sources: str = ACME_KEYS) -> tuple[str, str]:
    """The flag of a configuration with these keys of the ledger."""
    file = folder / "presence.yml"
    file.write_text(f"ledger: {{{ledger}}}\nsources: [{sources}]\n", encoding="utf-8")
    file.chmod(0o600)
    return "--config.file", str(file)


@pytest.fixture
def filled(tmp_path: Path) -> tuple[str, str]:
    """The flag of a configuration whose ledger, in the same folder, has counted."""
    fill(f"sqlite:///{tmp_path}/ledger.db")
    return written(tmp_path, "url: 'sqlite:///ledger.db'")


def held(folder: Path) -> list[str]:
    """The sources that the ledger in that folder holds."""
    overview = look(f"sqlite:///{folder}/ledger.db", file=folder / "ledger.db")
    assert overview is not None
    return [each.source for each in overview.sources]


def test_a_row_says_what_a_source_has_counted() -> None:
    """Moments in UTC, ages as durations, stays as participant-minutes."""
    drawn = table([ACME, OTHER], now=START + 9065.4)
    assert cells(drawn) == [
        [
            *("acme", "acme-video", "2027-01-15 08:00:00Z", "2027-01-15 10:00:00Z", "31m5s"),
            *("1", "2", "3", "16.5", "0", "1", "1h30m"),
        ],
        [
            *("other", "", "2027-01-15 08:01:00Z", "2027-01-15 08:01:00Z", "2h30m5s"),
            *("0", "0", "0", "0.0", "0", "0", "0s"),
        ],
    ]
    assert drawn.splitlines()[0].split() == " ".join(HEADERS).split()


def test_a_watermark_ahead_of_our_clock_is_no_age() -> None:
    """Daily's clock may be the faster one."""
    assert cells(table([ACME], now=START))[0][4] == "0s"


def test_names_cannot_command_a_terminal() -> None:
    """The domain's name comes from the vendor."""
    drawn = table([replace(ACME, source="a\x1b[2J", domain="b\nc")], now=START)
    assert cells(drawn)[0][:2] == ["a?[2J", "b?c"]


def test_an_empty_ledger_is_an_empty_table() -> None:
    """The headers alone."""
    assert table([], now=START).splitlines()[0].split() == " ".join(HEADERS).split()


@pytest.mark.parametrize(
    "url, kind",
    [
        (SERVER, "PostgreSQL"),
        ("sqlite:////var/lib/a%20b.db", "SQLite, /var/lib/a b.db"),
    ],
)
def test_a_database_is_named_without_what_may_be_a_secret(url: str, kind: str) -> None:
    """A file by its path, a server by nothing but what it is."""
    assert kind_of(url) == kind


def test_show_prints_what_the_ledger_holds(tmp_path: Path, filled: tuple[str, str]) -> None:
    """The database, its schema, a row for each source, and where ledger and configuration differ."""
    result = run("ledger", "show", *filled, env=ENV)
    head, drawn, differences = result.stdout.split("\n\n")
    assert head == f"SQLite, {tmp_path}/ledger.db; schema 1; persistent: a restart forgets nothing"
    assert [row[:2] + row[5:] for row in cells(drawn)] == [
        ["acme", "acme-video", "1", "2", "3", "16.5", "0", "1", "1h30m"],
        ["other", "", "0", "0", "0", "0.0", "0", "0", "0s"],
    ]
    assert differences == "not counted any more, as the configuration has it: other\n"
    assert (result.exit_code, result.stderr) == (0, "")


def test_show_tells_sources_that_have_not_begun(tmp_path: Path, filled: tuple[str, str]) -> None:
    """A source that was renamed is seen from both sides; one without meetings is not looked for."""
    sources = (
        "{name: renamed, kind: daily, api_key_env: KEY}, {name: other, kind: daily, api_key_env: KEY}, "
        "{name: quiet, kind: daily, api_key_env: KEY, meetings: false}"
    )
    flags = written(tmp_path, "url: 'sqlite:///ledger.db'", sources=sources)
    result = run("ledger", "show", *flags, env=ENV)
    assert result.stdout.endswith(
        "\n\nnot counted yet: renamed\nnot counted any more, as the configuration has it: acme\n"
    )
    assert filled == flags


def test_show_says_no_more_where_nothing_differs(tmp_path: Path) -> None:
    """The table is the end."""
    fill(f"sqlite:///{tmp_path}/ledger.db")
    sources = f"{ACME_KEYS}, {ACME_KEYS.replace('acme', 'other')}"
    result = run("ledger", "show", *written(tmp_path, "url: 'sqlite:///ledger.db'", sources=sources), env=ENV)
    assert len(result.stdout.split("\n\n")) == 2
    assert result.stdout.splitlines()[-1].startswith("other ")


@pytest.mark.parametrize("flags", [(), ("--demo",)])
def test_a_ledger_in_memory_has_nothing_to_show(flags: tuple[str, ...]) -> None:
    """That is told, and no failure."""
    result = run("ledger", "show", *flags, env={} if flags else {"DAILY_API_KEY": "k"})
    assert result.stdout == f"{IN_MEMORY}: there is nothing to show\n"
    assert (result.exit_code, result.stderr) == (0, "")


def test_a_ledger_in_memory_cannot_be_reset() -> None:
    """Whoever asks for that means another database."""
    result = run(*RESET, "--yes", env={"DAILY_API_KEY": "k"})
    assert result.stderr == f"presence-exporter: ledger.url: {IN_MEMORY}; there is nothing to reset\n"
    assert (result.exit_code, result.stdout) == (2, "")


@pytest.mark.parametrize("command", COMMANDS)
def test_where_there_is_no_ledger_yet_that_is_told(tmp_path: Path, command: tuple[str, ...]) -> None:
    """And none is made, for a mistyped path."""
    result = run(*command, *written(tmp_path, "url: 'sqlite:///ledger.db'"), env=ENV)
    assert result.stderr == (
        f"presence-exporter: ledger: SQLite, {tmp_path}/ledger.db: there is no ledger yet; "
        "the exporter makes it when it is scraped\n"
    )
    assert (result.exit_code, result.stdout) == (1, "")
    assert not (tmp_path / "ledger.db").exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_ledger_that_cannot_be_used_is_one_line(tmp_path: Path, command: tuple[str, ...]) -> None:
    """With what is wrong."""
    (tmp_path / "ledger.db").write_text("not a database, but long enough to be taken for one " * 20)
    result = run(*command, *written(tmp_path, "url: 'sqlite:///ledger.db'"), env=ENV)
    assert result.stderr.startswith("presence-exporter: ledger: the file is not an SQLite database")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)


def test_warnings_of_the_configuration_are_told_here_too(tmp_path: Path) -> None:
    """They may be the reason why nothing is counted."""
    chat = "{name: c, kind: rocketchat, base_url: 'https://c', user_id_env: KEY, auth_token_env: KEY}"
    result = run("ledger", "show", *written(tmp_path, "url: 'sqlite:///a.db'", sources=chat), env=ENV)
    assert result.stderr.startswith("warning: ledger: nothing is written down: ")


@pytest.mark.parametrize("answer", ["y\n", "yes\n"])
def test_reset_says_what_it_forgets_and_asks(tmp_path: Path, filled: tuple[str, str], answer: str) -> None:
    """With yes, this source alone is forgotten."""
    result = run(*RESET, *filled, env=ENV, typed=answer)
    assert result.stdout == f"SQLite, {tmp_path}/ledger.db: {FORGETS}{FORGOTTEN}"
    assert result.stderr.startswith("Forget it? [y/N]: ")
    assert result.exit_code == 0
    assert held(tmp_path) == ["other"]


@pytest.mark.parametrize("answer", ["n\n", "\n"])
def test_without_a_yes_nothing_is_forgotten(tmp_path: Path, filled: tuple[str, str], answer: str) -> None:
    """To say nothing is to say no; the exit code tells a script."""
    result = run(*RESET, *filled, env=ENV, typed=answer)
    assert result.stderr.endswith("nothing was forgotten\n")
    assert FORGOTTEN not in result.stdout
    assert result.exit_code == 1
    assert held(tmp_path) == ["acme", "other"]


def test_where_nobody_can_answer_nothing_is_forgotten(tmp_path: Path, filled: tuple[str, str]) -> None:
    """A job without a terminal is told of --yes."""
    result = run(*RESET, *filled, env=ENV)
    assert result.stderr.endswith("\nnothing was forgotten; --yes answers beforehand\n")
    assert result.exit_code == 130
    assert held(tmp_path) == ["acme", "other"]


def test_with_yes_nobody_is_asked(tmp_path: Path, filled: tuple[str, str]) -> None:
    """What is forgotten is told all the same."""
    result = run(*RESET, "--yes", *filled, env=ENV)
    assert result.stdout == f"SQLite, {tmp_path}/ledger.db: {FORGETS}{FORGOTTEN}"
    assert (result.exit_code, result.stderr) == (0, "")
    assert held(tmp_path) == ["other"]


def test_a_reset_says_what_counts_again(tmp_path: Path, filled: tuple[str, str]) -> None:
    """The next start is a first one, and `ledger.since` is for that."""
    flags = written(tmp_path, "url: 'sqlite:///ledger.db', since: 30d")
    result = run(*RESET, *flags, env=ENV, typed="n\n")
    assert result.stdout.endswith(
        "meetings that ended before that run count again where they ended in the 30d before (ledger.since).\n"
    )
    assert filled == flags


def test_an_unknown_source_is_told_those_that_are_known(tmp_path: Path, filled: tuple[str, str]) -> None:
    """The name that was typed is not repeated: who knows what it is."""
    result = run("ledger", "reset", "--source", "canary", "--yes", *filled, env=ENV)
    assert result.stderr == (
        "presence-exporter: --source: the ledger has no source of this name; it holds acme, other\n"
    )
    assert (result.exit_code, result.stdout) == (2, "")
    assert held(tmp_path) == ["acme", "other"]


def test_a_ledger_without_sources_says_so(tmp_path: Path, filled: tuple[str, str]) -> None:
    """After all were forgotten."""
    for source in ("acme", "other"):
        assert run("ledger", "reset", "--source", source, "--yes", *filled, env=ENV).exit_code == 0
    result = run(*RESET, *filled, env=ENV)
    assert result.stderr == (
        "presence-exporter: --source: the ledger has no source of this name; it holds none yet\n"
    )
    assert held(tmp_path) == []


@pytest.mark.system
def test_on_a_server_both_commands_do_the_same(tmp_path: Path, postgresql_url: str) -> None:
    """Of the server nothing is shown but what it is."""
    flags, env = written(tmp_path, "url_env: LEDGER"), {**ENV, "LEDGER": postgresql_url}
    assert run("ledger", "show", *flags, env=env).stderr.startswith(
        "presence-exporter: ledger: PostgreSQL: there is no ledger yet; "
    )
    fill(postgresql_url)
    shown = run("ledger", "show", *flags, env=env)
    reset = run(*RESET, "--yes", *flags, env=env)
    again = run("ledger", "show", *flags, env=env)
    assert shown.stdout.startswith("PostgreSQL; schema 1; persistent: a restart forgets nothing\n")
    assert reset.stdout == f"PostgreSQL: {FORGETS}{FORGOTTEN}"
    assert [[row[0] for row in cells(each.stdout.split("\n\n")[1])] for each in (shown, again)] == [
        ["acme", "other"],
        ["other"],
    ]
    told = shown.output + reset.output + again.output
    assert [part for part in (PASSWORD, f"{USER}:", "127.0.0.1") if part in told] == []


@pytest.mark.system
@pytest.mark.parametrize("command", [*COMMANDS, ("check",)])
@pytest.mark.parametrize("keys", [f"url: '{SERVER}'", "url_file: url", "url_env: LEDGER"])
def test_the_password_of_a_ledger_never_shows(tmp_path: Path, command: tuple[str, ...], keys: str) -> None:
    """Not where the server cannot be reached, nor in the log at debug; neither do user, host and database."""
    (tmp_path / "url").write_text(SERVER)
    (tmp_path / "url").chmod(0o600)
    sources = ACME_KEYS.replace("}", ", base_url: 'http://127.0.0.1:1'}")
    flags = (*written(tmp_path, keys, sources=sources), "--log.level", "debug")
    ran = run_process(*command, *flags, env={**ENV, "LEDGER": SERVER})
    told = ran.stdout + ran.stderr
    assert ran.returncode == 1
    assert "ledger: the server cannot be reached" in told
    assert [word for word in ("canary", "writer", "/presence@", "psycopg") if word in told] == []
    assert "Traceback" not in told
