"""Prometheus's exporter-toolkit and our server are asked the same, with the same web configuration files.

Whatever they answer differently stands in docs/web-config.md, and nothing else does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import bcrypt
import pytest

from exporter.errors import ConfigError
from exporter.web.security import WebSecurity
from exporter.web.security.passwords import Passwords
from tests.kit.secured import Serving, serving
from tests.programs import PROJECT
from tests.system.toolkit import copy_test_files, reference
from tests.system.webfiles import CHANGES, OWN
from tests.system.webquestions import (
    Question,
    question_after_a_change,
    questions,
    write_client_certificates,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.system

Difference = tuple[str, str, str]
"""What was asked, what the toolkit did, and what we did."""

SERVES: Final = "serves"
STOPS: Final = "does not start"

DOCUMENT: Final = PROJECT / "docs" / "web-config.md"


@pytest.fixture
def files(tmp_path: Path) -> dict[Path, str]:
    """The toolkit's test files and our own, each with what the table calls it."""
    copy_test_files(tmp_path)
    write_client_certificates(tmp_path)
    named = {file: f"`{file.name}`" for file in sorted(tmp_path.glob("*.y*ml"))}
    assert len(named) > 30, "the toolkit's test files have moved"
    before = {name: text for name, (text, _) in CHANGES.items()}
    for number, (name, text) in enumerate({**OWN, **before}.items()):
        file = tmp_path / f"own-{number}.yml"
        file.write_text(text, encoding="utf-8")
        named[file] = name
    return named


def test_what_the_toolkit_does_differently_is_what_the_documentation_says(
    files: dict[Path, str], tmp_path: Path
) -> None:
    """Whether it starts; which status, for which certificate, password, version, path; which headers."""
    seen: set[Difference] = set()
    with ExitStack() as stack:
        theirs = stack.enter_context(reference(list(files), log=tmp_path / "reference.log"))
        ours = stack.enter_context(serving())
        for file, name in files.items():
            seen.update(_differences(file, name=name, theirs=theirs[file.name], ours=_start(ours, file)))
    documented = _documented()
    assert (sorted(seen - documented), sorted(documented - seen)) == ([], [])


def _start(ours: Serving, file: Path) -> int | None:
    """The port of our server with that file; None where it does not start."""
    try:
        # One of the toolkit's users has a hash that takes 15 s: it stands in for nobody here.
        return ours.start(WebSecurity(file), passwords=Passwords(matches=_matches))
    except ConfigError:
        return None


@lru_cache
def _matches(password: bytes, hashed: bytes) -> bool:
    return b"$18$" not in hashed and bcrypt.checkpw(password, hashed)


def _differences(file: Path, *, name: str, theirs: int | str, ours: int | None) -> Iterator[Difference]:
    if (isinstance(theirs, int), ours is not None) not in {(True, True), (False, False)}:
        yield name, SERVES if isinstance(theirs, int) else STOPS, STOPS if ours is None else SERVES
    if isinstance(theirs, int) and ours is not None:
        text = file.read_text(encoding="utf-8")
        asked = list(questions(text, file.parent))
        if name in CHANGES:
            file.write_text(CHANGES[name][1], encoding="utf-8")
            asked = [question_after_a_change(name, text)]
        for question in asked:
            yield from _difference(question, theirs=theirs, ours=ours)


def _difference(question: Question, *, theirs: int, ours: int) -> Iterator[Difference]:
    answers = question.ask(theirs), question.ask(ours)
    if answers[0] != answers[1]:
        yield question.topic, *answers


def _documented() -> set[Difference]:
    """The rows of the table under *Differences*."""
    section = DOCUMENT.read_text(encoding="utf-8").partition("## Differences")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")][2:]
    return {(row[0], row[1].strip("`"), row[2].strip("`")) for row in rows}
