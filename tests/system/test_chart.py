"""Both Helms, helm-unittest and helm-docs are content with the chart, and both Helms make the same of it."""

from __future__ import annotations

import re
import shutil
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.kit import chart
from tests.system.charts import HELMS, render, run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.system


@pytest.mark.parametrize("helm", HELMS)
def test_helm_finds_nothing_to_complain_of(helm: str) -> None:
    """With the defaults, and with every axis; only an icon is recommended."""
    for axis in (None, *chart.AXES):
        said = run(helm, "lint", "--strict", ".", *(("--values", str(axis)) if axis else ()))
        found = {line for line in said.out.splitlines() if line.startswith("[")}
        assert (said.status, found) == (0, {"[INFO] Chart.yaml: icon is recommended"}), axis


def test_every_suite_of_the_chart_is_run_and_passes(tmp_path: Path) -> None:
    """As many suites and tests as are written: one that is not found would be silent."""
    copy = shutil.copytree(chart.CHART, tmp_path / "presence-exporter")
    said = run("helm-unittest", "--strict", str(copy))
    assert said.status == 0, said.out
    suites = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in chart.SUITES]
    tests = sum(len(suite["tests"]) for suite in suites)
    assert tests > 150
    assert re.search(rf"^Test Suites: {len(suites)} passed, {len(suites)} total$", said.out, re.MULTILINE)
    assert re.search(rf"^Tests: +{tests} passed, {tests} total$", said.out, re.MULTILINE)


def test_the_readme_is_what_helm_docs_writes(tmp_path: Path) -> None:
    """`make chart` writes it anew."""
    copy = shutil.copytree(chart.CHART, tmp_path / "presence-exporter")
    flags = ("--sort-values-order", "file", "--log-level", "warning")
    said = run("helm-docs", "--chart-search-root", str(tmp_path), *flags)
    assert (said.status, said.errors) == (0, "")
    assert (copy / "README.md").read_text(encoding="utf-8") == (chart.CHART / "README.md").read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize("helm", HELMS)
def test_a_package_has_what_is_needed_and_nothing_of_the_checks(helm: str, tmp_path: Path) -> None:
    """Rules, dashboards and the pod of `helm test` are in it; suites and axes are not."""
    said = run(helm, "package", str(chart.CHART), "--destination", str(tmp_path))
    assert said.status == 0, said.errors
    (package,) = tmp_path.iterdir()
    with tarfile.open(package) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    assert {
        "README.md",
        "values.schema.json",
        "templates/tests/metrics.yaml",
        "files/test/metrics.py",
    } <= inside
    assert {"files/rules/presence.alerts.yml", "files/dashboards/overview.json"} <= inside
    assert not [name for name in inside if name.startswith(("tests/", "ci/"))]


@pytest.mark.parametrize("axis", chart.AXES, ids=lambda path: path.stem)
def test_both_helms_make_the_same(axis: Path) -> None:
    """Of every axis."""
    ours = {helm: render(helm, axis=axis) for helm in HELMS}
    assert ours["helm3"]
    named = {
        helm: {(one["kind"], one["metadata"]["name"]): one for one in objects}
        for helm, objects in ours.items()
    }
    assert named["helm3"] == named["helm4"]


@pytest.mark.parametrize("helm", HELMS)
def test_an_installation_that_asks_nobody_fails_with_the_reason(helm: str) -> None:
    """A failure is one that people read; in both Helms it ends the installation."""
    said = run(helm, "template", "acme", ".", "--kube-version", "1.31.0")
    assert said.status != 0
    assert "nothing to ask is configured: give one of config, existingConfig, daily.enabled" in said.errors


@pytest.mark.parametrize("helm", HELMS)
def test_a_value_that_nobody_knows_fails(helm: str) -> None:
    """Both Helms hold values to the schema."""
    said = run(
        helm, "template", "acme", ".", "--kube-version", "1.31.0", "--set", "demo=true", "--set", "replica=2"
    )
    assert said.status != 0
    assert "replica" in said.errors


def nothing(values: dict[str, Any]) -> list[str]:
    """The places of values where a mapping or a list stands that is empty by default."""
    found = []
    for name, below in values.items():
        if below in ({}, []):
            found.append(name)
        elif isinstance(below, dict):
            found += [f"{name}.{inner}" for inner in nothing(below)]
    return found


def test_null_is_as_good_as_nothing() -> None:
    """People write it to take a value of theirs away; in all places at once."""
    empty = nothing(chart.values())
    assert len(empty) > 80
    on = ["demo=true", "ledger.kind=memory", "scrapeConfig.enabled=true", "networkPolicy.enabled=true"]
    on += [
        "prometheusRule.enabled=true",
        "dashboards.enabled=true",
        "dashboards.grafanaDashboard.enabled=true",
    ]
    assert render("helm4", *on) == render("helm4", *on, *(f"{name}=null" for name in empty))
    volume = ["workload.kind=StatefulSet", "podMonitor.enabled=true", "demo=true"]
    assert render("helm4", *volume) == render("helm4", *volume, *(f"{name}=null" for name in empty))
