"""The vendors' documented bodies, served over real HTTP to the exporter, give the documented figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.programs import PROJECT
from tests.upstream import run_server

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.conftest import StartExporter

pytestmark = pytest.mark.system

EXAMPLES: Final = PROJECT / "tests" / "data" / "examples"
BODIES: Final = {
    "/presence": "daily-presence.json",
    "/rooms/w2pp2cf4kltgFACPKXmX/presence": "daily-room-presence.json",
    "/meetings": "daily-meeting-ongoing.json",
    "/api/v1/users.presence": "rocketchat-presence-full.json",
}
CONFIG: Final = """
sources:
  - {{name: domain, kind: daily, base_url: "{url}", api_key: k}}
  - name: room
    kind: daily
    base_url: {url}
    api_key: k
    presence: rooms
    meetings: false
    rooms: {{watch: [w2pp2cf4kltgFACPKXmX]}}
  - {{name: people, kind: rocketchat, base_url: "{url}", user_id: u, auth_token: t}}
  - {{name: bots-too, kind: rocketchat, base_url: "{url}", user_id: u, auth_token: t, exclude_ids: []}}
"""
DOCUMENTED: Final = {
    ("presence_participants", "domain", ""): 2,
    ("presence_room_participants", "domain", "my-room"): 2,
    ("presence_room_participants", "room", "w2pp2cf4kltgFACPKXmX"): 1,
    ("presence_meetings_ongoing", "domain", ""): 1,
    ("presence_users", "people", "online"): 1,
    ("presence_users", "bots-too", "online"): 2,
}


def test_the_documented_bodies_give_the_documented_figures(
    exporter_process: StartExporter, tmp_path: Path
) -> None:
    """Two in my-room, one in the room asked for, one ongoing meeting, two online of whom one is a bot."""
    file = tmp_path / "presence.yml"
    with run_server({path: (EXAMPLES / name).read_bytes() for path, name in BODIES.items()}) as vendors:
        file.write_text(CONFIG.format(url=vendors.url))
        file.chmod(0o600)
        exporter = exporter_process("--config.file", str(file))
        page = httpx.get(f"{exporter.url}/metrics", trust_env=False).text
        assert all(vendors.asked(path) for path in BODIES)
    shown = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            labels = sample.labels
            key = (sample.name, labels.get("source"), labels.get("room") or labels.get("status", ""))
            shown[key] = sample.value
    assert {key: shown[key] for key in DOCUMENTED} == DOCUMENTED
