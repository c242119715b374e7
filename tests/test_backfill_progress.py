"""The file in which an unfinished backfill is kept, and the output's way to its place."""

from __future__ import annotations

import io
import os
import sqlite3
from typing import TYPE_CHECKING

import click
import pytest

from exporter.commands.backfill.command import make
from exporter.commands.backfill.grid import Grid
from exporter.commands.backfill.progress import Fate, Progress, ProgressLost, open_progress
from exporter.commands.backfill.terms import Terms
from exporter.commands.backfill.writing import beside_of, write_output
from exporter.config import BucketSettings
from exporter.counting import JOIN, MEETING
from exporter.errors import ConfigError
from exporter.model import ListedMeeting
from tests.kit.clock import run_virtual
from tests.kit.past import DAY, NOW, PastVendor, setup_of, wish

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GRID = Grid(1000.0, 10_000.0, 60)
TERMS = {"--source": "acme", "--start": "x"}


def opened(folder: Path, *, force: bool = False, **changes: str) -> Progress:
    """The file of that folder."""
    return open_progress(folder / "o.part", TERMS | changes, begin=500, force=force)


@pytest.fixture
def progress(tmp_path: Path) -> Iterator[Progress]:
    """A new one."""
    with opened(tmp_path) as progress:
        yield progress


def ended(name: str, end: float, *, stay: float = 60.0) -> ListedMeeting:
    """A meeting of one person."""
    return ListedMeeting(name, None, end - stay, ongoing=False, duration=stay, peak=1, stays=(stay,))


def test_a_new_one_begins_where_it_is_told(progress: Progress) -> None:
    """With nothing in it."""
    assert (progress.cursor, progress.written) == (500, False)
    assert [progress.number(fate) for fate in Fate] == [0, 0, 0, 0]
    assert (progress.counted(JOIN), list(progress.additions(JOIN))) == (0, [])


def test_a_meeting_counts_once_however_often_it_is_read(progress: Progress) -> None:
    """In one window, or in several; its first end is the one that counts."""
    meeting = ended("a", 1030.0)
    progress.record([(meeting, Fate.COUNTED), (meeting, Fate.COUNTED)], grid=GRID, cursor=600)
    progress.record([(ended("a", 5000.0), Fate.COUNTED)], grid=GRID, cursor=700)
    assert list(progress.additions(JOIN)) == [(1, [(60, 1)], 60_000)]
    assert (progress.number(Fate.COUNTED), progress.cursor) == (1, 700)


def test_what_was_left_out_at_first_counts_when_it_is_read_settled(progress: Progress) -> None:
    """And is not left out any more; what lies outside is not remembered."""
    progress.record([(ended("a", 1030.0), Fate.UNSETTLED)], grid=GRID, cursor=600)
    progress.record([(ended("b", 9.0), Fate.OUTSIDE), (ended("c", 9.0), Fate.ONGOING)], grid=GRID, cursor=700)
    assert (progress.number(Fate.UNSETTLED), progress.number(Fate.ONGOING)) == (1, 1)
    progress.record([(ended("a", 1030.0), Fate.COUNTED)], grid=GRID, cursor=800)
    assert (progress.number(Fate.UNSETTLED), progress.number(Fate.COUNTED)) == (0, 1)
    progress.record([(ended("a", 1030.0), Fate.ONGOING)], grid=GRID, cursor=900)
    assert [progress.number(fate) for fate in Fate] == [1, 0, 0, 1]


def test_additions_come_by_place_and_grow_over_windows(progress: Progress) -> None:
    """With values and sums of all windows."""
    progress.record([(ended("a", 1130.0), Fate.COUNTED)], grid=GRID, cursor=600)
    fates = [(ended("b", 1031.0, stay=30.5), Fate.COUNTED), (ended("c", 1131.0), Fate.COUNTED)]
    progress.record(fates, grid=GRID, cursor=700)
    assert list(progress.additions(MEETING)) == [(1, [(31, 1)], 30_500), (3, [(60, 2)], 120_000)]
    assert progress.counted(MEETING) == 3


def test_it_is_gone_on_with_where_it_was(tmp_path: Path) -> None:
    """By the next process."""
    with opened(tmp_path) as progress:
        progress.record([(ended("a", 1030.0), Fate.COUNTED)], grid=GRID, cursor=600)
    with opened(tmp_path) as again:
        assert (again.cursor, again.number(Fate.COUNTED)) == (600, 1)


def test_a_window_whose_writing_fails_is_not_there_at_all(tmp_path: Path) -> None:
    """Neither its meetings nor the cursor."""

    def broken() -> Iterator[tuple[ListedMeeting, Fate]]:
        yield ended("a", 1030.0), Fate.COUNTED
        raise KeyboardInterrupt

    with opened(tmp_path) as progress, pytest.raises(KeyboardInterrupt):
        progress.record(broken(), grid=GRID, cursor=600)
    with opened(tmp_path) as again:
        assert (again.cursor, again.number(Fate.COUNTED)) == (500, 0)


