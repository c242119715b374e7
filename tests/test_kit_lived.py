"""A life that is written down for Prometheus: moments, bad moods, edits, and samples with their labels."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from exporter.demo import MOODS
from tests.commandline import process_environment
from tests.kit import replicas
from tests.kit.lived import BAD, HOUR, LAST_MOODS, MOODY, REPAIRED, UNREADABLE, Life, Tape, live
from tests.kit.threads import run_threaded
from tests.programs import PROJECT

END = 1_800_000_000.0


def life(hours: float, *, every: float = 240.0) -> Life:
    """The last hours of a story."""
    return Life(END - hours * HOUR, END, END, every)


def test_moods_come_in_turn_and_the_last_ones_are_known() -> None:
    """One begins every five hours; all have had their turn when the story is long."""
    whole = life(9 * 24)
    begun = [whole.mood(END - number * MOODY) for number in range(1, 43)]
    assert tuple(begun[: len(LAST_MOODS)]) == LAST_MOODS
    assert set(begun) == set(MOODS)
    assert whole.mood(END - MOODY + BAD) is None
    assert whole.mood(END - 1) is None


def test_the_configuration_is_spoilt_once_between_two_moods_and_mended() -> None:
    """Each at one scrape."""
    edits = [(moment, good) for moment in life(5).moments() if (good := life(5).edits(moment)) is not None]
    assert [good for _, good in edits] == [False, True]
    assert edits[0][0] - (END - MOODY) == pytest.approx(UNREADABLE, abs=240)
    assert edits[1][0] - (END - MOODY) == pytest.approx(REPAIRED, abs=240)


def test_samples_get_labels_and_moments() -> None:
    """With labels of their own or without; comments are left out; other values can be said instead."""
    file = io.StringIO()
    tape = Tape(file)
    tape.page('# HELP a A.\na 1.0\nb{c="d"} 2.0\n# EOF\n', moment=5.0, instead={"a": 3.0})
    tape.silence(10.0)
    labels = 'job="presence",instance="exporter:10458"'
    lines = file.getvalue().splitlines()
    assert lines[:3] == [
        f"a{{{labels}}} 3.0 5.000",
        f'b{{c="d",{labels}}} 2.0 5.000',
        f"up{{{labels}}} 1 5.000",
    ]
    assert f"scrape_samples_scraped{{{labels}}} 2 5.000" in lines
    assert f"up{{{labels}}} 0 10.000" in lines
    assert tape.samples == len(lines)


def test_a_life_is_told_with_its_bad_moods_and_its_bad_file() -> None:
    """Facts are missing while a vendor is in a bad mood; a reload that failed is seen until the next one."""
    file = io.StringIO()
    samples = run_threaded(live(life(5.5, every=600.0), file))
    lines = file.getvalue().splitlines()
    assert samples == len(lines)

    def stored(name: str) -> list[str]:
        return [line.split()[-2] for line in lines if line.startswith(name + "{")]

    assert len(stored("up")) == 33
    assert 0 < len(stored("presence_participants")) < 33
    reloads = stored("presence_exporter_config_last_reload_successful")
    assert reloads.count("0.0") == 3
    assert reloads[-1] == "1.0"
    assert set(stored("process_start_time_seconds")) == {str(END - 5.5 * HOUR)}
    assert float(stored("presence_exporter_collections_shared_total")[-1]) > 0


def test_replicas_tell_the_same_hour_under_names_of_their_own(tmp_path: Path) -> None:
    """The second comes later, and is cut off for a while; one server is two seconds after the other."""
    file = io.StringIO()
    telling = replicas.live(
        file, start=END, scrapes=4, ledger=tmp_path / "ledger", joins=1, cut_off=range(2, 3)
    )
    samples = run_threaded(telling)
    lines = file.getvalue().splitlines()
    assert samples == len(lines)

    def moments(series: str) -> list[float]:
        return [float(line.split()[-1]) - END for line in lines if line.startswith(series)]

    people = 'presence_participants{source="demo-daily",job='
    assert moments(f'{people}"one",instance="only"') == [0, 60, 120, 180]
    assert moments(f'{people}"two",instance="a"') == [0, 60, 120, 180]
    assert moments(f'{people}"two",instance="b"') == [60, 180]
    assert moments(f'{people}"moved",instance="old"') == [0, 60]
    assert moments(f'{people}"moved",instance="new"') == [120, 180]
    assert moments(f'{people}"second",instance="only"') == [2, 62, 122, 182]


@pytest.mark.parametrize(
    "child, arguments",
    [("lived_child", (END - 600, END, END, 240, 0)), ("replicas_child", (END, 2))],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_process_of_its_own_writes_a_whole_file(
    child: str, arguments: tuple[float, ...], tmp_path: Path
) -> None:
    """As `promtool` wants it, and says how many samples there are."""
    file = tmp_path / "told.om"
    command = [sys.executable, "-m", f"tests.{child}", str(file), *map(str, arguments)]
    ran = subprocess.run(
        command,
        cwd=PROJECT,
        env=process_environment(None),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    *samples, end = file.read_text(encoding="utf-8").splitlines()
    assert (int(ran.stdout), end) == (len(samples), "# EOF")
