"""compose.yaml is as the specification has it, and what docs/compose.md promises of it holds."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

import exporter
from exporter.commands.simulate.command import configuration
from tests.programs import PROJECT, require_tool
from tests.system.composition import COMPOSE, ENTRYPOINTS, PORTS, canonical

TEXT: Final = COMPOSE.read_text(encoding="utf-8")
PLAIN: Final[dict[str, Any]] = yaml.safe_load(TEXT)
DOCUMENT: Final = (PROJECT / "docs" / "compose.md").read_text(encoding="utf-8")
FOLDER: Final = PROJECT / "compose"
OURS: Final = "registry.example.org/presence-exporter"
NAMES: Final = sorted(PLAIN["services"])

SECRETIVE: Final = re.compile(r"(?i)password|secret|token|key|credential")


def read(path: Path) -> Any:
    """What is in a YAML file."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def service(name: str) -> dict[str, Any]:
    """A service with what it takes from anchors."""
    found: dict[str, Any] = PLAIN["services"][name]
    return found


@pytest.mark.system
def test_the_specification_takes_it_whole() -> None:
    """Its own library finds no fault; what it reads has the services that we read."""
    assert sorted(canonical()["services"]) == NAMES


@pytest.mark.system
@pytest.mark.parametrize(
    "right, wrong",
    [
        ("read_only:", "readonly:"),
        ("service_healthy", "service_healthly"),
        ("internal: true", "internal: perhaps"),
        ("retries: 6", "retries: six"),
    ],
)
def test_the_specification_would_not(right: str, wrong: str, tmp_path: Path) -> None:
    """A key, a condition that there is not, a value of another kind."""
    assert right in TEXT
    file = tmp_path / "compose.yaml"
    file.write_text(TEXT.replace(right, wrong), encoding="utf-8")
    program = require_tool("compose-config")
    assert subprocess.run([program, file], capture_output=True, timeout=60, check=False).returncode != 0


def test_it_is_of_the_specification_of_today() -> None:
    """Which has no `version`."""
    assert "version" not in PLAIN
    assert PLAIN["name"] == "presence"


@pytest.mark.parametrize("name", NAMES)
def test_every_image_is_pinned_and_documented(name: str) -> None:
    """By registry and full version; ours is of this version, and built from here where there is none."""
    image = service(name)["image"]
    assert re.fullmatch(r"[a-z.]+\.(?:io|org)/[a-z/-]+:v?\d+\.\d+(\.\d+)?(-[a-z]+)?", image)
    if image.startswith(OURS):
        assert (image, service(name)["build"]) == (f"{OURS}:{exporter.__version__}", ".")
        image = "ours"
    shown = image.removeprefix("docker.io/").removeprefix("library/")
    assert re.search(rf"(?m)^\| `{name}` \| `?{re.escape(shown)}`? \|", DOCUMENT)


def test_versions_are_those_that_are_tested() -> None:
    """Prometheus's as `make tools` builds it, amtool's for Alertmanager, Grafana's by its types."""
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    modules = (PROJECT / "tools" / "alertmanager" / "go.mod").read_text(encoding="utf-8")
    types = json.loads((PROJECT / "tools" / "grafana" / "package.json").read_text(encoding="utf-8"))
    tags = {name: service(name)["image"].rpartition(":")[2] for name in NAMES}
    assert f"PROMETHEUS_VERSION := {tags['prometheus'].removeprefix('v')}\n" in makefile
    assert f"github.com/prometheus/alertmanager {tags['alertmanager']} " in modules
    assert types["devDependencies"]["@grafana/schema"] == tags["grafana"]


@pytest.mark.parametrize("name", NAMES)
def test_no_service_has_rights(name: str) -> None:
    """Files are read-only, no capability, no new privileges, not the machine's namespaces, not root."""
    found = service(name)
    assert found["read_only"] is True
    assert found["cap_drop"] == ["ALL"]
    assert found["security_opt"] == ["no-new-privileges:true"]
    assert found["pids_limit"] == 512
    assert found["logging"]["options"] == {"max-size": "10m", "max-file": "3"}
    forbidden = {
        "privileged",
        "cap_add",
        "devices",
        "pid",
        "ipc",
        "network_mode",
        "userns_mode",
        "volumes_from",
    }
    assert not forbidden & found.keys()
    assert found.get("user") == ("999:999" if name == "postgres" else None)


