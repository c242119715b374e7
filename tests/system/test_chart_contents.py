"""What the chart mounts is what the exporter reads; its rules and dashboards are those of the project."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

from tests.commandline import run as presence_exporter
from tests.kit import chart, rulefiles
from tests.programs import PROJECT
from tests.system.chartfiles import certificate, mount
from tests.system.charts import of_kind, render, run
from tests.system.processes import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.conftest import Promtool, StartExporter

pytestmark = pytest.mark.system

PLACEHOLDER: Final = "https://grafana.example.org"
SMALL: Final = {
    "postgresql/url": "postgresql+psycopg://u:p@ledger.example.org/presence",
    "presence-config/config.yml": "sources: [{name: acme, kind: daily, api_key_file: secrets/acme}]",
    "presence-web/web.yml": "rate_limit: {interval: 1s, burst: 5}",
}
"""What stands in Secrets of the user's."""


@pytest.mark.parametrize("axis", chart.AXES, ids=lambda path: path.stem)
def test_the_exporter_reads_what_the_chart_mounts(axis: Path, tmp_path: Path) -> None:
    """`--config.check` finds every file where the variables and the configuration say, and nothing wrong."""
    theirs = SMALL | {f"presence-tls/{key}": text for key, text in certificate().items()}
    mounted = mount(render("helm4", axis=axis), tmp_path, theirs)
    said = presence_exporter("--config.check", env=mounted.env)
    assert (said.exit_code, said.stderr) == (0, ""), said.output


def test_a_file_that_is_not_mounted_is_missed(tmp_path: Path) -> None:
    """The test above can fail."""
    (axis,) = [path for path in chart.AXES if path.stem == "sqlite-values"]
    mounted = mount(render("helm4", axis=axis), tmp_path, SMALL)
    (mounted.etc / "secrets" / "acme").unlink()
    said = presence_exporter("--config.check", env=mounted.env)
    assert said.exit_code == 2
    assert "sources[0].api_key_file" in said.stderr


def documented(first_line: str) -> str:
    """The example of the document that begins so."""
    text = (PROJECT / "docs" / "kubernetes.md").read_text(encoding="utf-8")
    return text.partition(f"```yaml\n{first_line}\n")[2].partition("```")[0]


def test_the_documented_configuration_works(tmp_path: Path) -> None:
    """The exporter reads what the chart makes of the example, but for the file that a driver mounts."""
    file = tmp_path / "example-values.yaml"
    file.write_text(documented("# values.yaml"), encoding="utf-8")
    mounted = mount(render("helm4", axis=file), tmp_path / "root", {})
    configuration = mounted.etc / "config.yml"
    configuration.chmod(0o640)
    here = configuration.read_text(encoding="utf-8").replace("/mnt/secrets-store/chat-token", "secrets/daily")
    configuration.write_text(here, encoding="utf-8")
    said = presence_exporter("--config.check", env=mounted.env)
    assert (said.exit_code, said.stderr) == (0, ""), said.output


def test_prometheus_takes_the_documented_job(tmp_path: Path, promtool: Promtool) -> None:
    """The one for those without an operator."""
    file = tmp_path / "prometheus.yml"
    file.write_text(documented("# prometheus.yml"), encoding="utf-8")
    said = promtool("check", "config", str(file))
    assert said.returncode == 0, said.stdout + said.stderr


def groups(*settings: str, axis: Path | None = None) -> list[dict[str, Any]]:
    """The groups of the rendered rules."""
    on = () if axis else ("demo=true", "prometheusRule.enabled=true")
    (rule,) = of_kind(render("helm4", *on, *settings, axis=axis), "PrometheusRule")
    return list(rule["spec"]["groups"])


def test_with_nothing_changed_the_rules_are_those_of_the_project() -> None:
    """Every expression, time, label and word; so each threshold of the values is that of the files."""
    expected = rulefiles.groups(rulefiles.RECORDS) + rulefiles.groups(rulefiles.ALERTS)
    assert groups(f"prometheusRule.grafanaUrl={PLACEHOLDER}") == expected


