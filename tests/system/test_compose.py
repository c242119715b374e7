"""The composition runs as processes, with the files that compose.yaml mounts: from vendors to an alert."""

from __future__ import annotations

import re
import subprocess
from functools import partial
from typing import TYPE_CHECKING, Final

import httpx
import pytest
import yaml

from tests.kit.hurried import ROUTES, RULES, hurried
from tests.programs import PROJECT, require_tool
from tests.system.composition import Composition, canonical, free_ports
from tests.system.processes import eventually
from tests.system.prometheus import PrometheusServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.system.postgresql import PostgresqlServer

pytestmark = pytest.mark.system

SCENARIO: Final = "oncall_empty"

CHANGES: Final = {
    # A scrape each 3 s instead of 15; what an alert waits for, a hundredth. No threshold and no window.
    "prometheus.yml": partial(hurried, keys={"scrape_interval", "evaluation_interval"}, factor=0.2),
    "presence.alerts.yml": partial(hurried, keys=RULES, factor=0.01),
    "presence.rules.yml": partial(hurried, keys=RULES, factor=0.05),
    "alertmanager.yml": partial(hurried, keys=ROUTES, factor=0.01),
}
"""Durations alone."""


def make_secrets(folder: Path) -> Path:
    """Run the command of docs/compose.md there; return where the files are."""
    document = (PROJECT / "docs" / "compose.md").read_text(encoding="utf-8")
    [command] = re.findall(r"```\n(mkdir -m 700 compose/secrets.*?)```", document, re.DOTALL)
    (folder / "compose").mkdir()
    shell = require_tool("sh", hint="every system has it")
    subprocess.run([shell, "-eu", "-c", command], cwd=folder, check=True, timeout=60)
    return folder / "compose" / "secrets"


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """The files of secrets."""
    return make_secrets(tmp_path)


@pytest.fixture
def database(postgresql: PostgresqlServer, secrets: Path) -> Iterator[str]:
    """What PostgreSQL's image makes at its first start: a user, with that password, and its database."""
    [user] = {service["environment"]["POSTGRES_USER"] for service in _databases()}
    [name] = {service["environment"]["POSTGRES_DB"] for service in _databases()}
    password = (secrets / "postgres-password").read_text(encoding="ascii").strip()
    assert re.fullmatch("[0-9a-f]{48}", password)
    with postgresql.connect() as connection:
        connection.execute(f"CREATE ROLE {user} LOGIN PASSWORD '{password}'".encode())
        connection.execute(f"CREATE DATABASE {name} OWNER {user}".encode())
    yield name
    with postgresql.connect() as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
        connection.execute(f"DROP ROLE {user}".encode())


def _databases() -> list[dict[str, dict[str, str]]]:
    services = yaml.safe_load((PROJECT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    return [services["postgres"]]


@pytest.fixture
def composition(
    tmp_path: Path, secrets: Path, database: str, postgresql: PostgresqlServer
) -> Iterator[Composition]:
    """All services but Grafana; nobody has started one yet."""
    model = canonical()
    # As `PRESENCE_SCENARIO=… docker compose up` would.
    model["services"]["simulate"]["environment"]["PRESENCE_EXPORTER_SCENARIO"] = SCENARIO
    made = Composition(
        model=model,
        folder=tmp_path / "run",
        secrets=secrets,
        ports=free_ports(p5432=postgresql.port),
        changes=CHANGES,
    )
    made.folder.mkdir()
    yield made
    made.stop()


def test_facts_flow_through_and_an_alert_arrives(
    composition: Composition, database: str, postgresql: PostgresqlServer
) -> None:
    """In order of health: vendors, exporter with its ledger, receiver, Alertmanager, Prometheus."""
    composition.start("prometheus")
    assert {*composition.running} == {"simulate", "exporter", "receiver", "alertmanager", "prometheus"}
    prometheus = PrometheusServer(composition.url("9090"), composition.running["prometheus"])

    up = prometheus.wait_for("presence_up == 1")
    assert {sample.labels["source"] for sample in up} == {"daily", "rocketchat"}
    assert {sample.labels["job"] for sample in up} == {"presence"}

    # The ledger has begun, and it is there.
    prometheus.wait_for("presence_ledger_watermark_timestamp_seconds > 0")
    with postgresql.connect(database) as connection:
        assert connection.execute("SELECT source FROM presence_source").fetchall() == [("daily",)]

    told = eventually(
        lambda: re.search(r"(?m)^pager: firing PresenceOnCallGroupEmpty .*$", composition.said("receiver")),
        what="the receiver is told that nobody is on call",
    )
    assert "group=oncall" in told[0]
    assert "severity=critical" in told[0]
    assert told[0].endswith(": Nobody of an on-call group is online")

    groups = prometheus.get("rules")["groups"]
    assert {group["file"].rpartition("/")[2] for group in groups} == {
        path.name for path in (PROJECT / "rules").glob("*.yml")
    }
    assert {rule["health"] for group in groups for rule in group["rules"]} <= {"ok", "unknown"}
    assert composition.stop() == dict.fromkeys(composition.running, 0)


def test_the_receiver_refuses_what_is_no_message(composition: Composition) -> None:
    """And goes on; it prints nothing that could pass for another line."""
    composition.start("receiver")
    url = composition.url("10460")
    labels = {"alertname": "A", "room": "x\nchat: firing B"}
    message = {"alerts": [{"status": "firing", "labels": labels, "annotations": {}}]}
    answers = [
        httpx.post(f"{url}/chat", content=content, timeout=60.0, trust_env=False).status_code
        for content in (b"", b"{", b"[]", b'{"alerts": [1]}', b'{"alerts": [{}]}')
    ]
    assert answers == [400] * len(answers)
    assert httpx.post(f"{url}/chat", json=message, timeout=60.0, trust_env=False).status_code == 200
    assert composition.said("receiver") == "chat: firing A room=x\\nchat: firing B: \n"
