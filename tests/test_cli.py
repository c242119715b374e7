"""Flags and their twins, what stands before and after a command, and how each fault is told."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn
from urllib.parse import urlsplit

import click
import pytest
from click.testing import CliRunner

from exporter import __version__
from exporter.cli import main
from exporter.cli.faults import Commands
from exporter.cli.flags import flags_of, given, was_given
from exporter.errors import ConfigError, LedgerUnavailable
from exporter.log import FORMATS, LEVELS
from exporter.web.listen import Address, ListenError
from tests.commandline import KEY, parsed, run

if TYPE_CHECKING:
    from collections.abc import Callable

TABLE: Final = [
    ("--config.file", "/etc/presence.yml", "config_file", Path("/etc/presence.yml")),
    ("--log.level", "debug", "log_level", "debug"),
    ("--log.format", "json", "log_format", "json"),
    ("--web.listen-address", "127.0.0.1:1", "listen_addresses", (Address("127.0.0.1", 1),)),
    ("--web.config.file", "/etc/web.yml", "web_config_file", Path("/etc/web.yml")),
    ("--web.telemetry-path", "/m", "telemetry_path", "/m"),
    ("--web.max-requests", "7", "max_requests", 7),
    ("--web.external-url", "https://example.org/a/b/", "external_url", urlsplit("https://example.org/a/b/")),
    ("--timeout-offset", "0.25", "timeout_offset", 0.25),
]
"""Flag, text, field, value: of each flag that takes a value."""

SWITCHES: Final = [
    ("--config.check", "config_check"),
    ("--demo", "demo"),
    ("--web.systemd-socket", "systemd_socket"),
    ("--web.disable-exporter-metrics", "disable_exporter_metrics"),
    ("--web.disable-source-metrics", "disable_source_metrics"),
]


def twin(flag: str) -> str:
    """The variable of a flag, by the rule."""
    return "PRESENCE_EXPORTER_" + flag.removeprefix("--").replace(".", "_").replace("-", "_").upper()


def value_of(field: str, *arguments: str, env: dict[str, str] | None = None) -> Any:
    """What one flag is worth, for a command line and an environment."""
    return getattr(flags_of(parsed(*arguments, env=env)), field)


def test_the_tables_here_name_every_flag() -> None:
    """A new flag is tried as well, or this fails."""
    flags = {option for parameter in main.params for option in parameter.opts if parameter.name != "version"}
    assert flags == {flag for flag, *_ in (*TABLE, *SWITCHES)}


@pytest.mark.parametrize("flag, text, field, value", TABLE)
def test_a_flag_and_its_twin_say_the_same(flag: str, text: str, field: str, value: object) -> None:
    """Either way the value is the same, and another one than the default."""
    assert value_of(field, flag, text) == value
    assert value_of(field, env={twin(flag): text}) == value
    assert value_of(field) != value


@pytest.mark.parametrize("flag, field", SWITCHES)
def test_a_switch_is_on_by_its_name_or_by_true(flag: str, field: str) -> None:
    """A variable can also say no."""
    assert value_of(field, flag) is True
    assert value_of(field, env={twin(flag): "true"}) is True
    assert value_of(field, env={twin(flag): "false"}) is False
    assert value_of(field) is False


def test_the_defaults_are_those_of_the_documentation() -> None:
    """Nothing given: port 10458 on every interface, /metrics, 40 scrapes, half a second."""
    flags = flags_of(parsed())
    assert flags.listen_addresses == (Address("", 10458),)
    assert (flags.telemetry_path, flags.max_requests, flags.timeout_offset) == ("/metrics", 40, 0.5)
    assert (flags.config_file, flags.web_config_file, flags.external_url) == (None, None, None)
    assert (flags.log_level, flags.log_format) == ("info", "logfmt")


def test_the_command_line_wins_over_the_environment() -> None:
    """A variable is what a machine says; a flag is what a person says now."""
    assert value_of("max_requests", "--web.max-requests", "3", env={twin("--web.max-requests"): "7"}) == 3


def test_an_empty_variable_counts_as_none() -> None:
    """Compose files set variables to nothing to leave them out."""
    assert value_of("max_requests", env={twin("--web.max-requests"): ""}) == 40


def test_addresses_are_repeated_by_flags_and_separated_by_blanks_in_the_variable() -> None:
    """Any number of blanks will do."""
    both = (Address("127.0.0.1", 1), Address("::", 2))
    flag = "--web.listen-address"
    assert value_of("listen_addresses", flag, "127.0.0.1:1", flag, "[::]:2") == both
    assert value_of("listen_addresses", env={twin(flag): " 127.0.0.1:1   [::]:2 "}) == both


SHOW: Final = ("ledger", "show")
RESET: Final = ("ledger", "reset", "--source", "acme")


@pytest.mark.parametrize("command", [("check",), ("healthcheck",), SHOW, RESET])
@pytest.mark.parametrize(
    "flag, text, field, value", [row for row in TABLE if row[0].startswith(("--config", "--log"))]
)
def test_a_command_takes_flags_before_or_after_its_name(
    command: tuple[str, ...], flag: str, text: str, field: str, value: object
) -> None:
    """What stands after the name wins over what stands before it, and both over the variable."""
    other = {"config_file": "/elsewhere", "log_level": "error", "log_format": "logfmt"}[field]
    assert value_of(field, flag, text, *command) == value
    assert value_of(field, *command, flag, text) == value
    assert value_of(field, *command, env={twin(flag): text}) == value
    assert value_of(field, flag, other, *command, flag, text, env={twin(flag): other}) == value
    assert value_of(field, flag, text, *command, env={twin(flag): other}) == value


def test_flags_may_stand_between_the_two_words_of_a_command() -> None:
    """What stands last wins."""
    flags = [("--log.level", level) for level in ("debug", "warn", "error")]
    assert value_of("log_level", *flags[0], "ledger", *flags[1], "show") == "warn"
    assert value_of("log_level", *flags[0], "ledger", *flags[1], "show", *flags[2]) == "error"


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_it_is_known_whether_a_flag_was_given_at_all(depth: int) -> None:
    """Wherever it stands; a default counts as not given."""
    words = ["ledger", "show"]
    assert not was_given(parsed(*words), "log_level")
    assert was_given(parsed(*words, env={twin("--log.level"): "warn"}), "log_level")
    words[depth:depth] = ["--log.level", "info"]
    assert was_given(parsed(*words), "log_level")


def test_the_flags_of_ledger_reset_have_twins() -> None:
    """A job of a cluster says all by variables."""
    values = given(parsed("ledger", "reset", env={twin("--source"): "acme", twin("--yes"): "true"}))
    assert (values["source"], values["agreed"]) == ("acme", True)
    assert given(parsed(*RESET))["agreed"] is False
    assert given(parsed(*RESET, "--yes"))["agreed"] is True


@pytest.mark.parametrize("place", ["before", "after"])
def test_switches_stand_before_or_after_a_command_too(place: str) -> None:
    """`check --demo` and `--demo check` are the same."""
    arguments = ["--demo", "check"] if place == "before" else ["check", "--demo"]
    assert value_of("demo", *arguments) is True


def test_healthcheck_takes_the_address_on_either_side() -> None:
    """It is the server's own flag, so it may stand where the server has it."""
    flag = ("--web.listen-address", "127.0.0.1:1")
    assert value_of("listen_addresses", *flag, "healthcheck") == (Address("127.0.0.1", 1),)
    assert value_of("listen_addresses", "healthcheck", *flag) == (Address("127.0.0.1", 1),)


