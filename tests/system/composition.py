"""Runs the services of compose.yaml as processes of this machine: commands, mounts, secrets, health checks.

What a container would do is done by substitution, and nothing else is changed: a service's name is an address
on loopback, a port another one, a mount point a folder of the test.
"""

from __future__ import annotations

import functools
import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.commandline import process_environment
from tests.programs import PROJECT, require_postgresql, require_prometheus, require_tool
from tests.system.alertmanager import require_alertmanager, require_amtool
from tests.system.processes import Process, eventually, free_port, start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

COMPOSE: Final = PROJECT / "compose.yaml"

PORTS: Final = ("10458", "10459", "10460", "9090", "9093", "5432", "3000")
"""Where services listen, each at another port, so that a port tells whose it is."""


def canonical() -> dict[str, Any]:
    """The composition as the reference implementation of the specification reads it; a fault is an error.

    It takes no variables, so each has its default.
    """
    program = require_tool("compose-config")
    ran = subprocess.run(
        [program, "--format", "json", COMPOSE],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stderr
    model: dict[str, Any] = json.loads(ran.stdout)
    return model


@functools.cache
def programs() -> dict[str, Path]:
    """What each program in an image is on this machine."""
    here = Path(sys.executable).parent
    return {
        "prometheus": require_prometheus(3),
        "alertmanager": require_alertmanager(),
        "/bin/promtool": require_tool("promtool"),
        "/bin/amtool": require_amtool(),
        "pg_isready": require_postgresql() / "pg_isready",
        "/opt/presence-exporter/bin/presence-exporter": here / "presence-exporter",
        "/opt/presence-exporter/bin/python3": here / "python3",
    }


ENTRYPOINTS: Final = {
    "registry.example.org/presence-exporter": "/opt/presence-exporter/bin/presence-exporter",
    "docker.io/prom/prometheus": "prometheus",
    "docker.io/prom/alertmanager": "alertmanager",
}
"""What an image runs where the service does not say."""


@dataclass(slots=True)
class Composition:
    """The services of a model, in a folder of the test; `secrets` is where the files of secrets are.

    `ports` says for each port of the model which one it is here; `changes` what is done to the text of a
    mounted file, by a part of its path.
    """

    model: Mapping[str, Any]
    folder: Path
    secrets: Path
    ports: Mapping[str, int]
    changes: Mapping[str, Callable[[str], str]]
    running: dict[str, Process] = field(default_factory=dict)

    def start(self, name: str) -> None:
        """Start a service, after those that it depends on, and wait until it is healthy."""
        service = self.model["services"][name]
        for other, wish in service.get("depends_on", {}).items():
            assert wish["condition"] == "service_healthy"
            assert other not in self.running
            self.start(other)
        if name != "postgres":
            self._mount(name)
            entry = service.get("entrypoint") or [ENTRYPOINTS[service["image"].rpartition(":")[0]]]
            command = self._here(name, [*entry, *service["command"]])
            log = self.folder / f"{name}.log"
            self.running[name] = start(command, log=log, env=self._environment(name))
        eventually(lambda: self._healthy(name), what=f"{name} is healthy")

    def said(self, name: str) -> str:
        """What a service has printed so far."""
        return self.running[name].stderr if name in self.running else ""

    def url(self, port: str) -> str:
        """Where a port of the model is."""
        return f"http://127.0.0.1:{self.ports[port]}"

    def stop(self) -> dict[str, int]:
        """End all, the last first; return the exit status of each."""
        return {name: self.running[name].stop() for name in reversed(self.running)}

    def _healthy(self, name: str) -> bool:
        kind, *command = self.model["services"][name]["healthcheck"]["test"]
        assert kind == "CMD"
        process = self.running.get(name)
        assert process is None or process.popen.poll() is None, self.said(name)
        here = self._here(name, command)
        ran = subprocess.run(here, env=self._environment(name), capture_output=True, timeout=60, check=False)
        return ran.returncode == 0

    def _environment(self, name: str) -> dict[str, str]:
        given = self.model["services"][name].get("environment", {})
        return process_environment({key: self._substituted(name, value) for key, value in given.items()})

    def _mount(self, name: str) -> None:
        """Make what the service sees: copies of what is mounted, and empty folders for volumes."""
        for source, target in self._mounts(name):
            place = self._root(name, target)
            place.parent.mkdir(parents=True, exist_ok=True)
            if source is None:
                place.mkdir()
            elif source.is_file():
                place.write_text(self._text(name, source), encoding="utf-8")
            else:
                shutil.copytree(source, place, ignore=shutil.ignore_patterns("__pycache__"))
                for file in filter(Path.is_file, place.rglob("*")):
                    file.write_text(self._text(name, file), encoding="utf-8")

    def _mounts(self, name: str) -> Iterator[tuple[Path | None, str]]:
        service = self.model["services"][name]
        for volume in service.get("volumes", ()):
            yield Path(volume["source"]) if volume["type"] == "bind" else None, volume["target"]
        for secret in service.get("secrets", ()):
            yield self.secrets / secret["source"], f"/run/secrets/{secret['source']}"

    def _text(self, name: str, file: Path) -> str:
        text = self._substituted(name, file.read_text(encoding="utf-8"))
        for part, change in self.changes.items():
            if part in str(file):
                text = change(text)
        return text

    def _here(self, name: str, command: Sequence[str]) -> list[str | Path]:
        program, *arguments = command
        return [programs()[program], *(self._substituted(name, each) for each in arguments)]

    def _substituted(self, name: str, text: str) -> str:
        """The text with the addresses, ports and mount points of this machine."""
        ports = "|".join(self.ports)
        names = "|".join(self.model["services"])
        text = re.sub(
            rf"(?<![\w.])(?:(?:{names}|0\.0\.0\.0)(?=:(?:{ports})\b)|(?=:(?:{ports})\b))", "127.0.0.1", text
        )
        text = re.sub(rf"\b(?:{ports})\b", lambda port: str(self.ports[port[0]]), text)
        targets = [re.escape(target) for _, target in self._mounts(name)]
        if not targets:
            return text
        return re.sub(
            rf"(?<![\w.-])(?:{'|'.join(targets)})(?![\w-])",
            lambda target: str(self._root(name, target[0])),
            text,
        )

    def _root(self, name: str, target: str) -> Path:
        return self.folder / name / target.lstrip("/")


def free_ports(**taken: int) -> dict[str, int]:
    """A free port for each of the model's, but for those that are given as `p5432=…`."""
    return {port: taken.get(f"p{port}") or free_port() for port in PORTS}
