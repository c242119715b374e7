"""A real Alertmanager and what tests ask it over its API v2.

Knows the server's own API only; which configuration it runs, and who gets its messages, is the test's
business.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx

from tests.programs import TOOLS, require_tool
from tests.system.processes import Process, eventually, free_port, start

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

DEBIAN = "prometheus-alertmanager"
"""What Debian calls the server, since `alertmanager` is another package's name there."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert as the server has it; `receivers` get it unless it is `inhibited` or `silenced`."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    state: str
    receivers: tuple[str, ...]
    inhibited: bool
    silenced: bool

    @property
    def name(self) -> str:
        """Its `alertname`."""
        return self.labels["alertname"]


@dataclass(frozen=True, slots=True)
class AlertmanagerServer:
    """A running server; its data lives in a folder of the test."""

    url: str
    process: Process

    @property
    def address(self) -> str:
        """Its host and port, as a target of Prometheus's `alertmanagers`."""
        return self.url.removeprefix("http://")

    def post(
        self,
        *alerts: Mapping[str, str],
        annotations: Mapping[str, str] | None = None,
        lasting: timedelta = timedelta(hours=1),
    ) -> None:
        """Tell it of alerts by their labels; each fires for `lasting`, or has ended if that is negative."""
        now = datetime.now(UTC)
        ends = now + lasting
        body = [
            {
                "labels": dict(labels),
                "annotations": dict(annotations or {}),
                "startsAt": (min(now, ends) - timedelta(minutes=1)).isoformat(),
                "endsAt": ends.isoformat(),
            }
            for labels in alerts
        ]
        answer = httpx.post(f"{self.url}/api/v2/alerts", json=body, timeout=60.0, trust_env=False)
        assert answer.status_code == 200, answer.text

    def resolve(self, *alerts: Mapping[str, str], annotations: Mapping[str, str] | None = None) -> None:
        """Tell it that these have ended."""
        self.post(*alerts, annotations=annotations, lasting=timedelta(seconds=-1))

    def alerts(self, *matchers: str) -> list[Alert]:
        """Return what fires, inhibited and silenced alerts too; `matchers` as `service="presence"`."""
        return [_alert(each) for each in self.get("alerts", filter=list(matchers))]

    def wait_for(self, *matchers: str, state: str = "active", seconds: float = 60.0) -> list[Alert]:
        """Return the alerts that match once there is one, and all of them are `state` (or `suppressed`)."""

        def settled() -> list[Alert]:
            found = self.alerts(*matchers)
            return found if all(alert.state == state for alert in found) else []

        return eventually(settled, what=f"alerts {matchers} are {state}", seconds=seconds)

    def get(self, path: str, **parameters: Any) -> Any:
        """Return the body of an API call below /api/v2."""
        answer = httpx.get(f"{self.url}/api/v2/{path}", params=parameters, timeout=60.0, trust_env=False)
        assert answer.status_code == 200, answer.text
        return answer.json()


def require_alertmanager(*, tools: Path = TOOLS, environment: Mapping[str, str] = os.environ) -> Path:
    """Return Debian's Alertmanager server (0.25), or skip (laptop) or fail (CI) the test that asks."""
    return require_tool(DEBIAN, tools=tools, environment=environment, hint=f"Debian's package `{DEBIAN}`")


def require_amtool(
    *, debian: bool = False, tools: Path = TOOLS, environment: Mapping[str, str] = os.environ
) -> Path:
    """Return amtool as `make tools` built it (0.34), or Debian's (0.25); skip or fail where it is absent."""
    if debian:
        hint = f"Debian's package `{DEBIAN}`"
        return require_tool("amtool", tools=tools / "none", environment=environment, hint=hint)
    return require_tool("amtool", tools=tools, environment={**environment, "PATH": ""})


def start_alertmanager(
    program: Path, config_text: str, *, folder: Path, flags: Sequence[str] = ()
) -> AlertmanagerServer:
    """Start `program` with that configuration on a free loopback port and wait until it is ready.

    It is alone (no cluster) and keeps its data in `folder`, from which relative paths of the configuration
    start too.
    """
    folder.mkdir(exist_ok=True)
    config = folder / "alertmanager.yml"
    config.write_text(config_text, encoding="utf-8")
    address = f"127.0.0.1:{free_port()}"
    command: list[str | Path] = [
        program,
        f"--config.file={config}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
        *flags,
    ]
    process = start(command, log=folder / "alertmanager.log")
    try:
        process.wait_until_answers(f"http://{address}/-/ready")
    except BaseException:
        process.stop()
        raise
    return AlertmanagerServer(f"http://{address}", process)


def _alert(body: Mapping[str, Any]) -> Alert:
    status = body["status"]
    return Alert(
        labels=body["labels"],
        annotations=body["annotations"],
        state=status["state"],
        receivers=tuple(receiver["name"] for receiver in body["receivers"]),
        inhibited=bool(status["inhibitedBy"]),
        silenced=bool(status["silencedBy"]),
    )