@pytest.mark.parametrize("flag", ["--url", "--client-cert", "--client-key"])
def test_the_flags_of_healthcheck_have_twins(flag: str) -> None:
    """A container's health check is one word then."""
    field = flag.removeprefix("--").replace("-", "_")
    given_by_flag = given(parsed("healthcheck", flag, "x"))[field]
    assert given_by_flag == given(parsed("healthcheck", env={twin(flag): "x"}))[field]
    assert str(given_by_flag) == "x"


def test_variables_of_kubernetes_do_not_disturb() -> None:
    """A service named presence-exporter sets such variables in every pod."""
    env = {"PRESENCE_EXPORTER_PORT": "tcp://10.0.0.1:10458", "PRESENCE_EXPORTER_SERVICE_HOST": "10.0.0.1"}
    assert run("--config.check", env={**KEY, **env}).exit_code == 0


def test_version_says_version_revision_and_python() -> None:
    """In the order in which Prometheus's own programs say them."""
    result = run("--version")
    python = sys.version.split()[0]
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(f"presence-exporter, version {__version__} (revision: ")
    assert result.stdout.endswith(f", python: {python})\n")


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("command", [(), ("check",), ("healthcheck",), ("ledger",), SHOW, RESET])
def test_help_names_every_flag_and_its_twin(flag: str, command: tuple[str, ...]) -> None:
    """The names of variables are shown, and never what they hold."""
    context = parsed(*command)
    env = {"DAILY_API_KEY": "canary", "PRESENCE_EXPORTER_CONFIG_FILE": "/canary", twin("--url"): "canary"}
    result = run(*command, flag, env=env)
    shown = "".join(result.stdout.split())
    assert (result.exit_code, result.stderr) == (0, "")
    for parameter in context.command.params:
        assert isinstance(parameter, click.Option)
        assert parameter.opts[0] in shown
        assert str(parameter.envvar or "") in shown
    assert "canary" not in shown


HINT: Final = " (see presence-exporter --help)"


def invalid(flag: str, what: str) -> str:
    """The message about a value of a flag."""
    return f"Invalid value for '{flag}' (env var: '{twin(flag)}'): {what}"


