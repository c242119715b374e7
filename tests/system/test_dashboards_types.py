"""Every dashboard is one by the types that Grafana publishes, down to the options of each panel."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from tests.dashboardlint.reading import load, panels
from tests.system.grafanatypes import KINDS, UNPUBLISHED, complaints

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.system

BOARDS = load()


def first(board: Any, kind: str) -> Any:
    """The first panel of that type."""
    return next(panel for panel in panels(board) if panel["type"] == kind)


def schema_in_words(board: Any) -> None:
    """A text for a number."""
    board["schemaVersion"] = "42"


def unknown_property(board: Any) -> None:
    """A property that no dashboard has."""
    board["refreshes"] = "1m"


def unknown_kind(board: Any) -> None:
    """A type of panel that nobody publishes."""
    first(board, "stat")["type"] = "number"


def unknown_option(board: Any) -> None:
    """An option that this type of panel does not have."""
    first(board, "stat")["options"]["colourMode"] = "value"


def unknown_choice(board: Any) -> None:
    """A word that is none of those that an option can be."""
    first(board, "stat")["options"]["colorMode"] = "rainbow"


def missing_option(board: Any) -> None:
    """Less than a panel needs."""
    del first(board, "timeseries")["options"]["legend"]


def option_of_another_kind(board: Any) -> None:
    """An option that only other types of panels have."""
    first(board, "table")["options"]["legend"] = first(board, "timeseries")["options"]["legend"]


def field_in_words(board: Any) -> None:
    """A text for a number, in what a type of panel has to say of fields."""
    first(board, "timeseries")["fieldConfig"]["defaults"]["custom"]["lineWidth"] = "1"


def unknown_field(board: Any) -> None:
    """Something that this type of panel cannot say of fields."""
    first(board, "state-timeline")["fieldConfig"]["defaults"]["custom"]["stacking"] = {}


def unknown_mapping(board: Any) -> None:
    """Words for values in a way that Grafana does not know."""
    first(board, "state-timeline")["fieldConfig"]["defaults"]["mappings"][0]["type"] = "words"


def unknown_refresh(board: Any) -> None:
    """A variable that is asked again at a time that does not exist."""
    board["templating"]["list"][1]["refresh"] = 7


def unknown_format(board: Any) -> None:
    """A query whose answer has no known form."""
    first(board, "stat")["targets"][0]["format"] = "graph"


def nothing_in_a_closed_row(board: Any) -> None:
    """A panel without a type, where it is not seen at first."""
    row = next(panel for panel in board["panels"] if panel["type"] == "row")
    row["panels"] = [{"title": "nothing"}]


FAULTS: list[Callable[[Any], None]] = [
    schema_in_words,
    unknown_property,
    unknown_kind,
    unknown_option,
    unknown_choice,
    missing_option,
    option_of_another_kind,
    field_in_words,
    unknown_field,
    unknown_mapping,
    unknown_refresh,
    unknown_format,
    nothing_in_a_closed_row,
]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What the compiler says of the dashboards, and of the overview with each fault, all in one run."""
    compiled: dict[str, Any] = dict(BOARDS)
    for fault in FAULTS:
        compiled[fault.__name__] = copy.deepcopy(BOARDS["overview.json"])
        fault(compiled[fault.__name__])
    return complaints(compiled, folder=tmp_path_factory.mktemp("types"))


@pytest.mark.parametrize("name", BOARDS)
def test_the_dashboard_keeps_the_types(said: dict[str, list[str]], name: str) -> None:
    """And has no panel of a type that is not compared."""
    assert said[name] == []
    assert {panel["type"] for panel in panels(BOARDS[name])} <= {*KINDS, *UNPUBLISHED}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(fault.__name__))
def test_a_fault_is_refused(said: dict[str, list[str]], fault: Callable[[Any], None]) -> None:
    """So that the compiler looks at what the dashboards say."""
    assert said[fault.__name__] != []
