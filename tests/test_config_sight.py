"""Files that have changed since they were seen, and what tells of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from exporter.config.files import Content, FileFault
from exporter.config.sight import changed, look

if TYPE_CHECKING:
    from pathlib import Path

LATER = 3600.0


def later(path: Path) -> float:
    """A moment long after the file was written."""
    return path.stat().st_mtime + LATER


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that holds a word."""
    path = tmp_path / "file"
    path.write_text("one")
    return path


def test_a_file_that_stays_has_not_changed(file: Path) -> None:
    """Seen young or old."""
    for wall in (later(file), later(file) - LATER):
        content, sight = look(file, wall=lambda wall=wall: wall)  # type: ignore[misc]
        assert isinstance(content, Content)
        assert content.data == b"one"
        seen = {file: sight}
        assert not changed(seen, wall=lambda: later(file))
        assert seen[file].times is not None


def test_another_content_is_a_change(file: Path) -> None:
    """Also one of the same length, and back again."""
    seen = {file: look(file)[1]}
    file.write_text("two")
    assert changed(seen)
    file.write_text("one")
    assert not changed(seen)


def test_times_of_a_young_file_tell_nothing(file: Path) -> None:
    """It may be written twice in one moment: its content is compared, although its times are the same."""
    moment = file.stat().st_mtime
    seen = {file: look(file, wall=lambda: moment)[1]}
    file.write_text("two")
    os.utime(file, (moment, moment))
    assert changed(seen, wall=lambda: moment)


def test_the_times_of_an_old_file_stand_for_its_content(file: Path) -> None:
    """Its content is not read again: a file that may not be opened any more is as it was."""
    moment = later(file)
    seen = {file: look(file, wall=lambda: moment)[1]}
    before = seen[file]
    assert not changed(seen, wall=lambda: moment)
    assert seen[file] is before


def test_the_same_content_anew_is_no_change(file: Path) -> None:
    """Its new times are remembered."""
    moment = later(file)
    seen = {file: look(file, wall=lambda: moment)[1]}
    before = seen[file]
    os.utime(file, (1.0, 1.0))
    assert not changed(seen, wall=lambda: moment)
    assert seen[file].times != before.times


def test_a_file_that_comes_or_goes_is_a_change(file: Path) -> None:
    """Why it cannot be read is what is compared then."""
    missing = file.with_name("missing")
    seen = {file: look(file)[1], missing: look(missing)[1]}
    assert isinstance(look(missing)[0], FileFault)
    assert not changed(seen)
    missing.write_text("here")
    assert changed({missing: seen[missing]})
    file.unlink()
    assert changed({file: seen[file]})


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    """A pipe that nobody writes to would stop the process."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert str(look(pipe)[0]) == "is not a regular file"
