"""The chart's objects are ones that Kubernetes and Prometheus's operator take, and none asks for rights."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import jsonschema
import kubernetes_validate
import pytest
import yaml

from tests.kit import chart
from tests.programs import PROJECT, require_made
from tests.system.charts import KUBERNETES, RELEASE, containers, of_kind, pods, render

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.system

OLDEST: Final = "1.25.0"
NEWER_FIELDS: Final = {
    "everything-values": "1.31.0",
    "postgresql-values": "1.27.0",
    "sqlite-values": "1.27.0",
}
"""Axes that use what came to Kubernetes after the oldest version that the chart takes."""

PLAIN_VOLUMES: Final = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "projected", "secret"} | {
    "persistentVolumeClaim"
}
LABEL: Final = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")
every_axis = pytest.mark.parametrize("axis", chart.AXES, ids=lambda path: path.stem)


def definition(kind: str) -> dict[str, Any]:
    """The operator's own schema of a kind, in which what it does not name is a fault."""
    folder = require_made(PROJECT / ".tools" / "crds" / ".complete").parent
    file = folder / f"monitoring.coreos.com_{kind.lower()}s.yaml"
    crd = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    (version,) = crd["spec"]["versions"]
    return dict(closed(version["schema"]["openAPIV3Schema"]))


def closed(says: Any) -> Any:
    """A schema of Kubernetes as JSON Schema: other names are refused, as a strict server does."""
    if isinstance(says, list):
        return [closed(below) for below in says]
    if not isinstance(says, dict):
        return says
    made = {name: closed(below) for name, below in says.items() if name != "format"}
    if isinstance(says.get("properties"), dict) and says.get("type") == "object":
        made.setdefault("additionalProperties", False)
    if says.get("x-kubernetes-int-or-string"):
        made.pop("type", None)
    return made


@every_axis
def test_kubernetes_takes_every_object(axis: Path) -> None:
    """The oldest version and the newest whose schemas there are, with no field that they do not know."""
    oldest = NEWER_FIELDS.get(axis.stem, OLDEST)
    ours = [
        one
        for one in render("helm4", axis=axis)
        if "." not in one["apiVersion"].partition("/")[0] or "k8s.io" in one["apiVersion"]
    ]
    assert ours
    for one in ours:
        for version in (oldest, kubernetes_validate.latest_version()):
            kubernetes_validate.validate(one, version, strict=True)


@pytest.mark.parametrize("kind", ["ServiceMonitor", "PodMonitor", "ScrapeConfig", "PrometheusRule"])
def test_the_operator_takes_every_object(kind: str) -> None:
    """Of all axes together; each kind is in at least one."""
    found = [one for axis in chart.AXES for one in of_kind(render("helm4", axis=axis), kind)]
    assert found
    judge = jsonschema.Draft7Validator(definition(kind))
    for one in found:
        assert [f"{fault.json_path}: {fault.message}" for fault in judge.iter_errors(one)] == []


def test_the_operators_definitions_refuse_what_they_do_not_know() -> None:
    """The judge of the test above can say no."""
    (monitor,) = of_kind(render("helm4", "demo=true", "serviceMonitor.enabled=true"), "ServiceMonitor")
    judge = jsonschema.Draft7Validator(definition("ServiceMonitor"))
    assert list(judge.iter_errors(monitor)) == []
    wrong = {**monitor, "spec": {**monitor["spec"], "jobLabels": "x"}}
    assert [fault.validator for fault in judge.iter_errors(wrong)] == ["additionalProperties"]


def rights(pod: dict[str, Any]) -> list[str]:
    """What the Pod Security Standard "restricted" refuses of a pod."""
    found = [name for name in ("hostNetwork", "hostPID", "hostIPC") if pod.get(name)]
    context = pod.get("securityContext", {})
    found += [
        f"volume {volume}" for volume in pod.get("volumes", []) if not set(volume) - {"name"} <= PLAIN_VOLUMES
    ]
    if context.get("runAsNonRoot") is not True or not context.get("runAsUser"):
        found.append("root")
    if context.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        found.append("system calls")
    for one in containers(pod):
        own = one.get("securityContext", {})
        if own.get("privileged") or own.get("allowPrivilegeEscalation") is not False:
            found.append(f"{one['name']}: more rights")
        if own.get("capabilities") != {"drop": ["ALL"]}:
            found.append(f"{one['name']}: capabilities")
        found += [f"port {port}" for port in one.get("ports", []) if "hostPort" in port]
    return found


