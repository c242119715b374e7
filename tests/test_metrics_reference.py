"""The reference of the metrics lists what there is, and its queries are queries."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest

from exporter.config import BucketSettings
from exporter.metrics.catalogue import FAMILIES
from exporter.model import Reason
from tests.programs import PROJECT, require_tool
from tests.test_telemetry import PROMISED

TEXT = (PROJECT / "docs" / "metrics.md").read_text(encoding="utf-8")

SUFFIXES = ("_bucket", "_gcount", "_gsum", "_count", "_sum")


def described() -> dict[str, tuple[str, set[str]]]:
    """Type and labels of each metric in the tables."""
    rows = re.findall(
        r"^\| `(presence_\w+)` \| ([a-z ]+) \| ([^|]*) \| [^|]+ \| [^|]+ \|$", TEXT, re.MULTILINE
    )
    assert len(rows) == len({name for name, _, _ in rows})
    return {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}


def queries() -> list[str]:
    """The examples, each on a line."""
    [block] = re.findall(r"^```promql\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    whole = re.sub(r"\n +", " ", block)
    return [line for line in whole.splitlines() if line and not line.startswith("#")]


def test_every_metric_is_described_with_its_type_and_labels_and_no_other() -> None:
    """Those of facts and those of this process."""
    kinds = {"gaugehistogram": "gauge histogram"}
    facts = {family.name: (kinds.get(family.type, family.type), set(family.labels)) for family in FAMILIES}

    assert described() == facts | PROMISED


def test_every_reason_is_described_and_no_other() -> None:
    """In the order in which they are declared."""
    table = TEXT.partition("### Reasons")[2].partition("\n## ")[0]

    assert re.findall(r"^\| `(\w+)` \| \S[^|]* \| \S[^|]* \|$", table, re.MULTILINE) == [
        str(each) for each in Reason
    ]


def test_the_buckets_are_those_of_the_settings() -> None:
    """Each family that can be set, with its default ends."""
    table = TEXT.partition("| family | buckets |")[2].partition("\n\n")[0]
    listed = {
        family: tuple(map(float, ends.split()))
        for families, ends in re.findall(r"^\| (.*?) \| ([0-9. ]+) \|$", table, re.MULTILINE)
        for family in re.findall(r"`(\w+)`", families)
    }

    assert listed == {each.name: BucketSettings().of(each.name) for each in fields(BucketSettings)}


def test_the_queries_ask_for_metrics_that_exist_with_labels_that_they_have() -> None:
    """And none of them turns absence into 0."""
    known = described()
    for query in queries():
        names = re.findall(r"presence_\w+", query)
        families = {
            next((n.removesuffix(s) for s in SUFFIXES if n.endswith(s) and n not in known), n) for n in names
        }
        labels = {label for each in families for label in known[each][1]} | {"le"}

        assert families
        assert set(re.findall(r"(\w+)=~?\"", query)) <= labels
        assert "vector" not in query


@pytest.mark.system
def test_the_queries_are_understood_by_prometheus(tmp_path: Path) -> None:
    """As the expressions of rules."""
    rules = [{"record": f"example:{number}", "expr": query} for number, query in enumerate(queries())]
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
