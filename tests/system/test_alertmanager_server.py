"""A real Alertmanager with the example: what it sends, to whom, in which words, and what it holds back."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.kit.alertroutes import (
    CAN_WAIT,
    CAUSES,
    DOWN,
    EXAMPLE,
    FOLDER,
    FOLLOW,
    GONE,
    HELD_BACK,
    NAMES,
    SEVERITIES,
)
from tests.programs import PROJECT
from tests.system.alertmanager import (
    AlertmanagerServer,
    require_alertmanager,
    require_amtool,
    start_alertmanager,
)
from tests.system.processes import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

pytestmark = pytest.mark.system


class Sink(ThreadingHTTPServer):
    """Takes what the server sends to PagerDuty and the chat."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taker)
        self.taken: list[tuple[str, dict[str, Any]]] = []

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"

    def message(self, path: str, word: str) -> dict[str, Any]:
        """The first message to that path that has this word in it."""
        return eventually(
            lambda: next((body for at, body in self.taken if at == path and word in str(body)), None),
            what=f"a message to {path} about {word}",
        )


class Taker(BaseHTTPRequestHandler):
    """Answers as both do."""

    server: Sink

    def do_POST(self) -> None:
        """Keep the body."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append((self.path, json.loads(body)))
        self.send_response(202 if self.path == "/pager" else 200)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    """One for all tests of this file."""
    with Sink() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, sink: Sink) -> Iterator[AlertmanagerServer]:
    """Alertmanager 0.25 with the example, but for where it sends, and that it waits for nothing."""
    folder = tmp_path_factory.mktemp("alertmanager")
    (folder / "pagerduty-routing-key").write_text("a-made-up-key\n")
    (folder / "chat-webhook-url").write_text(f"{sink.url}/chat\n")
    (folder / "smtp-password").write_text("a-made-up-password\n")
    text = EXAMPLE.read_text(encoding="utf-8")
    text = text.replace("/etc/alertmanager/secrets/", f"{folder}/")
    text = text.replace("templates/presence.tmpl", str(FOLDER / "templates" / "presence.tmpl"))
    text = text.replace("smtp.example.org:587", "127.0.0.1:9")
    text = text.replace("\nglobal:\n", f"\nglobal:\n  pagerduty_url: {sink.url}/pager\n")
    text = re.sub(r"group_(wait|interval): \w+", r"group_\1: 1s", text)
    running = start_alertmanager(require_alertmanager(), text, folder=folder)
    yield running
    running.process.stop()


def alert(name: str, **labels: str) -> dict[str, str]:
    """The labels of an alert of ours; one that is empty is left out."""
    every = {"alertname": name, "service": "presence", "job": "presence", "source": "acme", **labels}
    return {"severity": SEVERITIES.get(name, "none")} | {key: each for key, each in every.items() if each}


NUMBERS: Final = count()


def held_back(server: AlertmanagerServer, *alerts: Mapping[str, str]) -> list[Mapping[str, str]]:
    """Those of these alerts that are not sent, once the server has looked at all of them."""
    server.post(*alerts)
    last = f"last-{next(NUMBERS)}"
    server.post(alert(GONE, job=last), alert(DOWN, job=last))
    server.wait_for(f'job="{last}"', f'alertname="{DOWN}"', state="suppressed")
    found = [each.labels for each in server.alerts() if each.inhibited]
    return [each for each in alerts if each in found]


def test_each_pair_of_alerts_is_held_back_as_the_page_says(server: AlertmanagerServer) -> None:
    """Of one job and source; each pair has a job of its own."""
    pairs = [(one, other) for one in NAMES for other in NAMES if one != other]
    every = [
        alert(name, job=f"{one}-{other}", source="pairs") for one, other in pairs for name in (one, other)
    ]
    held = {(each["job"], each["alertname"]) for each in held_back(server, *every)}

    assert held == {(job, b) for a, targets in HELD_BACK.items() for b in targets
                    for job in (f"{a}-{b}", f"{b}-{a}")}  # fmt: skip


def test_of_all_alerts_at_once_one_message_is_left(server: AlertmanagerServer) -> None:
    """That nobody answers; whatever else still fires is an echo."""
    every = [alert(name, job="all") for name in NAMES]

    assert held_back(server, *every) == [each for each in every if each["alertname"] != GONE]


def test_of_a_source_without_credential_one_message_is_left(server: AlertmanagerServer) -> None:
    """That the credential is refused, and not what follows from it."""
    every = [alert(name, job="refused") for name in ("PresenceAuthRefused", DOWN, *FOLLOW, *CAN_WAIT)]

    assert held_back(server, *every) == every[1:]


def test_what_is_known_of_people_is_sent_whatever_a_source_lacks(server: AlertmanagerServer) -> None:
    """One collector may be good while another one fails."""
    people = [alert(name, job="people") for name in ("PresenceOnCallGroupEmpty", "PresencePersonAlone")]

    assert held_back(server, *(alert(name, job="people") for name in (DOWN, *CAUSES)), *people) == [
        alert(DOWN, job="people")
    ]


def test_nothing_is_held_back_for_another_source_or_job(server: AlertmanagerServer) -> None:
    """Or for the alerts of somebody else."""
    others = [
        alert(DOWN, job="one", source="other"),
        alert(DOWN, job="two"),
        alert(GONE, job="three"),
        alert("Watchdog", job="three", service="else"),
    ]

    assert held_back(server, alert("PresenceAuthRefused", job="one"), *others) == []


@pytest.mark.parametrize("missing", ["job", "source"])
@pytest.mark.parametrize("source", [GONE, DOWN, *CAUSES, "PresenceStale"])
def test_a_label_that_both_lack_is_not_taken_for_equal(
    server: AlertmanagerServer, source: str, missing: str
) -> None:
    """But for PresenceExporterGone, which has no source and holds back all of its job."""
    job = "" if missing == "job" else f"lacking-{source}"
    alone = [
        alert(name, **{"job": job, missing: ""})
        for name in (source, *sorted(HELD_BACK[source] - {*HELD_BACK} - {source}))
    ]
    held = held_back(server, *alone)
    server.resolve(*alone)

    assert held == (alone[1:] if (source, missing) == (GONE, "source") else [])


def test_the_pager_and_the_chat_are_told_what_to_do(server: AlertmanagerServer, sink: Sink) -> None:
    """With the words of the rule, and the way to its runbook and to the dashboard."""
    annotations = {
        "summary": "It is so.",
        "description": "Look there.",
        "runbook_url": "https://runbooks.example.org/PresenceExample/",
        "dashboard_url": "https://grafana.example.org/d/x?var-source=<b>&var-job=y",
    }
    text = (
        "It is so.\nLook there.\nWhat to do: https://runbooks.example.org/PresenceExample/\n"
        "Dashboard: https://grafana.example.org/d/x?var-source=<b>&var-job=y"
    )
    paged = alert("Paged", source="words", severity="critical")
    told = [alert("Told", source="words", severity="warning", room=room) for room in ("a", "b")]
    server.post(paged, *told, annotations=annotations)

    pager = sink.message("/pager", "Paged")
    assert pager["routing_key"] == "a-made-up-key"
    assert pager["payload"]["summary"] == "[critical] Paged presence words"
    assert pager["payload"]["severity"] == "critical"
    assert pager["payload"]["custom_details"]["alerts"].strip() == text
    assert pager["payload"]["custom_details"]["runbook"] == annotations["runbook_url"]
    assert pager["payload"]["custom_details"]["dashboard"] == annotations["dashboard_url"]

    [chat] = sink.message("/chat", "Told presence words (2)")["attachments"]
    assert chat["title"] == "[warning] Told presence words (2)"
    assert chat["title_link"] == annotations["runbook_url"]
    assert chat["color"] == "warning"
    assert [part.strip() for part in chat["text"].split("It is so.")[1:]] == [text[10:]] * 2

    server.resolve(*told, annotations=annotations)
    [ended] = sink.message("/chat", "[resolved] Told")["attachments"]
    assert ended["color"] == "good"
    assert ended["text"].startswith("Resolved: It is so.")


@pytest.mark.parametrize("debian", [False, True], ids=["amtool of today", "amtool of Debian"])
def test_the_documented_command_silences_a_source_and_no_other(
    server: AlertmanagerServer, *, debian: bool
) -> None:
    """As docs/alerts.md has it, but for the address."""
    page = (PROJECT / "docs" / "alerts.md").read_text(encoding="utf-8")
    [documented] = [block for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL) if "silence" in block]
    amtool, address, *words = shlex.split(documented.replace("\\\n", ""))
    assert (amtool, address) == ("amtool", "--alertmanager.url=http://localhost:9093")
    ours = alert("PresencePersonAlone", source="acme", job=f"silenced-{debian}")
    other = alert("PresencePersonAlone", source="zenith", job=f"silenced-{debian}")
    server.post(ours, other)
    command = [str(require_amtool(debian=debian)), f"--alertmanager.url={server.url}"]

    said = subprocess.run([*command, *words], capture_output=True, text=True, timeout=60, check=True)

    try:
        [silenced] = server.wait_for(
            f'job="{ours["job"]}"', 'source="acme"', 'service="presence"', state="suppressed"
        )
        assert silenced.silenced
        assert [each.silenced for each in server.alerts(f'job="{ours["job"]}"', 'source="zenith"')] == [False]
    finally:
        subprocess.run([*command, "silence", "expire", said.stdout.strip()], timeout=60, check=True)