@pytest.mark.parametrize("name", NAMES)
def test_ports_are_on_loopback(name: str) -> None:
    """And only of services that are in the network by which ports are published."""
    ports = service(name).get("ports", [])
    assert all(re.fullmatch(r"127\.0\.0\.1:\$\{[A-Z]+_PORT:-(\d+)\}:\1", port) for port in ports)
    assert ("published" in service(name)["networks"]) is bool(ports)
    assert all(port.rpartition(":")[2] in PORTS for port in ports)
    assert all(re.search(r"[A-Z]+_PORT", port)[0] in DOCUMENT for port in ports)  # type: ignore[index]


def test_other_networks_reach_nobody_outside() -> None:
    """They are internal, and each has a service in it."""
    networks = PLAIN["networks"]
    assert [name for name, network in networks.items() if not network.get("internal")] == ["published"]
    assert {*networks} == {network for name in NAMES for network in service(name)["networks"]}


@pytest.mark.parametrize("name", NAMES)
def test_every_service_says_when_it_is_healthy(name: str) -> None:
    """By a program of its image, without a shell; others wait for that."""
    check = service(name)["healthcheck"]
    assert check["test"][0] == "CMD"
    assert check["start_interval"] == "1s"
    assert {wish["condition"] for wish in service(name).get("depends_on", {}).values()} <= {"service_healthy"}


def test_the_order_is_that_of_the_facts() -> None:
    """From the vendors to those who look, and from those who are told to those who tell."""
    needs = {name: {*service(name).get("depends_on", {})} for name in NAMES}
    assert needs == {
        "simulate": set(),
        "postgres": set(),
        "exporter": {"simulate", "postgres"},
        "receiver": set(),
        "alertmanager": {"receiver"},
        "prometheus": {"exporter", "alertmanager"},
        "grafana": {"prometheus"},
    }


@pytest.mark.parametrize("name", NAMES)
def test_no_secret_is_in_an_environment(name: str) -> None:
    """Only the name of the file that holds it; nor in a command."""
    variables = service(name).get("environment", {})
    found = {variable for variable in variables if SECRETIVE.search(variable)}
    assert found == ({"POSTGRES_PASSWORD_FILE"} if name == "postgres" else set())
    assert not any(
        re.search(r"(?i)password=|://[^/]*:[^/]*@", str(part)) for part in service(name).get("command", [])
    )


def test_every_secret_is_a_file_that_is_made_and_not_kept() -> None:
    """By the documented command, in a folder that version control leaves out."""
    files = {secret["file"] for secret in PLAIN["secrets"].values()}
    assert all(file.startswith("./compose/secrets/") for file in files)
    assert all(f">{Path(file).name} " in DOCUMENT for file in files)
    assert "/compose/secrets/\n" in (PROJECT / ".gitignore").read_text(encoding="utf-8")
    assert {each for name in NAMES for each in service(name).get("secrets", [])} == {*PLAIN["secrets"]}


@pytest.mark.parametrize("name", NAMES)
def test_what_is_mounted_is_there_and_read_only(name: str) -> None:
    """Folders of the checkout; the others are volumes that are declared."""
    for mount in service(name).get("volumes", []):
        source, target, *mode = mount.split(":")
        assert target.startswith("/")
        if source.startswith("."):
            assert (PROJECT / source).is_dir()
            assert mode == ["ro"]
        else:
            assert (source in PLAIN["volumes"], mode) == (True, [])


