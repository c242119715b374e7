"""The wheel as users have it: installed into an environment of its own from the lock, it serves the demo."""

from __future__ import annotations

import subprocess
import sys
import venv
from typing import TYPE_CHECKING

import httpx
import pytest

import exporter
from tests.commandline import foreign
from tests.programs import PROJECT
from tests.system.containers import call
from tests.system.processes import free_port, start

if TYPE_CHECKING:
    from pathlib import Path

    from tests.plugins.packages import Packages

pytestmark = pytest.mark.system


def install(folder: Path, packages: Packages) -> Path:
    """Make an environment with the packages of the lock and the wheel alone; return its command."""
    venv.create(folder, with_pip=False, symlinks=True)
    python = f"--python={folder / 'bin' / 'python'}"
    lock = PROJECT / "requirements" / "runtime.txt"
    # What pip does in ten seconds.
    call([sys.executable, "-m", "uv", "pip", "install", "--quiet", python, "--require-hashes", "-r", lock])
    pip = [sys.executable, "-m", "pip", python, "--quiet", "--disable-pip-version-check", "install"]
    call([*pip, "--no-compile", "--no-deps", "--no-index", packages.wheel])
    return folder / "bin" / "presence-exporter"


def test_it_is_installed_from_the_lock_and_serves(packages: Packages, tmp_path: Path) -> None:
    """With nothing of the checkout: the command, its pages with their templates, and figures of the demo."""
    command = install(tmp_path / "environment", packages)
    address = f"127.0.0.1:{free_port()}"
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    assert not any(map(foreign, environment))
    process = start(
        [command, "--demo", "--web.listen-address", address], log=tmp_path / "log", env=environment
    )
    try:
        process.wait_until_answers(f"http://{address}/-/ready")
        page = httpx.get(f"http://{address}/metrics", trust_env=False).text
        people = httpx.get(f"http://{address}/", trust_env=False, headers={"Accept": "text/html"})
    finally:
        status = process.stop()
    assert 'presence_up{source="demo-daily"} 1' in page
    assert 'presence_up{source="demo-rocketchat"} 1' in page
    assert people.status_code == 200
    assert "</html>" in people.text
    assert (status, "Traceback" in process.stderr) == (0, False)

    said = call([command, "--version"])
    assert exporter.__version__ in said
    where = "import exporter; print(exporter.__file__)"
    found = subprocess.run(
        [command.parent / "python", "-c", where], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert found.stdout.startswith(str(tmp_path))
