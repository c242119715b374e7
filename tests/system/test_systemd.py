"""The units of systemd: taken without a word, of few rights, and started by a socket as systemd would."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from exporter.cli import main
from tests.commandline import process_environment, run
from tests.programs import PROJECT, require_tool
from tests.system.processes import eventually, free_port, start

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.system

FOLDER: Final = PROJECT / "systemd"
SERVICE: Final = (FOLDER / "presence-exporter.service").read_text(encoding="utf-8")
SOCKET: Final = (FOLDER / "presence-exporter.socket").read_text(encoding="utf-8")
DOCUMENT: Final = (PROJECT / "docs" / "systemd.md").read_text(encoding="utf-8")
INSTALLED: Final = "/opt/presence-exporter/bin/presence-exporter"
CREDENTIALS: Final = "/run/credentials/presence-exporter.service"
HERE: Final = Path(sys.executable).with_name("presence-exporter")

MOST: Final = 20
"""The highest score, in tenths: 0 is a service that may do nothing, 100 one that may do all."""


def analyze(*arguments: str | Path, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """What systemd-analyze says; it asks no running systemd."""
    program = require_tool("systemd-analyze", hint="Debian's package `systemd`")
    return subprocess.run(
        [program, "--no-pager", *arguments],
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def settings(unit: str, name: str) -> list[str]:
    """Every value of a setting, in its order."""
    return re.findall(rf"(?m)^{name}=(.*)$", unit)


def verified(folder: Path, *, service: str = SERVICE) -> subprocess.CompletedProcess[str]:
    """What is said of the units where the program and its manual page are installed."""
    pages = folder / "man" / "man1"
    pages.mkdir(parents=True)
    (pages / "presence-exporter.1").write_bytes((PROJECT / "man" / "presence-exporter.1").read_bytes())
    unit, socket = folder / "presence-exporter.service", folder / "presence-exporter.socket"
    unit.write_text(service.replace(INSTALLED, str(HERE)), encoding="utf-8")
    socket.write_text(SOCKET, encoding="utf-8")
    return analyze("verify", "--man=yes", unit, socket, env={"MANPATH": str(folder / "man")})


def test_systemd_takes_the_units_without_a_word(tmp_path: Path) -> None:
    """Every setting is known, the program can be run, the manual page is there."""
    ran = verified(tmp_path)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


@pytest.mark.parametrize(
    "right, wrong",
    [
        ("ProtectClock=", "ProtectClocks="),
        ("ProtectSystem=strict", "ProtectSystem=very"),
        (INSTALLED, "/opt/presence-exporter/bin/absent"),
        ("man:presence-exporter(1)", "man:presence-exporters(1)"),
    ],
)
def test_systemd_would_complain(right: str, wrong: str, tmp_path: Path) -> None:
    """Of a setting, a value, a program or a page that there is not."""
    ran = verified(tmp_path, service=SERVICE.replace(right, wrong))
    assert ran.stderr


def test_the_service_has_few_rights() -> None:
    """At most 2.0 of 10, and about what is documented: versions of systemd weigh a little differently."""
    unit = FOLDER / "presence-exporter.service"
    ran = analyze("security", "--offline=yes", f"--threshold={MOST}", unit)
    score = re.search(r"Overall exposure level for \S+: (\d+\.\d)", ran.stdout)
    documented = re.search(r"`systemd-analyze security` gives it (\d\.\d) ", DOCUMENT)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert score
    assert documented
    assert float(score[1]) == pytest.approx(float(documented[1]), abs=0.3)


def test_a_service_with_more_rights_would_fail(tmp_path: Path) -> None:
    """Without the user, the capabilities and the filter."""
    unit = tmp_path / "presence-exporter.service"
    loose = re.sub(r"(?m)^(DynamicUser|CapabilityBoundingSet|SystemCallFilter)=.*\n", "", SERVICE)
    unit.write_text(loose, encoding="utf-8")
    assert analyze("security", "--offline=yes", f"--threshold={MOST}", unit).returncode == 1


def test_the_exporter_is_started_by_a_connection_and_answers_it(tmp_path: Path) -> None:
    """With the flags of the unit; it lives on after SIGHUP and ends with 0."""
    program = require_tool("systemd-socket-activate", hint="Debian's package `systemd`")
    [command] = settings(SERVICE, "ExecStart")
    flags = shlex.split(command.removeprefix(INSTALLED))
    assert flags == ["--web.systemd-socket"]
    address = f"127.0.0.1:{free_port()}"
    activator: list[str | Path] = [program, "--listen", address, HERE, *flags, "--demo"]
    process = start(activator, log=tmp_path / "log", env=process_environment(None))
    try:
        eventually(lambda: "Listening on" in process.stderr, what="systemd listens")
        assert "event=starting" not in process.stderr
        page = httpx.get(f"http://{address}/metrics", timeout=60.0, trust_env=False).text
        process.popen.send_signal(signal.SIGHUP)
        eventually(lambda: "reload" in process.stderr, what="the exporter hears SIGHUP")
        process.wait_until_answers(f"http://{address}/-/ready")
    finally:
        status = process.stop()
    families = {family.name: family for family in text_string_to_metric_families(page)}
    assert {sample.value for sample in families["presence_up"].samples} == {1.0}
    assert status == 0
    assert f"event=listening address={address}" in process.stderr


def test_a_reload_and_an_end_are_what_the_exporter_understands() -> None:
    """SIGHUP reads the configuration again; exit code 2 is not tried again; SIGTERM has its time."""
    assert settings(SERVICE, "ExecReload") == ["/bin/kill -HUP $MAINPID"]
    assert settings(SERVICE, "RestartPreventExitStatus") == ["2"]
    assert settings(SERVICE, "TimeoutStopSec") == ["15s"]
    assert not settings(SERVICE, "KillSignal")


def test_every_variable_of_the_units_is_a_flag() -> None:
    """Those that the service sets, and those that the file for flags shows."""
    twins = {str(parameter.envvar) for parameter in main.params if parameter.envvar}
    shown = re.findall(r"(?m)^#?(PRESENCE_\w+)=", (FOLDER / "presence-exporter.default").read_text("utf-8"))
    set_here = [value.partition("=")[0] for value in settings(SERVICE, "Environment")]
    assert len(shown) == 4
    assert {*shown, *set_here, *re.findall(r"PRESENCE_EXPORTER_[A-Z_]+", DOCUMENT)} <= twins


def test_every_credential_is_documented_under_its_two_names() -> None:
    """What the configuration calls it, and what it is called on disk."""
    loaded = dict(value.split(":") for value in settings(SERVICE, "LoadCredential"))
    table = re.findall(r"(?m)^\| `([\w-]+)`.* \| `(presence-exporter\.[\w-]+)` \|$", DOCUMENT)
    assert dict(table) == loaded


def test_the_documented_configuration_is_good(tmp_path: Path) -> None:
    """With the credentials that the service loads, and no other."""
    [text] = [each for each in re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL) if "sources:" in each]
    for value in settings(SERVICE, "LoadCredential"):
        secret = tmp_path / value.split(":")[0]
        secret.write_text("made-up", encoding="utf-8")
        secret.chmod(0o400)
    config = tmp_path / "config.yml"
    config.write_text(text.replace(CREDENTIALS, str(tmp_path)), encoding="utf-8")
    ran = run("--config.file", str(config), "--config.check")
    assert (ran.exit_code, "warn" in ran.output) == (0, False), ran.output
    state = settings(SERVICE, "WorkingDirectory")
    assert yaml.safe_load(text)["ledger"]["url"].startswith(f"sqlite:///{state[0]}/")


def test_every_file_that_the_document_installs_is_there() -> None:
    """From the checkout, each by its path."""
    named = re.findall(r"(?<![\w/.])((?:systemd|man|completions|requirements)/[\w.-]+)", DOCUMENT)
    assert {*named} >= {"systemd/presence-exporter.service", "systemd/presence-exporter.socket"}
    assert [name for name in named if not (PROJECT / name).is_file()] == []
