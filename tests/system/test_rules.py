"""The rules in the programs that read them: promtool and Prometheus, of today and the oldest that must do."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree as ET

import promql_parser as promql
import pytest
import yaml

from tests.campaigns import campaign
from tests.kit.promql import nodes
from tests.kit.rulefiles import ALERTS, FOLDER, RECORDS, TESTS, Rule, promtool_test, promtool_tests, rules
from tests.kit.rulemutants import mutants
from tests.programs import require_prometheus
from tests.system.processes import eventually

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta
    from pathlib import Path

    from tests.system.conftest import StartExporter, StartPrometheus

pytestmark = pytest.mark.system

each_version = pytest.mark.parametrize("version", [3, 2])

SERVER: Final = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [{folder}/presence.*.yml]
scrape_configs:
  - job_name: presence
    static_configs: [{{targets: ["{address}"]}}]
"""


def promtool(version: int, *arguments: str | Path, within: Path) -> subprocess.CompletedProcess[str]:
    """Run the promtool that comes with that Prometheus, in a folder."""
    program = require_prometheus(version).with_name("promtool")
    return subprocess.run(
        [program, *arguments], cwd=within, capture_output=True, text=True, timeout=300, check=False
    )


@each_version
def test_promtool_finds_nothing_to_say_of_the_rules(version: int) -> None:
    """Neither faults nor what it would warn of."""
    files = (ALERTS.name, RECORDS.name)
    ran = promtool(version, "check", "rules", "--lint=all", "--lint-fatal", *files, within=FOLDER)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = re.findall(r"SUCCESS: (\d+) rules found", ran.stdout)
    assert [int(number) for number in found] == [len(rules(ALERTS)), len(rules(RECORDS))]


def test_every_alert_and_every_record_does_what_its_tests_say(tmp_path: Path) -> None:
    """And all tests are run: one that promtool passes over in silence would be none."""
    report = tmp_path / "report.xml"
    arguments = (f"--junit={report}", *(file.name for file in TESTS))
    ran = promtool(3, "test", "rules", *arguments, within=TESTS[0].parent)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    cases = [case.get("name") for case in ET.parse(report).iter("testcase")]
    assert cases == [test["name"] for test in promtool_tests()]


def test_they_do_so_in_the_oldest_prometheus_too() -> None:
    """Whose promtool tells no more than whether the tests of a file have passed."""
    ran = promtool(2, "test", "rules", *(file.name for file in TESTS), within=TESTS[0].parent)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count("SUCCESS") == len(TESTS) > 0


@each_version
def test_prometheus_loads_and_evaluates_the_rules_over_the_real_page(
    version: int, exporter_process: StartExporter, prometheus_server: StartPrometheus, tmp_path: Path
) -> None:
    """Each without an error, and whatever one asks for is there; by the second here, to be done soon."""
    for file in (ALERTS, RECORDS):
        text = file.read_text(encoding="utf-8").replace("interval: 1m", "interval: 1s")
        (tmp_path / file.name).write_text(text, encoding="utf-8")
    exporter = exporter_process("--demo")
    server = prometheus_server(SERVER.format(folder=tmp_path, address=exporter.address), version=version)
    server.wait_for("job_source:presence_participants:max")

    def evaluated() -> dict[str, str]:
        loaded = [rule for group in server.get("rules")["groups"] for rule in group["rules"]]
        health = {rule["name"]: rule["health"] + rule.get("lastError", "") for rule in loaded}
        return {} if "unknown" in health.values() else health

    every = [*rules(ALERTS), *rules(RECORDS)]
    health = eventually(evaluated, what="every rule was evaluated")
    assert health == dict.fromkeys((rule.name for rule in every), "ok")
    asked = {str(node.expr) for rule in every for node in nodes(rule.expr) if node.series}
    for selector in asked:
        # What takes three quarters of an hour is not waited for.
        if "avg1h" not in selector:
            server.wait_for(selector)


def named(test: Mapping[str, Any]) -> set[str]:
    """The alerts that a test of promtool is about."""
    asked = [check["alertname"] for check in test.get("alert_rule_test", ())]
    asked += re.findall(r'alertname="(\w+)"', str(test.get("promql_expr_test", "")))
    return set(asked)


def broken(mutated: Mapping[str, Rule], folder: Path) -> set[str]:
    """Put those alerts in the place of the right ones, and return those of which a test complains.

    Each file of tests gets rules of its own, with no more alerts than it is about: several times as fast.
    """
    copies = []
    for file in TESTS:
        about = set[str]().union(*map(named, promtool_test(file)["tests"]))
        if about & mutated.keys():
            place = folder / file.name.partition(".")[0]
            (place / "tests").mkdir(parents=True)
            kept = [mutated.get(rule.name, rule).body for rule in rules(ALERTS) if rule.name in about]
            body = {"groups": [{"name": "alerts", "interval": "1m", "rules": kept}]}
            (place / ALERTS.name).write_text(yaml.safe_dump(body), encoding="utf-8")
            (place / RECORDS.name).write_bytes(RECORDS.read_bytes())
            copies.append(place / "tests" / file.name)
            copies[-1].write_bytes(file.read_bytes())
    ran = promtool(3, "test", "rules", *copies, within=folder)
    assert ran.returncode in {0, 1}, ran.stderr
    return set(re.findall(r'alertname(?:: |=\\?")(\w+)', ran.stdout + ran.stderr))


def faults() -> dict[str, list[tuple[str, Rule]]]:
    """Of each alert the faults that are tried."""
    steps: dict[str, timedelta] = {}
    for file in TESTS:
        content = promtool_test(file)
        step = promql.parse_duration(content["evaluation_interval"])
        for name in set[str]().union(*map(named, content["tests"])):
            steps[name] = max(step, steps.get(name, step))
    return {alert.name: list(mutants(alert, step=steps[alert.name])) for alert in rules(ALERTS)}


def in_turns(tried: Mapping[str, list[tuple[str, Rule]]]) -> list[dict[str, tuple[str, Rule]]]:
    """One fault of each alert that has one left, at a time."""
    longest = max(map(len, tried.values()))
    return [{name: each[turn] for name, each in tried.items() if turn < len(each)} for turn in range(longest)]


@pytest.mark.soak
def test_each_fault_in_an_alert_is_noticed(tmp_path: Path) -> None:
    """Its times, its limits, its comparisons, what it bridges and what it takes of replicas."""
    unnoticed = []
    turns = in_turns(faults())
    for turn, now in enumerate(turns[: campaign(sample=2, full=len(turns))]):
        complaints = broken({name: rule for name, (_, rule) in now.items()}, tmp_path / str(turn))
        assert complaints <= now.keys()
        unnoticed += [f"{name}: {now[name][0]}" for name in now.keys() - complaints]
    assert unnoticed == []


def test_nothing_is_noticed_where_nothing_is_wrong(tmp_path: Path) -> None:
    """So that a complaint is about the fault, and not about how it is looked for."""
    alert = rules(ALERTS)[0]
    assert broken({alert.name: alert}, tmp_path) == set()
