"""The wheel and the source archive, built once for all tests that look at them or run them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

from tests.programs import PROJECT

if TYPE_CHECKING:
    from pathlib import Path

NOT_OURS: Final = (
    *(".git", ".venv", ".tools", ".coverage*", ".hypothesis", ".import_linter_cache", ".cache", ".idea"),
    *(".mypy_cache", ".pytest_cache", ".ruff_cache", ".vscode", "__pycache__", "*.py[cod]", "*.egg-info"),
    *("*.swp", "REVISION", "build", "dist", "htmlcov", "secrets", ".env"),
)
"""What environments and tools leave in a checkout, by name."""

STRAY: Final = (
    ".env",
    "compose/secrets/postgres-password",
    "exporter/.env.local",
    "secrets/daily",
    "tests/client.key",
    "tests/data/client.pem",
    "tests/__pycache__/leftover.cpython-311.pyc",
)
"""What must not be packed, put into the copy that is built from."""


@dataclass(frozen=True, slots=True)
class Packages:
    """The two archives, and the paths of the files that they were built from, without what is stray."""

    wheel: Path
    archive: Path
    sources: frozenset[str]


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Packages:
    """Build the wheel from the source archive, and that of a copy: a build leaves folders where it runs."""
    folder = tmp_path_factory.mktemp("packages")
    source = folder / "source"
    shutil.copytree(PROJECT, source, ignore=shutil.ignore_patterns(*NOT_OURS))
    sources = {path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()}
    for name in STRAY:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("canary-of-the-archive")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(source)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    [wheel], [archive] = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return Packages(wheel, archive, frozenset(sources))
