"""Runs Helm over the chart and reads what comes out; knows nothing of what is right."""

from __future__ import annotations

import functools
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import yaml

from tests.kit.chart import CHART
from tests.programs import require_tool

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

HELMS: Final = ("helm3", "helm4")
KUBERNETES: Final = "1.31.0"
"""Which Kubernetes Helm takes for granted where nothing is said: builds of Helm differ in it."""

RELEASE: Final = "acme"
NAMESPACE: Final = "metrics"


@dataclass(frozen=True, slots=True)
class Said:
    """What a program said, and its exit status."""

    status: int
    out: str
    errors: str


def run(program: str, *arguments: str, folder: Path = CHART) -> Said:
    """Run one of the tools in a folder to its end."""
    ran = subprocess.run(
        [require_tool(program), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return Said(ran.returncode, ran.stdout, ran.stderr)


def render(helm: str, *settings: str, axis: Path | None = None) -> list[dict[str, Any]]:
    """The objects of the chart with an axis's values and further `--set`, in Helm's order."""
    return list(_rendered(helm, tuple(settings), axis))


@functools.cache
def _rendered(helm: str, settings: tuple[str, ...], axis: Path | None) -> tuple[dict[str, Any], ...]:
    values = ("--values", str(axis)) if axis else ()
    chosen = [part for setting in settings for part in ("--set", setting)]
    place = ("template", RELEASE, str(CHART), "--namespace", NAMESPACE, "--kube-version", KUBERNETES)
    said = run(helm, *place, *values, *chosen)
    assert said.status == 0, said.errors
    return tuple(document for document in yaml.safe_load_all(said.out) if document)


def of_kind(objects: Sequence[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """Those of one kind."""
    return [one for one in objects if one["kind"] == kind]


def pods(objects: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The specification of each pod: those of workloads, and those that stand alone."""
    for one in objects:
        if one["kind"] == "Pod":
            yield one["spec"]
        elif one["kind"] in {"Deployment", "StatefulSet"}:
            yield one["spec"]["template"]["spec"]


def containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
    """All containers of a pod."""
    return [*pod.get("initContainers", []), *pod["containers"]]