@every_axis
def test_no_pod_asks_for_rights(axis: Path) -> None:
    """Each meets the Pod Security Standard "restricted", has no token, and ours cannot write to its root."""
    found = list(pods(render("helm4", axis=axis)))
    assert found
    for pod in found:
        assert rights(pod) == []
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
        ours = [one for one in pod["containers"] if one["name"] in {"exporter", "metrics"}]
        assert [one["securityContext"]["readOnlyRootFilesystem"] for one in ours] == [True]


def test_a_pod_that_asks_for_rights_is_seen() -> None:
    """The judge of the test above can say no."""
    careless = ("demo=true", "securityContext=null", "podSecurityContext=null", "tests.enabled=false")
    (pod,) = pods(render("helm4", *careless))
    assert rights(pod) == ["root", "system calls", "exporter: more rights", "exporter: capabilities"]


@every_axis
def test_no_list_names_anything_twice(axis: Path) -> None:
    """Helm 4 has the server merge lists by these keys, and a repeated one is an error there."""
    for pod in pods(render("helm4", axis=axis)):
        lists = [
            (pod.get("volumes", []), "name"),
            (containers(pod), "name"),
            (pod.get("imagePullSecrets", []), "name"),
        ]
        for one in containers(pod):
            lists += [(one.get("env", []), "name"), (one.get("volumeMounts", []), "mountPath")]
            lists += [(one.get("ports", []), "containerPort")]
        twice = [
            name
            for entries, key in lists
            for name, count in Counter(each[key] for each in entries).items()
            if count > 1
        ]
        assert twice == []
    names = Counter((one["kind"], one["metadata"]["name"]) for one in render("helm4", axis=axis))
    assert names.most_common(1)[0][1] == 1


@every_axis
def test_every_object_of_the_chart_says_whose_it_is(axis: Path) -> None:
    """The recommended labels, in words that Kubernetes takes; but for the user's own objects."""
    for one in render("helm4", axis=axis):
        if one["metadata"]["name"] in {f"{RELEASE}-mapping", f"{RELEASE}-text"}:
            continue
        labels = one["metadata"]["labels"]
        wanted = {
            f"app.kubernetes.io/{name}"
            for name in ("name", "instance", "version", "component", "part-of", "managed-by")
        }
        assert wanted | {"helm.sh/chart"} <= set(labels)
        assert [text for text in labels.values() if not LABEL.fullmatch(text)] == []
        assert one["metadata"]["namespace"]
        assert len(one["metadata"]["name"]) <= 63


@every_axis
def test_services_and_monitors_find_the_pods_and_nothing_else(axis: Path) -> None:
    """By labels that the pods of the workload have, and the pod of `helm test` has not."""
    objects = render("helm4", axis=axis)
    (workload,) = [one for one in objects if one["kind"] in {"Deployment", "StatefulSet"}]
    exporter = workload["spec"]["template"]["metadata"]["labels"].items()
    tests = [one["metadata"]["labels"].items() for one in of_kind(objects, "Pod")]
    selectors = [one["spec"]["selector"] for one in of_kind(objects, "Service")]
    selectors += [one["spec"]["selector"]["matchLabels"] for one in of_kind(objects, "PodMonitor")]
    selectors += [one["spec"]["selector"]["matchLabels"] for one in of_kind(objects, "PodDisruptionBudget")]
    selectors += [one["spec"]["podSelector"]["matchLabels"] for one in of_kind(objects, "NetworkPolicy")]
    selectors.append(workload["spec"]["selector"]["matchLabels"])
    assert all(selector.items() <= exporter for selector in selectors)
    assert not any(selector.items() <= labels for selector in selectors for labels in tests)
    for monitor in of_kind(objects, "ServiceMonitor"):
        wanted = monitor["spec"]["selector"]["matchLabels"].items()
        assert (
            len([one for one in of_kind(objects, "Service") if wanted <= one["metadata"]["labels"].items()])
            == 1
        )


def test_the_charts_oldest_kubernetes_is_the_one_that_was_tested() -> None:
    """And what Helm takes for granted here is not older."""
    assert chart.metadata()["kubeVersion"] == f">={OLDEST}-0"
    assert tuple(map(int, KUBERNETES.split("."))) > tuple(map(int, OLDEST.split(".")))
