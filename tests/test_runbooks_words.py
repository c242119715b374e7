"""What pages about alerts name exists: metrics, labels, commands, flags, keys, paths, log lines and links."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Final

import click
import promql_parser as promql
import pytest

from exporter.cli import main
from exporter.model import Reason
from exporter.sources import daily, rocketchat
from tests.commandline import leaves, parsed
from tests.configuration import rows_by_section
from tests.dashboardlint import known
from tests.kit.alertpages import OVERVIEW, RUNBOOKS, Page, anchors, read, recorded
from tests.kit.promql import nodes
from tests.programs import PROJECT, require_prometheus

PAGES: Final = [
    *map(read, sorted(RUNBOOKS.glob("*.md"))),
    read(OVERVIEW),
    read(PROJECT / "alertmanager" / "README.md"),
]
QUERIES: Final = [(page.path.stem, query) for page in PAGES for query in page.queries]

EVERYWHERE: Final = frozenset({"job", "instance", "le"})
"""Labels that Prometheus gives, and the ends of buckets."""

OTHERS: Final = ("promtool", "amtool", "curl")
"""Commands that are not ours."""

each_page = pytest.mark.parametrize("page", PAGES, ids=[page.path.stem for page in PAGES])
each_query = pytest.mark.parametrize("query", [query for _, query in QUERIES])


def test_every_runbook_has_a_query() -> None:
    """The index and the pages on how alerts are sent need none."""
    assert len({name for name, _ in QUERIES}) == len(list(RUNBOOKS.glob("*.md"))) - 1


@each_query
def test_a_query_asks_for_what_there_is(query: str) -> None:
    """Our metrics, with labels that they have, our records, or what Prometheus and the library know."""
    labels: set[str] = set(EVERYWHERE)
    for node in nodes(query):
        if node.series is None or node.series in recorded():
            labels |= {"source"} if node.series else set()
            continue
        foreign = node.series in known.PROMETHEUS_OWN or node.series.startswith(known.FOREIGN_PREFIXES)
        assert foreign or known.family(node.series), node.series
        assert node.labels <= known.labels(node.series) | EVERYWHERE
        labels |= known.labels(node.series)

    assert {label for node in nodes(query) for label in node.labels} <= labels


@each_query
def test_a_query_makes_no_number_of_nothing(query: str) -> None:
    """What is absent stays so."""
    for node in nodes(query):
        if isinstance(node.expr, promql.Call):
            assert node.expr.func.name not in {"vector", "scalar", "absent", "absent_over_time"}


@each_query
def test_a_query_counts_facts_once(query: str) -> None:
    """Replicas show the same facts: none is summed."""
    for node in nodes(query):
        if node.series and known.is_fact(node.series):
            assert [str(each.op) for each in node.aggregations if str(each.op) in {"sum", "avg"}] == []


@each_query
def test_a_counter_stands_in_a_rate_and_a_gauge_does_not(query: str) -> None:
    """A total since the start of a process says little at night."""
    for node in nodes(query):
        if node.series and not node.series.startswith(known.FOREIGN_PREFIXES):
            rated = {"rate", "increase"} & set(node.functions)
            assert bool(rated) == known.is_counted(node.series)


@each_page
def test_the_command_lines_are_understood(page: Page) -> None:
    """Each that is ours, with its flags, in a block or in a sentence."""
    blocks = [block.replace("\\\n", " ") for block in page.blocks("sh")]
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    lines += re.findall(r"`(presence-exporter [^`]+)`", page.prose)
    for line in filter(None, lines):
        program, *words = shlex.split(line)
        assert program in {"presence-exporter", *OTHERS}
        if program == "presence-exporter" and "--version" not in words:
            parsed(*words)


@each_page
def test_the_flags_in_sentences_exist(page: Page) -> None:
    """Of some command of ours."""
    every = {
        name
        for command in (main, *leaves().values())
        for option in command.params
        if isinstance(option, click.Option)
        for name in option.opts
    }
    said = set(re.findall(r"`(--[\w.-]+)", page.prose))

    assert said <= every


@each_page
def test_the_keys_of_the_configuration_exist(page: Page) -> None:
    """As `ledger.catch_up`, or with a value, as `meetings: false`."""
    sections = {section.rpartition(".")[2]: rows for section, rows in rows_by_section().items()}
    keys = {f"{section}.{row.name}" for section, rows in sections.items() for row in rows}
    names = {row.name for rows in sections.values() for row in rows}
    said = re.findall(r"`((?:collect|ledger|rooms|http)\.(?!db)\w+)`", page.prose)

    assert set(said) <= keys
    assert set(re.findall(r"`(presence|meetings|connections|exemplars): \w+`", page.prose)) <= names


@each_page
def test_the_paths_of_the_exporter_exist(page: Page) -> None:
    """Those that are asked by `curl`, and those in sentences."""
    table = (PROJECT / "docs" / "http.md").read_text(encoding="utf-8")
    paths = set(re.findall(r"^\| `(/[^`]*)` \| [A-Z]", table, re.MULTILINE))
    said = {*re.findall(r"localhost:10458(/[^\s'?]*)", page.text), *re.findall(r"`(/[\w/-]*)`", page.prose)}

    assert said <= paths


@each_page
def test_the_lines_of_the_log_exist(page: Page) -> None:
    """Word for word, as `event="collector failed"`."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in (PROJECT / "exporter").rglob("*.py"))
    for quoted, bare in re.findall(r'event=(?:"([^"]+)"|(\w+))', page.prose):
        assert re.search(rf'log\.\w+\(\s*"{re.escape(quoted or bare)}"', source), quoted or bare


@each_page
def test_the_metrics_and_reasons_in_sentences_exist(page: Page) -> None:
    """Whole names in backquotes, and reasons where they are said to be one."""
    said = set(re.findall(r"`(presence_[a-z_]+)(?:\{[^`]*)?`", page.prose)) - {"presence_disabled"}
    assert {name for name in said if known.family(name) is None} == set()

    reasons = re.findall(r"reason[= ]`?(\w+)`", page.prose)
    assert set(reasons) <= {str(reason) for reason in Reason}


def test_the_fields_that_can_drift_are_explained() -> None:
    """All of both vendors, and no other."""
    page = read(RUNBOOKS / "PresenceSchemaDrift.md").text
    said = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)

    assert said == [*daily.DailySource.drift_fields, *rocketchat.RocketChatSource.drift_fields]


@each_page
def test_the_links_lead_somewhere(page: Page) -> None:
    """To a file or folder of the project, at a heading where one is named; or to another site."""
    for link in page.links:
        if link.startswith("https://"):
            continue
        name, _, anchor = link.partition("#")
        target = (page.path.parent / name).resolve() if name else page.path
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.system
@pytest.mark.parametrize("version", [3, 2])
def test_the_queries_are_understood_by_prometheus(version: int, tmp_path: Path) -> None:
    """Both ends of what users run; as the expressions of rules."""
    rules = [{"record": f"example:{number}", "expr": query} for number, (_, query) in enumerate(QUERIES)]
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "examples", "rules": rules}]}))
    tool = require_prometheus(version).with_name("promtool")
    ran = subprocess.run(
        [tool, "check", "rules", "--lint=none", file], capture_output=True, text=True, timeout=60, check=False
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"{len(rules)} rules found" in ran.stdout
