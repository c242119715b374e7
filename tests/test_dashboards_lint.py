"""Every dashboard that is delivered keeps every rule, but for listed exceptions with their reasons."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import pytest

from tests.dashboardlint.looks import colours_of_states
from tests.dashboardlint.reading import load
from tests.dashboardlint.rules import EXEMPTIONS, RULES
from tests.dashboardlint.shape import UIDS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.dashboardlint.reading import Rule

BOARDS = load()

EXEMPT = {(each.rule, each.uid, each.panel) for each in EXEMPTIONS}


def test_the_boards_are_those_that_alerts_and_links_know() -> None:
    """Each in one file."""
    assert Counter(board["uid"] for board in BOARDS.values()) == Counter(UIDS)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule.__name__))
def test_every_board_keeps_the_rule(rule: Rule) -> None:
    """On every panel that is not exempt."""
    broken = [
        (name, complaint.panel, complaint.text)
        for name, board in BOARDS.items()
        for complaint in rule(board)
        if (rule.__name__, board["uid"], complaint.panel) not in EXEMPT
    ]

    assert broken == []


def test_every_exception_is_still_needed() -> None:
    """The panel breaks the rule today, and somebody said why it may."""
    rules = {rule.__name__: rule for rule in RULES}
    boards = {board["uid"]: board for board in BOARDS.values()}
    broken = {
        (each.rule, each.uid, each.panel): [
            complaint for complaint in rules[each.rule](boards[each.uid]) if complaint.panel == each.panel
        ]
        for each in EXEMPTIONS
    }

    assert len(broken) == len(EXEMPTIONS)
    assert [place for place, complaints in broken.items() if not complaints] == []
    assert all(each.reason.endswith(".") for each in EXEMPTIONS)


def test_a_state_has_the_same_colour_on_all_boards() -> None:
    """As the rule holds it on each of them."""
    together: dict[str, set[str]] = defaultdict(set)
    for board in BOARDS.values():
        for state, colours in colours_of_states(board).items():
            together[state] |= colours

    assert {state: colours for state, colours in together.items() if len(colours) > 1} == {}


def test_titles_are_unique_on_a_board() -> None:
    """So that an exception, and a person on the phone, name one panel."""
    for board in BOARDS.values():
        titles = Counter(panel.get("title") for panel in board["panels"] if panel["type"] != "row")

        assert [title for title, times in titles.items() if times > 1] == []


def test_a_folder_is_read_by_its_files(tmp_path: Path) -> None:
    """Those that are JSON, by name."""
    (tmp_path / "b.json").write_text("{}")
    (tmp_path / "a.json").write_text('{"uid": "x"}')
    (tmp_path / "README.md").write_text("")

    assert load(tmp_path) == {"a.json": {"uid": "x"}, "b.json": {}}