LEVEL = "'warning' is not one of 'debug', 'info', 'warn', 'error'."
FORM = "'xml' is not one of 'logfmt', 'json'."
ADDRESS = "'localhost' is not an address to listen on; write :10458, 127.0.0.1:10458 or [::]:10458"
COUNT = "this is not a number of at least 1; write 40"
SECONDS = "this is not a number of seconds; write 0.5 or 2"
EXAMPLE = "https://monitoring.example.org/presence"
URL = f"this is not a URL with a host, without user, query and fragment; write {EXAMPLE}"

BAD_COUNTS = ("0", "-1", "1.5", "1_0", "", "٣", "9" * 10)
BAD_SECONDS = ("nan", "inf", "-1", "1s", "1e3", " 1", "", "1_0")
BAD_URLS = ("/prefix", "example.org", "ftp://example.org", "https://u:p@example.org", "http://x?a", "x#b", "")

FAULTS: Final = [
    (["--nonsense"], "No such option '--nonsense'."),
    (["nonsense"], "No such command 'nonsense'."),
    (["check", "now"], "Got unexpected extra argument (now)"),
    (["ledger"], "Missing command."),
    (["ledger", "nonsense"], "No such command 'nonsense'."),
    (["ledger", "reset"], f"Missing option '--source' (env var: '{twin('--source')}')."),
    (["--log.level"], "Option '--log.level' requires an argument."),
    (["--log.level", "warning"], invalid("--log.level", LEVEL)),
    (["check", "--log.format", "xml"], invalid("--log.format", FORM)),
    (["--web.listen-address", "localhost"], invalid("--web.listen-address", ADDRESS)),
    *((["--web.max-requests", text], invalid("--web.max-requests", COUNT)) for text in BAD_COUNTS),
    *((["--timeout-offset", text], invalid("--timeout-offset", SECONDS)) for text in BAD_SECONDS),
    *((["--web.external-url", text], invalid("--web.external-url", URL)) for text in BAD_URLS),
]


@pytest.mark.parametrize("arguments, message", FAULTS)
def test_a_bad_flag_is_told_in_one_line(arguments: list[str], message: str) -> None:
    """It names the flag, its variable and what is allowed; exit code 2, and nothing on stdout."""
    result = run(*arguments, env=KEY)
    assert result.stderr == f"presence-exporter: {message}{HINT}\n"
    assert (result.exit_code, result.stdout) == (2, "")


@pytest.mark.parametrize(
    "variable, text", [("DEMO", "maybe"), ("LOG_LEVEL", "loud"), ("TIMEOUT_OFFSET", "x")]
)
def test_a_bad_variable_is_told_with_its_name(variable: str, text: str) -> None:
    """Whoever set it may not know the flag."""
    result = run(env={f"PRESENCE_EXPORTER_{variable}": text})
    assert f"(env var: 'PRESENCE_EXPORTER_{variable}')" in result.stderr
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)


def raising(error: BaseException) -> Callable[[], NoReturn]:
    """A command that does nothing else."""

    def command() -> NoReturn:
        raise error

    return command


@pytest.mark.parametrize(
    "error, code, said",
    [
        (ConfigError("sources: is missing; a list"), 2, "presence-exporter: sources: is missing; a list\n"),
        (LedgerUnavailable("ledger: the disk is full"), 1, "presence-exporter: ledger: the disk is full\n"),
        (ListenError("cannot listen on :1: no"), 1, "presence-exporter: cannot listen on :1: no\n"),
        (click.ClickException("two\nlines"), 1, "presence-exporter: two lines\n"),
        (click.Abort(), 130, ""),
        (KeyboardInterrupt(), 130, "\n"),
    ],
)
def test_each_kind_of_fault_has_its_exit_code(error: BaseException, code: int, said: str) -> None:
    """One line each, whatever the text holds."""
    group = Commands("group", commands=[click.Command("fail", callback=raising(error))])
    result = CliRunner().invoke(group, ["fail"])
    assert (result.exit_code, result.stderr) == (code, said)


def test_a_bug_is_told_by_its_place_and_not_by_its_text() -> None:
    """The text of an error that nobody foresaw may hold a secret."""
    group = Commands("group", commands=[click.Command("fail", callback=raising(ValueError("canary")))])
    result = CliRunner().invoke(group, ["fail"])
    assert result.exit_code == 1
    assert result.stderr.startswith("presence-exporter: this is a bug; please report it: ValueError < ")
    assert "canary" not in result.output
    assert result.stderr.count("\n") == 1


def test_a_command_that_returns_nothing_leaves_with_zero() -> None:
    """As programs do."""
    group = Commands("group", commands=[click.Command("work", callback=lambda: None)])
    assert CliRunner().invoke(group, ["work"]).exit_code == 0


def test_the_log_flags_offer_what_the_log_knows() -> None:
    """All levels and forms, and no other."""
    choices = {
        parameter.name: parameter.type.choices
        for parameter in main.params
        if isinstance(parameter.type, click.Choice)
    }
    assert choices == {"log_level": tuple(LEVELS), "log_format": tuple(FORMATS)}
