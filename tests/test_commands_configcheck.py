"""`--config.check`, and where each command finds its configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.commandline import KEY, run

if TYPE_CHECKING:
    from pathlib import Path

GOOD = "sources: [{name: acme, kind: daily, api_key_env: ACME_KEY}]\n"
ACME = {"ACME_KEY": "a-made-up-key"}


def written(folder: Path, text: str) -> str:
    """The path of a file with that text, which only its owner may read."""
    path = folder / "presence.yml"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return str(path)


def test_a_good_file_is_said_to_be_good(tmp_path: Path) -> None:
    """With the names and kinds of its sources, on stdout."""
    result = run("--config.check", "--config.file", written(tmp_path, GOOD), env=ACME)
    assert result.stdout == "the configuration is good; sources: acme (daily)\n"
    assert (result.exit_code, result.stderr) == (0, "")


def test_the_environment_alone_will_do() -> None:
    """For either vendor, or both."""
    chat = {"ROCKETCHAT_URL": "https://c.test", "ROCKETCHAT_USER_ID": "u", "ROCKETCHAT_AUTH_TOKEN": "t"}
    result = run("--config.check", env=KEY | chat)
    assert result.stdout == "the configuration is good; sources: daily (daily), rocketchat (rocketchat)\n"
    assert result.exit_code == 0


def test_a_file_is_read_instead_of_the_environment(tmp_path: Path) -> None:
    """Even where the variables alone would be at fault."""
    env = ACME | {"DAILY_API_KEY": "one", "DAILY_API_KEY_FILE": "two"}
    result = run("--config.check", "--config.file", written(tmp_path, GOOD), env=env)
    assert result.stdout == "the configuration is good; sources: acme (daily)\n"


def test_the_demo_reads_neither() -> None:
    """Its sources say what they are by their names."""
    result = run("--config.check", "--demo", env={"DAILY_API_KEY": ""})
    assert result.stdout == (
        "the configuration is good; sources: demo-daily (daily), demo-rocketchat (rocketchat)\n"
    )


def test_what_should_be_better_is_told_beside_the_good_news(tmp_path: Path) -> None:
    """A warning is a line on stderr and no fault."""
    text = "sources: [{name: a, kind: daily, api_key_env: ACME_KEY, base_url: 'http://daily.test/v1'}]\n"
    result = run("--config.check", "--config.file", written(tmp_path, text), env=ACME)
    assert result.stderr == (
        "warning: sources[0].base_url: the credential crosses the network unencrypted to daily.test; "
        "use https://\n"
    )
    assert result.exit_code == 0


@pytest.mark.parametrize(
    "command", [(), ("check",), ("healthcheck",), ("ledger", "show"), ("ledger", "reset", "--source", "a")]
)
def test_it_does_the_same_with_any_command(command: tuple[str, ...]) -> None:
    """The command itself is not run."""
    result = run(*command, "--config.check", env=KEY)
    assert (result.exit_code, result.stdout) == (0, "the configuration is good; sources: daily (daily)\n")


@pytest.mark.parametrize("command", [(), ("check",), ("--config.check",)])
def test_no_source_at_all_tells_the_three_ways(command: tuple[str, ...]) -> None:
    """A file, variables, or the demo."""
    result = run(*command)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "presence-exporter: no source is configured; name a file with --config.file, "
        "or set DAILY_API_KEY or ROCKETCHAT_URL with ROCKETCHAT_USER_ID and ROCKETCHAT_AUTH_TOKEN, "
        "or try --demo, which needs no account\n"
    )


@pytest.mark.parametrize("command", [(), ("check",), ("--config.check",)])
@pytest.mark.parametrize(
    "text, message",
    [
        ("sources: []\n", "sources: "),
        ("sources: [{name: a, kind: daily}]\n", "sources[0].api_key: is missing; "),
        ("colect: {}\n", "colect: "),
        ("a: [\n", "this is not YAML"),
    ],
)
def test_a_fault_in_the_file_is_one_line_with_its_place(
    tmp_path: Path, command: tuple[str, ...], text: str, message: str
) -> None:
    """Whatever was to be done with it."""
    result = run(*command, "--config.file", written(tmp_path, text))
    assert message in result.stderr
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """With what is wanted of it."""
    path = tmp_path / "absent.yml"
    result = run("--config.check", "--config.file", str(path))
    assert result.stderr == (
        f"presence-exporter: {path}: does not exist; a readable YAML file in UTF-8, of at most 1 MiB\n"
    )
    assert result.exit_code == 2


@pytest.mark.parametrize("command", [(), ("check",), ("--config.check",)])
def test_the_demo_and_a_file_exclude_each_other(command: tuple[str, ...]) -> None:
    """Nobody shall take simulated figures for those of the file."""
    result = run(*command, "--demo", env={"PRESENCE_EXPORTER_CONFIG_FILE": "/etc/presence.yml"})
    assert result.stderr == (
        "presence-exporter: --demo and --config.file exclude each other: the demo has sources of its own\n"
    )
    assert result.exit_code == 2


@pytest.mark.parametrize("path", ["metrics", "", "/-/healthy", "/a b", "/a?b"])
def test_a_path_that_cannot_be_served_is_refused(path: str) -> None:
    """Before anything listens."""
    result = run("--config.check", "--web.telemetry-path", path, env=KEY)
    assert result.stderr == (
        f"presence-exporter: --web.telemetry-path: {path!r} is not a path to serve metrics at; "
        "write one like /metrics\n"
    )
    assert result.exit_code == 2


@pytest.mark.parametrize(
    "proxy", ["socks5://u:canary@proxy.test:1", "ftp://u:canary@proxy.test", "http://h:bad"]
)
def test_an_unusable_proxy_of_the_machine_is_a_fault_of_the_configuration(proxy: str) -> None:
    """It is told before the first scrape, and without its password."""
    result = run("--config.check", env={**KEY, "HTTPS_PROXY": proxy})
    assert result.stderr.startswith("presence-exporter: http.proxy: the proxy that the environment names ")
    assert "canary" not in result.output
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)


def test_the_web_configuration_file_is_checked_too(tmp_path: Path) -> None:
    """Its faults are told with its path, and what should be better after the configuration's own."""
    web = tmp_path / "web.yml"
    web.write_text("tls_server_config: {cert: x}")
    result = run("--config.check", "--web.config.file", str(web), env=KEY)
    assert result.stderr == (
        f"presence-exporter: {web}: tls_server_config.key_file: is missing; "
        "the path of a readable PEM file with a key, without password (or key)\n"
    )
    assert (result.exit_code, result.stdout) == (2, "")
    web.write_text("basic_auth_users: {a: $2b$04$......................0123456789012345678901234567890}")
    result = run("--config.check", "--web.config.file", str(web), env=KEY)
    assert result.stderr == (
        "warning: basic_auth_users: passwords cross the network unencrypted without tls_server_config\n"
    )
    assert (result.exit_code, result.stdout[:26]) == (0, "the configuration is good;")
