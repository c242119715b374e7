"""The queries of the reference: each asks well for what there is, and every metric has one."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from exporter.metrics.catalogue import FAMILIES, Family
from tests.dashboardlint.known import PARTS
from tests.kit.promql import Node, grouping, nodes
from tests.programs import require_tool
from tools.reference.__main__ import PAGE
from tools.reference.families import families
from tools.reference.metrics import WORDS, words

SERIES = {
    family.name + suffix: family for family in families().values() for suffix in PARTS.get(family.type, ("",))
}
FACTS = {family.name for family in FAMILIES}

OF_COUNTERS = {"rate", "increase"}
OF_GAUGES_OVER_TIME = {"max_over_time", "min_over_time", "avg_over_time"}
BY_PROMETHEUS = {"job", "instance"}


def recipes() -> list[str]:
    """The queries of the section of that name, each on a line."""
    section = PAGE.read_text(encoding="utf-8").partition("## Queries\n")[2].partition("\n## ")[0]
    [block] = re.findall(r"^```promql\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    whole = re.sub(r"\n +", " ", block)
    return [line for line in whole.splitlines() if line and not line.startswith("#")]


EXAMPLES = {name: said.query for name, said in words(WORDS.read_bytes()).metrics.items()}
QUERIES = [*EXAMPLES.values(), *recipes()]
every_query = pytest.mark.parametrize("query", QUERIES)


def selected(query: str) -> list[tuple[Node, Family]]:
    """The series that a query asks for, with their families."""
    return [(node, SERIES[node.series]) for node in nodes(query) if node.series is not None]


@pytest.mark.parametrize("name", families())
def test_every_metric_has_an_example_that_asks_for_it(name: str) -> None:
    """For it, or a part of it."""
    assert name in {family.name for _, family in selected(EXAMPLES[name])}


@every_query
def test_a_query_names_series_that_exist_and_labels_that_they_have(query: str) -> None:
    """As Prometheus has them: a gauge histogram's number is its `_gcount`."""
    everything = nodes(query)
    found = selected(query)
    labels = {label for _, family in found for label in family.labels}
    ends = {"le"} if any((node.series or "").endswith("_bucket") for node, _ in found) else set()

    assert found
    assert set().union(*(node.labels for node in everything)) <= labels | ends | BY_PROMETHEUS
    for node, family in found:
        assert node.labels <= {*family.labels, *ends}


@every_query
def test_a_query_never_turns_absence_into_a_number(query: str) -> None:
    """Whatever makes a number of nothing is left alone."""
    written = " ".join(query.split())

    assert not re.search(r"\b(vector|scalar|absent|absent_over_time|bool)\b", written)
    assert not re.search(r"\bor\b *\(? *[0-9]", written)


@every_query
def test_only_what_grows_is_asked_how_it_grows(query: str) -> None:
    """Counters and histograms always, gauges and gauge histograms never."""
    for node, family in selected(query):
        growing = family.type in {"counter", "histogram"}
        assert bool(OF_COUNTERS.intersection(node.functions)) is growing
        assert not (growing and OF_GAUGES_OVER_TIME.intersection(node.functions))


@every_query
def test_what_replicas_show_alike_is_counted_once(query: str) -> None:
    """A fact is taken by `max` over the instances before anything else is done with it."""
    for node, family in selected(query):
        if family.name in FACTS and node.aggregations:
            inmost = node.aggregations[-1]
            assert str(inmost).startswith("max by")
            assert {"job", "source"} <= grouping(inmost) <= {*BY_PROMETHEUS, "le", *family.labels}
            assert "instance" not in grouping(inmost)


@pytest.mark.system
def test_the_queries_are_understood_by_prometheus(tmp_path: Path) -> None:
    """As the expressions of rules."""
    rules = [{"record": f"example:{number}", "expr": query} for number, query in enumerate(QUERIES)]
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "examples", "rules": rules}]}))
    ran = subprocess.run(
        [require_tool("promtool"), "check", "rules", file],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"{len(rules)} rules found" in ran.stdout
