"""How tests find real programs, and how large their campaigns are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.campaigns import campaign
from tests.programs import (
    require_made,
    require_postgresql,
    require_prometheus,
    require_superuser,
    require_tool,
)

if TYPE_CHECKING:
    from pathlib import Path

Skipped = pytest.skip.Exception
Failed = pytest.fail.Exception


def _program(folder: Path, name: str, *, says: str) -> Path:
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\necho '{says}'\n", encoding="utf-8")
    program.chmod(0o755)
    return program


def test_a_built_program_goes_before_the_systems(tmp_path: Path) -> None:
    """What `make tools` built is the pinned version, so it wins over the PATH."""
    built = _program(tmp_path / "tools", "promtool", says="built")
    system = _program(tmp_path / "bin", "promtool", says="system")
    environment = {"PATH": str(system.parent)}
    assert require_tool("promtool", tools=built.parent, environment=environment) == built
    assert require_tool("promtool", tools=tmp_path / "none", environment=environment) == system


def test_an_absent_program_skips_on_a_laptop_and_fails_under_ci(tmp_path: Path) -> None:
    """The reason names the program and how to get it, either way."""
    with pytest.raises(Skipped, match=r"promtool is neither .*`make tools`"):
        require_tool("promtool", tools=tmp_path, environment={"PATH": ""})
    with pytest.raises(Failed, match=r"promtool is neither .*`make tools`"):
        require_tool("promtool", tools=tmp_path, environment={"PATH": "", "CI": "true"})


def test_postgresql_is_found_off_the_path_and_the_newest_wins(tmp_path: Path) -> None:
    """Debian keeps each version in a folder of its own; one that is on the PATH goes first."""
    for version in ("9", "15", "common"):
        (tmp_path / version / "bin").mkdir(parents=True)
        _program(tmp_path / version / "bin", "initdb", says=version)
    assert require_postgresql(clusters=tmp_path, environment={"PATH": ""}) == tmp_path / "15" / "bin"
    on_path = tmp_path / "common" / "bin"
    environment = {"PATH": str(on_path)}
    assert require_postgresql(clusters=tmp_path, environment=environment) == on_path
    with pytest.raises(Skipped, match=r"no PostgreSQL server .*Debian"):
        require_postgresql(clusters=tmp_path / "none", environment={"PATH": ""})


def test_prometheus_is_chosen_by_its_version(tmp_path: Path) -> None:
    """Both servers have the same name, so each is asked what it is."""
    three = _program(tmp_path / "tools", "prometheus", says="prometheus, version 3.15.0 (branch: )")
    two = _program(tmp_path / "bin", "prometheus", says="prometheus, version 2.42.0+ds (branch: debian)")
    environment = {"PATH": str(two.parent)}
    assert require_prometheus(3, tools=three.parent, environment=environment) == three
    assert require_prometheus(2, tools=three.parent, environment=environment) == two


def test_a_prometheus_of_another_version_is_named(tmp_path: Path) -> None:
    """A server that will not do is told apart from none at all."""
    two = _program(tmp_path / "bin", "prometheus", says="prometheus, version 2.42.0+ds")
    with pytest.raises(Skipped, match=r"no Prometheus 3\.x .*found: .*prometheus is 2\.42\.0\+ds"):
        require_prometheus(3, tools=tmp_path, environment={"PATH": str(two.parent)})
    odd = _program(tmp_path / "odd", "prometheus", says="hello")
    with pytest.raises(Failed, match=r"no Prometheus 2\.x .*Debian.*prometheus is unknown"):
        require_prometheus(2, tools=tmp_path, environment={"PATH": str(odd.parent), "CI": "1"})
    with pytest.raises(Skipped, match="found: none"):
        require_prometheus(2, tools=tmp_path, environment={})


def test_what_was_not_made_skips_on_a_laptop_and_fails_under_ci(tmp_path: Path) -> None:
    """The reason names the file, its folder and how to make it."""
    assert require_made(tmp_path, environment={"CI": "true"}) == tmp_path
    with pytest.raises(Skipped, match=r"index\.json is not in .*`make tools`"):
        require_made(tmp_path / "index.json", environment={})
    with pytest.raises(Failed, match=r"index\.json is not in"):
        require_made(tmp_path / "index.json", environment={"CI": "true"})


def test_what_only_root_may_do_is_left_to_root() -> None:
    """Namespaces and mounts: a laptop's user skips, and the run that decides has to be root."""
    require_superuser(user=0, environment={"CI": "true"})
    with pytest.raises(Skipped, match="only root"):
        require_superuser(user=1000, environment={})
    with pytest.raises(Failed, match="only root"):
        require_superuser(user=1000, environment={"CI": "true"})


def test_a_campaign_is_a_sample_unless_soaking() -> None:
    """Only PRESENCE_SOAK=1 runs every case."""
    assert campaign(sample=5, full=1000, environment={}) == 5
    assert campaign(sample=5, full=1000, environment={"PRESENCE_SOAK": "0"}) == 5
    assert campaign(sample=5, full=1000, environment={"PRESENCE_SOAK": "1"}) == 1000
