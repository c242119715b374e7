"""A day in the life of the exporter, on a virtual clock: no leak, and every recovery within one scrape."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from exporter.demo import MOODS
from tests.campaigns import campaign, soaking
from tests.commandline import process_environment
from tests.programs import PROJECT


def lived(hours: float) -> dict[str, Any]:
    """What a process saw that lived so many hours."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.day_child", str(hours)],
        cwd=PROJECT,
        env=process_environment(None),
        capture_output=True,
        text=True,
        timeout=3000,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


@pytest.mark.soak
def test_a_day_of_bad_moods_and_reloads_leaves_nothing_behind() -> None:
    """All moods in turn, a reload an hour; memory stays within a tenth of the first hour's.

    In the sample one hour passes, and not every mood has its turn.
    """
    hours = campaign(sample=1, full=24)
    seen = lived(hours + 0.1)
    first, *others = seen["hours"]
    assert len(others) == seen["reloads"] == hours
    for each in others:
        assert each["descriptors"] <= first["descriptors"]
        assert each["tasks"] <= first["tasks"]
        assert each["resident"] <= 1.1 * first["resident"]
    assert seen["scrapes"] > 100 * hours
    assert seen["failed"] > 10 * hours
    assert set(seen["moods"]) <= set(MOODS)
    assert len(seen["moods"]) == len(MOODS) or not soaking()
