"""The chart's files agree with what they were made from: rules, dashboards, versions, flags, documents."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import exporter
from tests.kit import chart, rulefiles
from tests.programs import PROJECT

MEBIBYTE = 2**20
KINDS = {"added", "changed", "deprecated", "removed", "fixed", "security"}
WITHOUT_VALUE = {"--config.check", "--web.systemd-socket"}
"""Flags that no value stands for; the document says why."""


def annotation(name: str) -> Any:
    """One of Artifact Hub's, which are YAML in a string."""
    return yaml.safe_load(chart.metadata()["annotations"][f"artifacthub.io/{name}"])


@pytest.mark.parametrize(
    "copies, originals",
    [("rules", "rules/*.yml"), ("dashboards", "grafana/dashboards/*.json")],
)
def test_the_charts_copies_are_what_they_are_copied_from(copies: str, originals: str) -> None:
    """Helm reads nothing outside of the chart's folder; `make chart` copies anew."""
    expected = {path.name: path.read_bytes() for path in PROJECT.glob(originals)}
    assert expected
    assert {path.name: path.read_bytes() for path in (chart.CHART / "files" / copies).iterdir()} == expected


def test_the_chart_installs_this_version() -> None:
    """The exporter's version is told in two more places."""
    metadata = chart.metadata()
    assert metadata["appVersion"] == exporter.__version__
    (image,) = annotation("images")
    defaults = chart.values()["image"]
    assert image["image"] == f"{defaults['registry']}/{defaults['repository']}:{exporter.__version__}"


def test_artifact_hub_can_read_what_is_said_to_it() -> None:
    """A list that is no YAML would be left out without a word."""
    assert annotation("license") == "Apache-2.0"
    assert annotation("category") == "monitoring-logging"
    assert all(link["url"].startswith("https://") for link in annotation("links"))
    assert {change["kind"] for change in annotation("changes")} <= KINDS


def test_what_changed_is_what_the_charts_changelog_says() -> None:
    """One list for people in the chart, one for Artifact Hub."""
    text = (chart.CHART / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = text.split("\n## ")[1]
    assert newest.startswith(f"[{chart.metadata()['version']}]")
    told = [
        (section.split("\n", 1)[0].lower(), entry)
        for section in newest.split("\n### ")[1:]
        for entry in re.findall(r"^- (.+)$", section, re.MULTILINE)
    ]
    assert told == [(change["kind"], change["description"]) for change in annotation("changes")]


def test_helm_can_load_every_file() -> None:
    """Helm takes 5 MiB a file and 100 MiB a chart, and a link would show another file on another machine."""
    files = [path for path in chart.CHART.rglob("*") if path.is_file()]
    assert not [path for path in chart.CHART.rglob("*") if path.is_symlink()]
    assert max(path.stat().st_size for path in files) < 5 * MEBIBYTE
    assert sum(path.stat().st_size for path in files) < 100 * MEBIBYTE


def test_no_suite_and_no_values_file_has_a_name_that_is_passed_over() -> None:
    """helm-unittest runs `*_test.yaml`, chart-testing takes `*-values.yaml`, and neither tells of others."""
    assert {path.name for path in chart.SUITES if not path.name.endswith("_test.yaml")} == set()
    assert {path.name for path in chart.AXES if not path.name.endswith("-values.yaml")} == set()


def test_every_alert_has_its_values() -> None:
    """An alert that is not among the values could not be switched off."""
    alerts = [rule.name for rule in rulefiles.rules(rulefiles.ALERTS)]
    assert list(chart.values()["prometheusRule"]["alerts"]) == alerts


def test_every_dashboard_can_be_chosen() -> None:
    """The list of boards is that of the files."""
    boards = {path.stem for path in (PROJECT / "grafana" / "dashboards").iterdir()}
    assert set(chart.values()["dashboards"]["boards"]) == boards
    assert set(chart.schema()["properties"]["dashboards"]["properties"]["boards"]["items"]["enum"]) == boards


def twins() -> dict[str, str]:
    """The flags of serving with their variables, as the document of the command line has them."""
    text = (PROJECT / "docs" / "cli.md").read_text(encoding="utf-8")
    part = text[text.index("### Every command") : text.index("### `budget`")]
    return dict(re.findall(r"^\| `(--[\w.-]+)` \| `(PRESENCE_EXPORTER_\w+)`", part, re.MULTILINE))


def test_every_flag_of_serving_has_a_value() -> None:
    """A twin that is misspelt would be read by nobody, and say nothing."""
    template = (chart.CHART / "templates" / "_config.tpl").read_text(encoding="utf-8")
    given = set(re.findall(r'"(PRESENCE_EXPORTER_\w+)"', template))
    assert given <= set(twins().values())
    missing = {flag for flag, twin in twins().items() if twin not in given}
    assert missing == WITHOUT_VALUE
    document = (PROJECT / "docs" / "kubernetes.md").read_text(encoding="utf-8")
    assert not [flag for flag in missing if f"`{flag}`" not in document]


@pytest.mark.parametrize(
    "document",
    [PROJECT / "docs" / "kubernetes.md", chart.CHART / "README.md.gotmpl"],
    ids=lambda path: path.name,
)
def test_documents_name_values_that_there_are(document: Path) -> None:
    """A value that was renamed would stay in the text."""
    known = {place.name for place in chart.places(chart.schema())}
    tops = {name.partition(".")[0] for name in known}
    quoted = re.findall(r"`([A-Za-z]+(?:\.[A-Za-z]+)+)(?:: [^`]*)?`", document.read_text(encoding="utf-8"))
    named = {
        name for name in quoted if name.partition(".")[0] in tops and not name.endswith((".yml", ".yaml"))
    }
    free = ("config.", "livenessProbe.exec", "ledger.catch")
    assert len(named) > 2
    assert {name for name in named - known if not name.startswith(free)} == set()