def test_two_runs_do_not_share_one(tmp_path: Path) -> None:
    """The second is told, and the first goes on."""
    with opened(tmp_path) as progress:
        for _ in range(2):
            with pytest.raises(ConfigError, match="another backfill into the same --output is at work"):
                opened(tmp_path)
        progress.record([], grid=GRID, cursor=600)
    with opened(tmp_path):
        pass


def test_a_file_that_is_not_ours_is_not_touched(tmp_path: Path) -> None:
    """Whether it is of SQLite or not, and by force neither."""
    path = tmp_path / "o.part"
    foreign = sqlite3.connect(path)
    foreign.execute("CREATE TABLE precious (x)")
    foreign.close()
    for content in (path.read_bytes(), b"a file of text, and a long one at that\n" * 100):
        path.write_bytes(content)
        with pytest.raises(ConfigError, match="remove it, or name another --output"):
            opened(tmp_path, force=True)
        assert path.read_bytes() == content


def test_an_empty_file_is_one_that_was_just_begun(tmp_path: Path) -> None:
    """The process ended between making it and writing into it."""
    (tmp_path / "o.part").touch()
    with opened(tmp_path) as progress:
        assert progress.cursor == 500


def test_a_damaged_file_is_told_and_left_as_it_is(tmp_path: Path) -> None:
    """It is not taken for another's, nor for a new one."""
    opened(tmp_path).close()
    path = tmp_path / "o.part"
    damaged = path.read_bytes()[:100] + b"\xff" * 4000
    path.write_bytes(damaged)
    with pytest.raises(ProgressLost, match="SQLITE_CORRUPT"):
        opened(tmp_path)
    assert path.read_bytes() == damaged


def test_a_file_that_cannot_be_read_is_told_with_what_to_do(tmp_path: Path) -> None:
    """Here a folder stands in its place."""
    (tmp_path / "o.part").mkdir()
    with pytest.raises(ProgressLost, match=r"cannot be read or written \(SQLITE_CANTOPEN\)"):
        opened(tmp_path)


def test_a_command_ends_in_one_line_where_its_file_cannot_be_read(tmp_path: Path) -> None:
    """With click's error, which is exit code 1."""
    (tmp_path / "o.part").mkdir()
    asked = wish(tmp_path / "o", start=NOW - 3 * DAY, end=NOW - 2 * DAY)
    with pytest.raises(click.ClickException, match="look at its folder"):
        make(setup_of(PastVendor([])), asked, stream=io.StringIO(), run=run_virtual)


def test_a_full_disk_loses_no_window_that_was_kept(tmp_path: Path) -> None:
    """The limit is lifted, and the same goes on."""
    with opened(tmp_path) as progress:
        progress.record([(ended("a", 1030.0), Fate.COUNTED)], grid=GRID, cursor=600)
        progress._connection.execute("PRAGMA max_page_count = 1")
        fates = [(ended(f"long-{number:0200}", 1030.0), Fate.COUNTED) for number in range(200)]
        with pytest.raises(ProgressLost, match=r"\(SQLITE_FULL\).*what was kept before is not lost"):
            progress.record(fates, grid=GRID, cursor=700)
    with opened(tmp_path) as again:
        assert (again.cursor, again.number(Fate.COUNTED)) == (600, 1)


def terms(output: Path) -> Terms:
    """Those of this grid."""
    return Terms("acme", GRID, (), output, force=False)


def test_an_output_whose_disk_is_full_is_told_and_not_in_its_place(tmp_path: Path) -> None:
    """The text beside it is left as it is, and written anew."""
    output = tmp_path / "o"
    beside_of(output).symlink_to("/dev/full")
    with opened(tmp_path) as progress, pytest.raises(ProgressLost, match="No space left on device"):
        write_output(progress, terms(output), buckets=BucketSettings())
    assert not output.exists()


def test_an_output_that_was_complete_takes_its_place_in_the_next_run(tmp_path: Path) -> None:
    """A process that ended between the two last steps has nothing left to read or write."""
    output = tmp_path / "o"
    asked = wish(output, start=NOW - 3 * DAY, end=NOW - 2 * DAY)
    vendor = PastVendor([])
    os.link(_state_of_a_complete_run(asked.output, vendor), tmp_path / "o.part")
    stamp = output.stat().st_mtime_ns
    said = make(setup_of(vendor), asked, stream=io.StringIO(), run=run_virtual)
    assert "0 meetings" in said
    assert output.stat().st_mtime_ns == stamp
    assert not (tmp_path / "o.part").exists()


def _state_of_a_complete_run(output: Path, vendor: PastVendor) -> Path:
    """Run to the end, and keep the file of its progress under another name."""
    kept = output.with_name("kept")
    asked = wish(output, start=NOW - 3 * DAY, end=NOW - 2 * DAY)
    part = output.with_name("o.part")

    def run_and_link(coroutine: object) -> None:
        run_virtual(coroutine)  # type: ignore[arg-type]
        os.link(part, kept)

    make(setup_of(vendor), asked, stream=io.StringIO(), run=run_and_link)
    return kept
