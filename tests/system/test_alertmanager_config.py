"""The Alertmanager examples are good for the versions that they name, and route as their page says."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.kit.alertpages import OVERVIEW, RUNBOOKS, read
from tests.kit.alertroutes import (
    CAN_WAIT,
    DOWN,
    EXAMPLE,
    FOLDER,
    FOLLOW,
    GONE,
    HELD_BACK,
    NAMES,
    RECEIVERS,
    ROCKETCHAT,
    SEVERITIES,
)
from tests.system.alertmanager import require_amtool

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.system

newer_and_older = pytest.mark.parametrize("debian", [False, True], ids=["0.34", "0.25"])


def amtool(*arguments: str | Path, debian: bool = False) -> subprocess.CompletedProcess[str]:
    """Run amtool; the caller looks at its exit status and words."""
    return subprocess.run(
        [require_amtool(debian=debian), *arguments], capture_output=True, text=True, timeout=60, check=False
    )


@newer_and_older
def test_the_example_is_good(debian: bool) -> None:
    """With its templates, for both ends of what users run."""
    ran = amtool("check-config", EXAMPLE, debian=debian)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1 templates" in ran.stdout


def test_the_example_for_rocketchat_is_good_for_newer_versions_alone() -> None:
    """The old one does not know the receiver, and says so."""
    newer = amtool("check-config", ROCKETCHAT)
    older = amtool("check-config", ROCKETCHAT, debian=True)

    assert newer.returncode == 0, newer.stdout + newer.stderr
    assert older.returncode == 1
    assert "field rocketchat_configs not found" in older.stdout


def test_the_two_examples_differ_in_the_chat_alone() -> None:
    """Routes, intervals, inhibition and the other receivers are the same."""
    one, other = (yaml.safe_load(file.read_text(encoding="utf-8")) for file in (EXAMPLE, ROCKETCHAT))
    chats = [config["receivers"].pop(1) for config in (one, other)]
    settings = [config.pop("global") for config in (one, other)]

    assert one == other
    assert [chat["name"] for chat in chats] == ["chat", "chat"]
    assert {key for each in settings for key in each if settings[0].get(key) != settings[1].get(key)} == {
        "slack_api_url_file",
        "rocketchat_api_url",
        "rocketchat_token_file",
        "rocketchat_token_id_file",
    }


@newer_and_older
@pytest.mark.parametrize("name", NAMES)
def test_each_alert_is_sent_by_its_severity(name: str, debian: bool) -> None:
    """To the receiver that the page says, and to no other."""
    severity = SEVERITIES[name]
    labels = [f"alertname={name}", "job=presence", "source=acme", f"severity={severity}"]
    route = ["config", "routes", "test", f"--config.file={EXAMPLE}"]
    ran = amtool(
        *route, f"--verify.receivers={RECEIVERS[severity]}", "service=presence", *labels, debian=debian
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("example", [EXAMPLE, ROCKETCHAT], ids=lambda path: path.stem)
@pytest.mark.parametrize(
    "receiver, labels",
    [
        ("pager", ["service=presence", "severity=critical"]),
        ("chat", ["service=presence", "severity=warning"]),
        ("mail", ["service=presence", "severity=info"]),
        ("chat", ["service=presence", "severity=page"]),
        ("chat", ["service=presence"]),
        ("mail", ["severity=critical"]),
    ],
)
def test_each_severity_has_its_receiver(receiver: str, labels: list[str], example: Path) -> None:
    """An unknown one is not lost, and what is not ours goes to the top."""
    route = ["config", "routes", "test", f"--config.file={example}"]
    ran = amtool(*route, f"--verify.receivers={receiver}", *labels)

    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_a_wrong_receiver_would_be_noticed() -> None:
    """So the tests above can fail."""
    route = ["config", "routes", "test", f"--config.file={EXAMPLE}"]
    ran = amtool(*route, "--verify.receivers=mail", "service=presence", "severity=critical")

    assert ran.returncode == 1


@newer_and_older
def test_the_snippets_of_the_pages_fit_into_the_example(debian: bool, tmp_path: Path) -> None:
    """Hours of work for one alert, and the route of a dead man's switch."""
    pages = [read(OVERVIEW), read(FOLDER / "README.md")]
    snippets = [block for page in pages for block in page.blocks("yaml") if "- matchers" in block]
    config = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    for snippet in snippets:
        config["route"]["routes"][0]["routes"][:0] = yaml.safe_load(snippet)
    config["receivers"].append({"name": "dead-mans-switch"})
    config["templates"] = [str(FOLDER / "templates" / "presence.tmpl")]
    file = tmp_path / "alertmanager.yml"
    file.write_text(json.dumps(config), encoding="utf-8")
    ran = amtool("check-config", file, debian=debian)

    assert len(snippets) == 2
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_no_secret_stands_in_the_examples() -> None:
    """Each is a file with an absolute path, since Alertmanager does not start at its own folder."""
    for example in (EXAMPLE, ROCKETCHAT):
        text = example.read_text(encoding="utf-8")
        files = re.findall(r"^ *-? *(\w+_file): (.*)$", text, re.MULTILINE)

        assert len(files) >= 3
        assert all(path.startswith("/etc/alertmanager/secrets/") for _, path in files)
        words = re.findall(r"(\w*(?:password|token|key|secret|webhook|url)\w*):", text)
        assert {word for word in words if not word.endswith("_file")} <= {"rocketchat_api_url"}


