"""The documentation as a site, built once for all tests that look at it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.programs import PROJECT

NOBODY: Final = "http://127.0.0.1:1"
"""A proxy that is not there, so that nothing can be fetched."""


def build(*flags: str, config: Path) -> subprocess.CompletedProcess[str]:
    """Build a site, with a network that leads nowhere."""
    nowhere = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), NOBODY)
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--config-file", str(config), *flags]
    environment = {**os.environ, **nowhere, "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment, cwd=config.parent
    )


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build all of it, strictly; return the folder of the site."""
    folder = tmp_path_factory.mktemp("site")
    built = build("--site-dir", str(folder), config=PROJECT / "mkdocs.yml")
    assert (built.returncode, built.stderr) == (0, "")
    return folder
