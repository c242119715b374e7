"""Each alert has its runbook, which says what the rule says; docs/alerts.md lists them all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import promql_parser as promql
import pytest
import yaml

from exporter.commands.simulate.scenarios import check_scenario
from tests.kit.alertpages import INDEX, OVERVIEW, RUNBOOKS, Alert, Page, alerts, read
from tests.kit.promql import nodes
from tests.programs import PROJECT

ALERTS: Final = alerts()
NAMES: Final = [alert.name for alert in ALERTS]

HEADINGS: Final = ("## Meaning", "## Impact", "## Diagnosis", "## Mitigation")

each_alert = pytest.mark.parametrize("alert", ALERTS, ids=NAMES)


def table(page: Page, head: str) -> list[list[str]]:
    """The rows of the table with that head; a bar in a cell is written `\\|`."""
    lines = page.text.partition(head)[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in lines]


def overview() -> dict[str, list[str]]:
    """Of each alert in the big table: severity, after, fires when, tune."""
    return {
        name: [page, *rest]
        for cell, *rest in table(read(OVERVIEW), "| alert | severity | after |")
        for name, page in re.findall(r"^\[(\w+)\]\((\S+)\)$", cell)
    }


def knobs(alert: Alert) -> list[str]:
    """The values that the table says are to be tuned."""
    return re.findall(r"`([^`]+)`", re.sub(r"`(ledger\.|lone_)\w+`", "", overview()[alert.name][-1]))


def windows(alert: Alert) -> Iterator[str]:
    """Over how long the expression looks; bridging lost scrapes and records apart."""
    for node in nodes(alert.expr):
        if isinstance(node.expr, promql.MatrixSelector) and node.functions[-1] != "last_over_time":
            yield promql.display_duration(node.expr.range)


def test_each_alert_has_its_page_and_each_page_its_alert() -> None:
    """The index apart."""
    assert {path.stem for path in RUNBOOKS.iterdir()} - {INDEX.stem} == set(NAMES)


def test_the_index_lists_them_in_the_order_of_triage() -> None:
    """Each with a link to its page, and a word about it."""
    rows = table(read(INDEX), "| alert | in a word |")
    assert [(name, bool(word)) for name, word in rows] == [(f"[{each}]({each}.md)", True) for each in NAMES]


@each_alert
def test_a_page_has_its_parts_in_order(alert: Alert) -> None:
    """What is true and what is not known first, then the four parts, each with something in it."""
    page = read(alert.page)

    assert page.headings == [f"# {alert.name}", *HEADINGS]
    assert re.match(r"# \w+\n\n\*\*True:\*\*\s\S[^#]*?\s\*\*Not\sknown:\*\*\s\S", page.text)
    assert all(part.strip() for part in re.split(r"^## .*$", page.text, flags=re.MULTILINE))
    assert "**Other alerts:** " in page.text.partition("## Impact")[2].partition("## Diagnosis")[0]


@each_alert
def test_a_page_is_short(alert: Alert) -> None:
    """For somebody who has just been woken."""
    assert len(read(alert.page).text.splitlines()) <= 70


@each_alert
def test_a_page_says_severity_and_times_of_its_rule(alert: Alert) -> None:
    """In one line of its own."""
    said = f"Severity `{alert.severity}`, after `{alert.after}`; stays `{alert.stays}`"
    assert f"{said} after its condition has ended." in read(alert.page).text.splitlines()


@each_alert
def test_a_page_says_the_limits_of_its_rule(alert: Alert) -> None:
    """What can be tuned, and over how long the expression looks, where it explains its meaning."""
    meaning = read(alert.page).text.partition("## Meaning")[2].partition("## Impact")[0]
    said = re.findall(r"`([^`]+)`", meaning)

    assert {*knobs(alert), *windows(alert)} <= set(said)


def test_the_overview_lists_every_alert_with_severity_and_time() -> None:
    """In the order of the rules, which is that of triage, with a link to the runbook."""
    assert [(name, *row[:3]) for name, row in overview().items()] == [
        (each.name, f"runbooks/{each.name}.md", each.severity, f"`{each.after}`") for each in ALERTS
    ]
    assert all(row[3] for row in overview().values())


@each_alert
def test_what_can_be_tuned_stands_once_in_the_expression(alert: Alert) -> None:
    """As the table has it; the job is in two selectors."""
    for knob in knobs(alert):
        stands = re.findall(rf"(?<![\w.]){re.escape(knob)}(?![\w.])", alert.expr)
        assert len(stands) == (2 if knob == "presence" else 1), knob


def test_every_alert_can_be_tried_or_is_said_not_to() -> None:
    """By scenarios that `simulate` has."""
    rows = table(read(OVERVIEW), "| alert | how |")
    assert [name for name, _ in rows] == NAMES

    scenarios = re.findall(r"--scenario ([\w:]+)", read(OVERVIEW).text)
    assert len(scenarios) >= 11
    for scenario in scenarios:
        check_scenario(scenario)


def test_the_files_that_are_loaded_are_those_there_are() -> None:
    """As the example for Prometheus names them."""
    [example] = [block for block in read(OVERVIEW).blocks("yaml") if "rule_files" in block]

    assert all((PROJECT / "rules" / name).is_file() for name in yaml.safe_load(example)["rule_files"])
