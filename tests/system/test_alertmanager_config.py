"""The Alertmanager examples: both versions read them, and a real server sends and holds back as they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.system.alertmanager import AlertmanagerServer, require_alertmanager, start_alertmanager

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.system

NOWHERE = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AlertmanagerServer]:
    """One server for all tests of this file; each takes a job of its own."""
    folder = tmp_path_factory.mktemp("alertmanager")
    running = start_alertmanager(require_alertmanager(), NOWHERE, folder=folder)
    yield running
    running.process.stop()


def test_an_alert_comes_and_goes(server: AlertmanagerServer) -> None:
    """What is posted fires at once, and is gone once it is resolved."""
    alert = {"alertname": "Comes", "job": "comes"}
    server.post(alert, annotations={"summary": "It comes."})
    [found] = server.wait_for('job="comes"')
    assert (found.name, found.annotations, found.receivers) == (
        "Comes",
        {"summary": "It comes."},
        ("nobody",),
    )
    assert (found.inhibited, found.silenced) == (False, False)

    server.resolve(alert)
    assert server.alerts('job="comes"') == []
