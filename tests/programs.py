"""Finds the real programs that tests run: those built by `make tools` first, then the system's.

A program that is absent skips the test with the reason on a laptop and fails it under CI=true.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.plugins.strictness import under_ci

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PROJECT = Path(__file__).resolve().parent.parent
TOOLS = PROJECT / ".tools" / "bin"


def require_tool(
    name: str,
    *,
    tools: Path = TOOLS,
    environment: Mapping[str, str] = os.environ,
    hint: str = "`make tools` builds it",
) -> Path:
    """Return the program of that name, or skip (laptop) or fail (CI) the test that asks."""
    for program in _candidates(name, tools=tools, environment=environment):
        return program
    raise _absent(f"{name} is neither in .tools/bin nor on the PATH ({hint})", environment)


def require_prometheus(
    major: int, *, tools: Path = TOOLS, environment: Mapping[str, str] = os.environ
) -> Path:
    """Return a Prometheus server of that major version: 3 comes from `make tools`, 2 from Debian."""
    found = []
    for program in _candidates("prometheus", tools=tools, environment=environment):
        version = version_of(program)
        if version.startswith(f"{major}."):
            return program
        found.append(f"{program} is {version}")
    hint = "`make tools` builds it" if major >= 3 else "Debian's package `prometheus`"
    raise _absent(f"no Prometheus {major}.x ({hint}); found: {', '.join(found) or 'none'}", environment)


def require_postgresql(
    *, clusters: Path = Path("/usr/lib/postgresql"), environment: Mapping[str, str] = os.environ
) -> Path:
    """Return the folder of PostgreSQL's server programs: of the PATH, or Debian's newest in `clusters`."""
    for program in _candidates("initdb", tools=Path(), environment=environment):
        return program.resolve().parent
    for program in sorted(clusters.glob("*/bin/initdb"), key=_major, reverse=True):
        return program.parent
    raise _absent(
        f"no PostgreSQL server on the PATH or in {clusters} (Debian's package `postgresql`)", environment
    )


def require_made(path: Path, *, environment: Mapping[str, str] = os.environ) -> Path:
    """Return a file that `make tools` makes where it can."""
    if path.exists():
        return path
    raise _absent(f"{path.name} is not in {path.parent} (`make tools` makes it)", environment)


def require_superuser(*, user: int | None = None, environment: Mapping[str, str] = os.environ) -> None:
    """Return where the tests may do what only root may."""
    if (os.geteuid() if user is None else user) != 0:
        raise _absent("only root may do this", environment)


def _major(program: Path) -> int:
    name = program.parent.parent.name
    return int(name) if name.isdigit() else 0


def version_of(program: Path) -> str:
    """Return the version that a program of the Prometheus family says it has."""
    ran = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60, check=False)
    said = re.search(r"version (\d[\w.+~-]*)", ran.stdout + ran.stderr)
    return said.group(1) if said else "unknown"


def _candidates(name: str, *, tools: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    for folder in (str(tools), *environment.get("PATH", "").split(os.pathsep)):
        program = shutil.which(name, path=folder)
        if folder and program:
            yield Path(program)


def _absent(reason: str, environment: Mapping[str, str]) -> BaseException:
    if under_ci(environment):
        return pytest.fail.Exception(reason, pytrace=False)
    return pytest.skip.Exception(reason)
