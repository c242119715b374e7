"""From a failing vendor to the message that somebody reads: every program on the way is the real one.

`simulate` plays the vendors, an exporter asks it, two Prometheus servers with our rules scrape the exporter,
and an Alertmanager with our example of a configuration sends to a webhook. A minute of waiting lasts 0.6 s
here, or less; everything else in the rules and the example is as it is delivered.
"""

from __future__ import annotations

import shutil
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import httpx
import pytest
import yaml

from tests.commandline import start_process
from tests.kit.hurried import ROUTES, RULES, hurried
from tests.programs import PROJECT
from tests.system.alertmanager import AlertmanagerServer, require_alertmanager, start_alertmanager
from tests.system.processes import eventually, free_port
from tests.system.webhook import Notice, Webhook, listening

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.system.conftest import ExporterProcess, StartExporter, StartPrometheus
    from tests.system.processes import Process
    from tests.system.prometheus import PrometheusServer

pytestmark = pytest.mark.system

FACTOR: Final = 0.01

SCRAPE: Final = """
global: {{scrape_interval: 2s, scrape_timeout: 2s, external_labels: {{replica: {replica}}}}}
rule_files: ["{rules}/*.yml"]
alerting:
  alert_relabel_configs: [{{action: labeldrop, regex: replica}}]
  alertmanagers: [{{static_configs: [{{targets: ["{alertmanager}"]}}]}}]
scrape_configs:
  - job_name: presence
    static_configs: [{{targets: ["{exporter}"]}}]
"""

RESEND: Final = "--rules.alert.resend-delay=10m"
"""An alert is sent when it begins and when it ends: a reminder by one server after the other has seen the end
would be a second message, which is Alertmanager's way and not what is looked at here."""


@dataclass(slots=True)
class Vendors:
    """`simulate` as a process, which comes back on the same port with other scenarios."""

    folder: Path
    port: int
    process: Process | None = None
    starts: int = 0

    def play(self, *scenarios: str) -> str:
        """Start anew in these scenarios; return the configuration file that it prints."""
        self.stop()
        self.starts += 1
        # Rocket.Chat allows ten calls a minute, and what fails is asked again at each scrape.
        flags = [part for name in ("unlimited", *scenarios) for part in ("--scenario", name)]
        self.process = start_process(
            "simulate",
            "--listen",
            f"127.0.0.1:{self.port}",
            *flags,
            folder=self.folder,
            name=f"simulate-{self.starts}",
        )
        return eventually(self._printed, what=f"simulate {scenarios} prints a configuration")

    def stop(self) -> None:
        """End it, if it runs."""
        if self.process is not None:
            self.process.stop()

    def _printed(self) -> str:
        assert self.process is not None
        _, head, rest = self.process.stderr.partition("sources:\n")
        return head + rest if rest.endswith("connections: true\n") else ""


@pytest.fixture
def vendors(tmp_path: Path) -> Iterator[Vendors]:
    """Both vendors, which nobody has started yet."""
    made = Vendors(tmp_path, free_port())
    yield made
    made.stop()


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    """Where all messages go."""
    with listening() as hearing:
        yield hearing


@pytest.fixture
def alertmanager(webhook: Webhook, tmp_path: Path) -> Iterator[AlertmanagerServer]:
    """Our example, whose receivers all are the webhook; each says by which name it was meant."""
    example = PROJECT / "alertmanager"
    text = (example / "alertmanager.yml").read_text(encoding="utf-8")
    text = hurried(text, keys=ROUTES - {"group_wait"}, factor=FACTOR)
    text = hurried(text, keys={"group_wait"}, factor=FACTOR / 5)
    config = yaml.safe_load(text)
    config["receivers"] = [
        {"name": receiver["name"], "webhook_configs": [{"url": webhook.url, "send_resolved": True}]}
        for receiver in config["receivers"]
    ]
    folder = tmp_path / "alertmanager"
    shutil.copytree(example / "templates", folder / "templates")
    running = start_alertmanager(require_alertmanager(), yaml.safe_dump(config), folder=folder)
    yield running
    running.process.stop()


@dataclass(frozen=True, slots=True)
class Exporter:
    """Starts exporters with one configuration on one port."""

    start: StartExporter
    config: Path
    port: int

    def run(self) -> ExporterProcess:
        """Start one, and have it ask once in peace: with a cold start the first answers may come late."""
        running = self.start("--config.file", str(self.config), port=self.port)
        assert httpx.get(f"{running.url}/metrics", timeout=60.0, trust_env=False).status_code == 200
        return running


@pytest.fixture
def exporter(exporter_process: StartExporter, tmp_path: Path) -> Exporter:
    """Nobody has started it yet, and its configuration is not written."""
    return Exporter(exporter_process, tmp_path / "presence.yml", free_port())