def test_grafana_lets_look_and_knows_nobody() -> None:
    """No user, no password, no form, no basic authentication; who looks may change nothing."""
    variables = service("grafana")["environment"]
    assert variables["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"
    assert variables["GF_AUTH_ANONYMOUS_ENABLED"] == "true"
    assert variables["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
    assert variables["GF_AUTH_BASIC_ENABLED"] == "false"
    assert variables["GF_AUTH_DISABLE_LOGIN_FORM"] == "true"
    # Otherwise it would stop the data source's plugin, to replace it by a newer one, which it cannot.
    assert variables["GF_PLUGINS_PREINSTALL_DISABLED"] == "true"
    assert variables["GF_PLUGINS_PREINSTALL_AUTO_UPDATE"] == "false"
    assert all(isinstance(value, str) for value in variables.values())


def test_grafana_finds_prometheus_and_the_dashboards() -> None:
    """What is provisioned names the service and its port, and the folder that is mounted."""
    provisioning = PROJECT / "grafana" / "provisioning"
    [source] = read(provisioning / "datasources" / "prometheus.yml")["datasources"]
    assert source["url"] == "http://prometheus:9090"
    [provider] = read(provisioning / "dashboards" / "presence.yml")["providers"]
    mounts = dict(mount.split(":")[:2] for mount in service("grafana")["volumes"])
    assert mounts["./grafana/dashboards"].startswith(f"{provider['options']['path']}/")
    boards = [
        json.loads(path.read_text("utf-8")) for path in (PROJECT / "grafana" / "dashboards").glob("*.json")
    ]
    assert boards
    allowed = {source["uid"], "${datasource}", "-- Grafana --"}
    for board in boards:
        used = set(re.findall(r'"datasource": \{[^}]*"uid": "([^"]*)"', json.dumps(board)))
        assert used <= allowed
        kinds = [each["query"] for each in board["templating"]["list"] if each["type"] == "datasource"]
        assert kinds == [source["type"]]


def test_the_exporter_asks_what_is_simulated() -> None:
    """As `simulate` says an exporter should, but for the keys, which are in files."""
    config = read(FOLDER / "exporter" / "config.yml")
    said = yaml.safe_load(configuration("simulate:10459"))
    for source in config["sources"]:
        for key in [key for key in source if key.endswith("_file")]:
            file = FOLDER / "exporter" / source.pop(key)
            source[key.removesuffix("_file")] = file.read_text(encoding="utf-8").strip()
    assert config["sources"] == said["sources"]
    assert config["ledger"] == {"url_file": "/run/secrets/ledger-url"}
    assert {"ledger", "sources"} == config.keys()


def test_alertmanager_routes_and_inhibits_as_the_example() -> None:
    """With receivers of the same names, each of which is the one receiver by another path."""
    ours, example = (
        read(FOLDER / "alertmanager/alertmanager.yml"),
        read(PROJECT / "alertmanager/alertmanager.yml"),
    )
    for key in ("route", "inhibit_rules", "time_intervals"):
        assert ours[key] == example[key], key
    names = [receiver["name"] for receiver in example["receivers"]]
    assert [receiver["name"] for receiver in ours["receivers"]] == names
    for receiver in ours["receivers"]:
        [webhook] = receiver["webhook_configs"]
        assert webhook == {"url": f"http://receiver:10460/{receiver['name']}", "send_resolved": True}


def test_prometheus_reads_the_rules_and_asks_as_is_documented() -> None:
    """The mounted ones; the scrape is that of the README, under its job."""
    config = read(FOLDER / "prometheus" / "prometheus.yml")
    mounts = dict(mount.split(":")[:2] for mount in service("prometheus")["volumes"])
    assert config["rule_files"] == [f"{mounts['./rules']}/*.yml"]
    [job] = config["scrape_configs"]
    assert job["job_name"] == "presence"
    assert config["global"]["scrape_interval"] == "15s"


def test_every_image_has_its_program() -> None:
    """What the tests run in its place; Grafana and PostgreSQL start by themselves."""
    images = {service(name)["image"].rpartition(":")[0] for name in NAMES}
    assert images - ENTRYPOINTS.keys() == {"docker.io/library/postgres", "docker.io/grafana/grafana"}


def test_the_receiver_tells_each_alert_of_a_message() -> None:
    """To whom, what and where, in a line."""
    told = runpy.run_path(str(FOLDER / "receiver" / "receiver.py"))["told"]
    alert = {
        "status": "resolved",
        "labels": {"alertname": "A", "source": "x", "job": "presence"},
        "annotations": {},
    }
    other = {**alert, "status": "firing", "annotations": {"summary": "Nobody"}}
    assert list(told("pager", {"alerts": [alert, other]})) == [
        "pager: resolved A job=presence source=x: ",
        "pager: firing A job=presence source=x: Nobody",
    ]