@pytest.mark.parametrize("axis", [None, "operator-values"], ids=["defaults", "operator-values"])
def test_prometheus_takes_the_rules(axis: str | None, tmp_path: Path, promtool: Promtool) -> None:
    """As they are, and with everything about them changed."""
    found = groups(axis=next((path for path in chart.AXES if path.stem == axis), None))
    assert len(found) > 4
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": found}), encoding="utf-8")
    said = promtool("check", "rules", "--lint=all", "--lint-fatal", str(file))
    assert said.returncode == 0, said.stdout + said.stderr


def test_a_threshold_that_the_rules_have_not_is_told(tmp_path: Path) -> None:
    """A value would change nothing and say nothing, had the expression become another one."""
    copy = shutil.copytree(chart.CHART, tmp_path / "presence-exporter")
    file = copy / "files" / "rules" / "presence.alerts.yml"
    text = file.read_text(encoding="utf-8")
    assert text.count("> 900") == 1
    file.write_text(text.replace("> 900", ">= 900"), encoding="utf-8")
    said = run("helm4", "template", str(copy), "--set", "demo=true", "--set", "prometheusRule.enabled=true")
    assert said.status != 0
    assert 'PresenceStale does not have "> 900" exactly once, so threshold cannot be set' in said.errors


def test_the_dashboards_are_those_of_the_project() -> None:
    """Letter by letter, and small enough for a ConfigMap."""
    found = of_kind(render("helm4", "demo=true", "dashboards.enabled=true"), "ConfigMap")
    boards = {
        path.stem: path.read_text(encoding="utf-8") for path in (PROJECT / "grafana/dashboards").iterdir()
    }
    assert len(found) == len(boards)
    for one in found:
        ((key, text),) = one["data"].items()
        board = key.removeprefix("presence-").removesuffix(".json")
        assert text == boards[board].strip()
        assert json.loads(text)["uid"] == f"presence-{board}"
        assert len(json.dumps(one)) < 2**20


def helm_test(url: str, door: str, *, metric: str = "presence_exporter_build_info") -> tuple[int, str]:
    """What the pod of `helm test` runs, against another address."""
    (pod,) = of_kind(render("helm4", "demo=true"), "Pod")
    (container,) = pod["spec"]["containers"]
    assert container["args"][1] == "presence_exporter_build_info"
    command = [sys.executable, *container["command"][1:], url, metric, door]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return said.returncode, said.stdout


def test_the_pod_of_helm_test_finds_an_exporter(exporter_process: StartExporter) -> None:
    """It passes on one that shows the metric, and on no other."""
    url = f"{exporter_process('--demo').url}/metrics?collect[]=exporter"
    status, said = helm_test(url, "open")
    assert status == 0
    assert said.startswith("presence_exporter_build_info{")
    assert helm_test(url, "open", metric="presence_nothing") == (1, f"{url} has no presence_nothing\n")


def test_the_pod_of_helm_test_knows_a_door_from_a_wall(
    exporter_process: StartExporter, tmp_path: Path
) -> None:
    """A password that is asked for is an answer where one is expected, and a failure elsewhere."""
    web = tmp_path / "web.yml"
    hashed = "$2y$10$jAZzBjoTVTrUL6oWI5th7.dyTqjX5TNqEPPuLE38IqEY5iygACyt2"
    web.write_text(f"basic_auth_users: {{prometheus: {hashed}}}\n", encoding="utf-8")
    url = f"{exporter_process('--demo', '--web.config.file', str(web)).url}/metrics?collect[]=exporter"
    assert helm_test(url, "guarded") == (0, f"{url} answers 401\n")
    assert helm_test(url, "open") == (1, f"{url} answers 401\n")


def test_the_pod_of_helm_test_fails_where_nobody_answers() -> None:
    """With the reason."""
    status, said = helm_test(f"http://127.0.0.1:{free_port()}/metrics?x", "guarded")
    assert status == 1
    assert "does not answer" in said