def test_each_failure_is_told_once_and_so_is_its_end(
    vendors: Vendors,
    exporter: Exporter,
    prometheus_server: StartPrometheus,
    alertmanager: AlertmanagerServer,
    webhook: Webhook,
    tmp_path: Path,
) -> None:
    """A vendor is down, nobody is on call, the exporter is killed: one message each, and one at its end."""
    config = vendors.play("daily:unavailable", "presence_disabled")
    exporter.config.write_text(f"collect: {{min_interval: 1s}}\n{config}", encoding="utf-8")
    exporter.config.chmod(0o600)
    running = exporter.run()
    scraping = {
        "rules": tmp_path / "rules",
        "alertmanager": alertmanager.address,
        "exporter": running.address,
    }
    servers = [prometheus_server(SCRAPE.format(replica=each, **scraping), flags=[RESEND]) for each in "ab"]
    _load_rules(tmp_path / "rules", servers)
    _must_tell_of_the_vendors(webhook, alertmanager)

    # They have recovered; now it is the people.
    vendors.play("oncall_empty", "person_alone")
    empty = webhook.wait_for("firing", "PresenceOnCallGroupEmpty", source="rocketchat", group="oncall")
    _must_be_whole(empty, severity="critical")
    _must_be_whole(webhook.wait_for("firing", "PresencePersonAlone", source="daily"), severity="warning")
    webhook.wait_for("resolved", "PresenceSwitchedOff", source="rocketchat")
    webhook.wait_for("resolved", "PresenceSourceDown", source="daily")

    running.process.popen.kill()
    _must_tell_only_that_nobody_knows(webhook, alertmanager)

    exporter.run()
    webhook.wait_for("resolved", "PresenceExporterGone")
    vendors.play("daily:nobody")
    webhook.wait_for("resolved", "PresenceOnCallGroupEmpty")
    webhook.wait_for("resolved", "PresencePersonAlone")
    _must_have_been_told_once(webhook)


def _load_rules(folder: Path, servers: Sequence[PrometheusServer]) -> None:
    """Have both servers take our rules once they scrape: targets are found after 5 s, hurried or not."""
    folder.mkdir()
    for file in (PROJECT / "rules").glob("*.yml"):
        text = hurried(file.read_text(encoding="utf-8"), keys=RULES, factor=FACTOR)
        (folder / file.name).write_text(text, encoding="utf-8")
    for server in servers:
        server.wait_for("up == 1")
        server.process.popen.send_signal(signal.SIGHUP)


def _must_tell_of_the_vendors(webhook: Webhook, alertmanager: AlertmanagerServer) -> None:
    """Of Rocket.Chat the cause is told, and what comes of it is held back."""
    _must_be_whole(webhook.wait_for("firing", "PresenceSourceDown", source="daily"), severity="warning")
    _must_be_whole(webhook.wait_for("firing", "PresenceSwitchedOff", source="rocketchat"), severity="warning")
    alertmanager.wait_for('alertname="PresenceSourceDown"', 'source="rocketchat"', state="suppressed")
    assert webhook.heard("PresenceSourceDown", source="rocketchat") == []


def _must_tell_only_that_nobody_knows(webhook: Webhook, alertmanager: AlertmanagerServer) -> None:
    """What was known is not told again."""
    _must_be_whole(webhook.wait_for("firing", "PresenceExporterGone"), severity="critical")
    for name in ("PresenceOnCallGroupEmpty", "PresencePersonAlone"):
        [held] = alertmanager.wait_for(f'alertname="{name}"', state="suppressed")
        assert held.inhibited
        assert [notice.status for notice in webhook.heard(name)] == ["firing"]


def _must_be_whole(notice: Notice, *, severity: str) -> None:
    """It says what, how bad, where from and what to do, and went to whom our example sends such ones."""
    name = notice.labels["alertname"]
    assert notice.receiver == {"critical": "pager", "warning": "chat"}[severity]
    assert notice.labels.items() >= {"severity": severity, "service": "presence", "job": "presence"}.items()
    assert "replica" not in notice.labels
    assert notice.annotations["runbook_url"] == f"https://presence-exporter.example.org/runbooks/{name}/"
    assert notice.annotations["dashboard_url"].startswith("https://grafana.example.org/d/presence-")
    assert notice.annotations["summary"]
    assert notice.annotations["description"]


def _must_have_been_told_once(webhook: Webhook) -> None:
    """Two servers saw each alert: it was told when it began and when it ended, and no other was."""
    told: dict[tuple[str, str], list[str]] = {}
    # In the hours of work also what is for information is sent, as of rooms that are always open.
    for notice in filter(lambda each: each.labels["severity"] != "info", webhook.notices):
        alert = notice.labels["alertname"], notice.labels.get("source", "")
        told.setdefault(alert, []).append(notice.status)
    once = ["firing", "resolved"]
    # When its cause had ended, the mean over five minutes, which is not hurried, had not yet.
    assert told.pop(("PresenceSourceDown", "rocketchat"), once) == once
    # What fails is asked again at each scrape, which is more often here than Rocket.Chat allows in a minute.
    told.pop(("PresenceRateLimited", "rocketchat"), None)
    assert told == {
        ("PresenceSourceDown", "daily"): once,
        ("PresenceSwitchedOff", "rocketchat"): once,
        ("PresenceOnCallGroupEmpty", "rocketchat"): once,
        ("PresencePersonAlone", "daily"): once,
        ("PresenceExporterGone", ""): once,
    }
