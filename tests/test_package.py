"""What is shipped: the declared dependencies, their locks and reasons, and the archives built of it."""

from __future__ import annotations

import configparser
import re
import tarfile
import tomllib
import zipfile
from email.parser import Parser
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import exporter
from tests.programs import PROJECT

if TYPE_CHECKING:
    from tests.plugins.packages import Packages

LOCKS = ("runtime", "dev", "build", "release")
PIN = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)(?P<rest>(?:.*\\\n)(?:\s+--hash=.*\n)*)", re.MULTILINE
)
MADE = re.compile(r"PKG-INFO|setup\.cfg|presence_exporter\.egg-info/.*")


def _setup() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(PROJECT / "setup.cfg", encoding="utf-8")
    return parser


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip() and line[0] not in "#-"]


def _declared() -> list[Requirement]:
    return [Requirement(line) for line in _lines(_setup()["options"]["install_requires"])]


def _wanted(lock: str) -> list[Requirement]:
    text = (PROJECT / "requirements" / f"{lock}.in").read_text(encoding="utf-8")
    return [Requirement(line) for line in _lines(text)]


def _lock(name: str) -> str:
    return (PROJECT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")


def _pins(lock: str) -> dict[str, str]:
    return {canonicalize_name(pin["name"]): pin["version"] for pin in PIN.finditer(_lock(lock))}


def test_the_lock_is_made_of_what_the_package_declares() -> None:
    """Whoever installs by name and whoever installs by lock ask for the same packages."""
    assert sorted(map(str, _wanted("runtime"))) == sorted(map(str, _declared()))


@pytest.mark.parametrize("lock", LOCKS)
def test_every_wanted_package_is_pinned_within_its_bounds(lock: str) -> None:
    """A bound that was raised without renewing the lock is found here."""
    pins = _pins(lock)
    for wanted in _wanted(lock):
        assert wanted.specifier.contains(pins[canonicalize_name(wanted.name)]), wanted


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_hashes(lock: str) -> None:
    """No version is installed whose content is not fixed as well."""
    pins = list(PIN.finditer(_lock(lock)))
    assert len(pins) == len(re.findall(r"^[A-Za-z]", _lock(lock), re.MULTILINE))
    assert [pin["name"] for pin in pins if "--hash=sha256:" not in pin["rest"]] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_how_to_renew_it_and_no_place(lock: str) -> None:
    """A lock says `make lock` and holds for every machine: no index, no address, no path."""
    text = _lock(lock)
    assert "make lock" in text.splitlines()[1]
    places = re.compile(r"://|^\s*-(?!-hash=)|--(?!hash=)\w|(?<!\w)[/~]\w", re.MULTILINE)
    assert [line for line in text.splitlines() if places.search(line)] == []


def test_the_checks_run_on_what_is_shipped() -> None:
    """Where both locks name a package, they name the same version."""
    runtime, dev = _pins("runtime"), _pins("dev")
    assert {name: dev[name] for name in runtime.keys() & dev.keys()} == {
        name: runtime[name] for name in runtime.keys() & dev.keys()
    }


def test_each_dependency_has_its_reason() -> None:
    """docs/dependencies.md has one full row for each direct dependency, and none for another."""
    text = (PROJECT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"
    ]
    assert [name for name, *_ in rows[2:]] == [wanted.name for wanted in _declared()]
    assert [row[0] for row in rows[2:] if len(row) != 3 or not all(row)] == []


def test_one_oldest_python() -> None:
    """Packaging, types and style agree on the oldest Python, which is the one the locks are made for."""
    setup = _setup()
    assert setup["options"]["python_requires"] == ">=3.11"
    assert setup["mypy"]["python_version"] == "3.11"
    assert tomllib.loads((PROJECT / "ruff.toml").read_text(encoding="utf-8"))["target-version"] == "py311"
    assert "--python-version 3.11" in (PROJECT / "Makefile").read_text(encoding="utf-8")


def test_pyproject_says_only_how_to_build() -> None:
    """Three lines, since pip refuses a folder that has setup.cfg alone; the rest is in setup.cfg."""
    text = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    assert len(text.splitlines()) == 3
    assert tomllib.loads(text)["build-system"].keys() == {"requires", "build-backend"}


def test_the_wheel_has_the_whole_package_and_nothing_else(packages: Packages) -> None:
    """Every file of the package is in it (modules, templates, the typing marker), no test is."""
    ours = {
        path.relative_to(PROJECT).as_posix()
        for path in (PROJECT / "exporter").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.name != "REVISION"
    }
    with zipfile.ZipFile(packages.wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert packed == ours
    assert "exporter/py.typed" in packed


def test_the_wheel_says_what_it_is(packages: Packages) -> None:
    """Name, version, licence, needs and the command are in its metadata."""
    info = f"presence_exporter-{exporter.__version__}.dist-info"
    with zipfile.ZipFile(packages.wheel) as archive:
        metadata = Parser().parsestr(archive.read(f"{info}/METADATA").decode())
        commands = archive.read(f"{info}/entry_points.txt").decode()
        assert f"{info}/licenses/LICENSE" in archive.namelist()
    assert metadata["Name"] == "presence-exporter"
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.11"
    needs = [Requirement(line) for line in metadata.get_all("Requires-Dist", [])]
    assert sorted(str(need) for need in needs if not need.marker) == sorted(map(str, _declared()))
    assert sorted(need.name for need in needs if need.marker) == sorted(need.name for need in _wanted("dev"))
    links = dict(link.split(", ") for link in metadata.get_all("Project-URL", []))
    assert links.keys() == {"Homepage", "Documentation", "Changelog", "Security"}
    assert {urlsplit(link).hostname for link in links.values()} == {"presence-exporter.example.org"}
    assert commands.split() == ["[console_scripts]", "presence-exporter", "=", "exporter.cli:main"]


def test_the_source_archive_has_all_that_the_repository_has_and_nothing_else(packages: Packages) -> None:
    """So the checks can be run from it; keys and passwords that lie about in a checkout are not in it."""
    with tarfile.open(packages.archive) as archive:
        files = {member.name.partition("/")[2] for member in archive if member.isfile()}
    assert set(packages.sources - files) == set()
    assert {name for name in files - packages.sources if not MADE.fullmatch(name)} == set()