def table(head: str) -> list[list[str]]:
    """The rows of a table of the README."""
    text = read(FOLDER / "README.md").text
    lines = text.partition(head)[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_page_says_who_gets_what() -> None:
    """With the times of the example."""
    config = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))["route"]
    ours = config["routes"][0]
    for severity, receiver, when, again in table("| severity | receiver | when |")[:3]:
        name = severity.strip("`")
        [route] = [each for each in ours["routes"] if each["matchers"] == [f'severity="{name}"']]
        settings = config | route
        assert receiver.startswith(f"`{route['receiver']}`")
        assert "active_time_intervals" in route or when.startswith(f"after `{settings['group_wait']}`")
        assert again == f"after `{settings['repeat_interval']}`"


def test_what_may_be_told_by_its_cause_waits_for_that() -> None:
    """As long as the page says."""
    ours = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))["route"]["routes"][0]
    [[waiting]] = [route["routes"] for route in ours["routes"] if "routes" in route]
    [row] = [row for row in table("| severity | receiver | when |") if row[0] == "`warning`"]

    assert waiting["matchers"] == [f'alertname=~"{"|".join([DOWN, *FOLLOW])}"']
    assert re.findall(r"Presence\w+", row[2]) == [DOWN, *FOLLOW]
    assert f"after `{waiting['group_wait']}`" in row[2]


def test_the_page_says_what_holds_back_what() -> None:
    """As the tests below see it in a real server."""
    said: dict[str, set[str]] = {}
    for source, target, _ in table("| while this fires | these are not sent |"):
        held = NAMES if target.startswith("all others") else re.findall(r"Presence\w+", target)
        for name in re.findall(r"Presence\w+", source):
            said[name] = said.get(name, set()) | set(held) - {name}

    assert said == HELD_BACK


def test_no_alerts_hold_back_each_other() -> None:
    """Not in a circle either: so of any that fire, one is sent."""
    left = dict(HELD_BACK)
    while left:
        free = [name for name in left if not any(name in held for held in left.values())]
        assert free
        for name in free:
            del left[name]


def test_the_runbooks_say_what_holds_back_what() -> None:
    """A page names each alert that holds its own back for being its cause, or that it holds back for that."""
    for source, held in HELD_BACK.items():
        page = read(RUNBOOKS / f"{source}.md").text
        impact = page.partition("**Other alerts:**")[2].partition("## Diagnosis")[0]
        for target in held - set(CAN_WAIT) - set(NAMES if source == GONE else ()):
            named = target in impact or (source == "PresenceSwitchedOff" and target == "PresenceLedgerStuck")
            assert named, f"{source} does not say that {target} is held back"
