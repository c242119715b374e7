"""Each rule complains of a board that breaks it: what people see, and what the file is beside its panels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.dashboardlint import looks, shape
from tests.dashboardlint.sample import HEAT, LINES, ROW, STAT, STATES, TABLE, TEXT, broken, good

if TYPE_CHECKING:
    from tests.dashboardlint.reading import Rule

UNIT = {"id": "unit", "value": "people"}


def panel(number: int, key: str, value: Any) -> dict[str, Any]:
    """The good board with another property of one panel."""
    return broken("panels", number, key, to=value)


def default(number: int, key: str, value: Any) -> dict[str, Any]:
    """The good board with another default of one panel's fields."""
    return broken("panels", number, "fieldConfig", "defaults", key, to=value)


def override(number: int, name: str, value: Any) -> dict[str, Any]:
    """The good board with another property of some fields of one panel."""
    entry = {"id": name, "value": value}
    return broken("panels", number, "fieldConfig", "overrides", 0, "properties", to=[entry])


def result(**words: str) -> dict[str, Any]:
    """The good board with another word or colour for a value."""
    return broken("panels", STATES, "fieldConfig", "defaults", "mappings", 0, "options", "0", to=words)


def place(number: int, **edges: int) -> dict[str, Any]:
    """The good board with a panel at another place."""
    return panel(number, "gridPos", good()["panels"][number]["gridPos"] | edges)


def content(text: str) -> dict[str, Any]:
    """The good board with another text."""
    return panel(TEXT, "options", {"content": text})


def stacked(expr: str) -> dict[str, Any]:
    """The good board with something else on its stack."""
    return broken("panels", LINES, "targets", 0, "expr", to=expr)


BROKEN: list[tuple[Rule, str, dict[str, Any]]] = [
    (looks.absence_is_explained, "a description", panel(HEAT, "description", "How many?")),
    (looks.absence_is_explained, "no description", broken("panels", STAT, "description")),
    (looks.purpose_first, "a number", broken("panels", TEXT)),
    (looks.purpose_first, "a statement", panel(ROW, "title", "Stays")),
    (looks.freshness, "nothing on age", broken("panels", STAT)),
    (looks.units_are_known, "of a field", override(TABLE, "unit", "people")),
    (looks.gaps_stay, "joined", default(LINES, "custom", {"spanNulls": True})),
    (looks.gaps_stay, "not said", default(LINES, "custom", {})),
    (looks.gaps_stay, "joined for an hour", override(LINES, "custom.spanNulls", 3_600_000)),
    (looks.gaps_stay, "joined states", default(STATES, "custom", {"spanNulls": True})),
    (looks.gaps_stay, "0 for nothing", default(STAT, "noValue", "0")),
    (looks.gaps_stay, "null as zero", default(STAT, "nullValueMode", "null as zero")),
    (looks.words_beside_colours, "a colour alone", result(color="#D55E00")),
    (looks.words_beside_colours, "words are hidden", panel(STATES, "options", {"showValue": "never"})),
    (looks.words_beside_colours, "no words", default(STATES, "mappings", [])),
    (looks.words_beside_colours, "a background", panel(STAT, "options", {"textMode": "none"})),
    (looks.words_beside_colours, "lines without names", panel(LINES, "options", {})),
    (
        looks.words_beside_colours,
        "bars without numbers",
        {
            **good(),
            "panels": [{**good()["panels"][STAT], "type": "bargauge", "options": {"valueMode": "hidden"}}],
        },
    ),
    (looks.one_colour_for_one_state, "another colour", result(text="Failed", color="red")),
    (looks.colours_are_told_apart, "of a word", result(text="failed", color="red")),
    (
        looks.colours_are_told_apart,
        "of a line",
        override(LINES, "color", {"mode": "fixed", "fixedColor": "green"}),
    ),
    (looks.colours_are_told_apart, "of a step", default(STAT, "thresholds", {"steps": [{"color": "red"}]})),
    (looks.stacked_parts, "rooms", stacked("max by (job, source, room) (presence_room_participants)")),
    (looks.stacked_parts, "other labels", stacked("max by (job, source) (presence_users)")),
    (looks.stacked_parts, "no labels", stacked("presence_users")),
    (shape.identity, "a number", {**good(), "id": 7}),
    (shape.identity, "a version", {**good(), "version": 1}),
    (shape.identity, "an old schema", broken("schemaVersion", to=41)),
    (shape.identity, "a short address", broken("uid", to="rooms")),
    (shape.identity, "no address", broken("uid")),
    (shape.identity, "a new address", broken("uid", to="presence-people")),
    (shape.identity, "no tag", broken("tags", to=[])),
    (shape.grid, "on another one", place(HEAT, y=13)),
    (shape.grid, "too wide", place(HEAT, x=1)),
    (shape.grid, "no height", place(HEAT, h=0)),
    (shape.grid, "left of it", place(HEAT, x=-1)),
    (shape.grid, "nowhere", broken("panels", STAT, "gridPos")),
    (shape.grid, "in a closed row", broken("panels", ROW, "panels", 0, "gridPos", "w", to=25)),
    (shape.numbers, "twice", panel(HEAT, "id", 2)),
    (shape.numbers, "as in a closed row", panel(HEAT, "id", 8)),
    (shape.numbers, "none", broken("panels", STAT, "id")),
    (shape.whole, "a library panel", panel(STAT, "libraryPanel", {"uid": "x"})),
    (shape.whole, "inputs", {**good(), "__inputs": []}),
    (shape.whole, "an input", panel(STAT, "datasource", "${DS_PROMETHEUS}")),
    (shape.events, "not Grafana's own", broken("annotations", "list", 0)),
    (shape.events, "none", broken("annotations")),
    (shape.events, "hidden", broken("annotations", "list", 1, "hide", to=True)),
    (shape.events, "always", broken("annotations", "list", 1, "enable")),
    (shape.events, "another data source", broken("annotations", "list", 1, "datasource")),
    (shape.links, "none", broken("links", to=[])),
    (shape.links, "other boards", broken("links", 0, "tags", to=["linux"])),
    (shape.links, "another time", broken("links", 0, "keepTime", to=False)),
    (shape.links, "another choice", broken("links", 0, "includeVars")),
    (shape.linked, "a board that is not", content("[x](d/presence-people?${__url_time_range})")),
    (shape.linked, "elsewhere", override(TABLE, "links", [{"url": "https://example.com/"}])),
    (shape.linked, "no address", override(TABLE, "links", [{"url": "presence-rooms"}])),
    (shape.linked, "of the board", broken("links", 1, "url", to="/d/presence-people")),
    (
        shape.drilling,
        "another time",
        override(TABLE, "links", [{"url": "/d/presence-rooms?${__all_variables}"}]),
    ),
    (shape.drilling, "another choice", content("[x](d/presence-rooms?${__url_time_range})")),
    (shape.refreshing, "too often", broken("refresh", to="5s")),
    (shape.refreshing, "not said", broken("refresh")),
    (shape.refreshing, "offered", broken("timepicker", "refresh_intervals", to=["10s", "1m"])),
    (shape.variable_order, "turned", broken("templating", "list", to=good()["templating"]["list"][::-1])),
    (shape.variable_order, "one less", broken("templating", "list", 3)),
    (shape.variable_order, "an unknown one", broken("templating", "list", 3, "name", to="team")),
    (shape.nobody, "a person", content("Ask ada@example.org")),
    (shape.nobody, "a machine", content("See http://10.1.2.3:9090")),
    (shape.nobody, "a path", content("In /home/ada/boards")),
    (shape.nobody, "an author", {**good(), "createdBy": "ada"}),
    (shape.nobody, "an id", stacked("sum by (userId) (presence_users)")),
]


@pytest.mark.parametrize("rule, what, board", BROKEN, ids=lambda each: getattr(each, "__name__", None))
def test_the_rule_complains(rule: Rule, what: str, board: dict[str, Any]) -> None:
    """With words."""
    complaints = rule(board)

    assert complaints, what
    assert all(each.text for each in complaints)


def test_every_rule_of_these_files_is_broken_by_something() -> None:
    """A rule that nothing can break looks at nothing."""
    assert {rule for rule, _, _ in BROKEN} == {*looks.RULES, *shape.RULES}


def test_parts_of_a_whole_may_be_stacked_with_or_without_their_source() -> None:
    """By source each stack is a whole of its own, which only one chosen source can show."""
    assert (
        looks.stacked_parts(stacked("sum by (status) (max by (job, source, status) (presence_users))")) == []
    )
    assert looks.stacked_parts(stacked("max by (job, source, status) (presence_users)"))


def test_what_only_decides_whether_something_is_shown_is_not_on_the_stack() -> None:
    """A sum is withheld while one of its sources is unknown."""
    whole = "sum by (status) (max by (job, source, status) (presence_users))"

    assert looks.stacked_parts(stacked(f"({whole}) unless on () (-(presence_up) == 0 and presence_up)")) == []
    assert looks.stacked_parts(stacked(f"presence_up and ({whole})"))


def test_colours_of_states_are_read_from_words_and_from_names_of_series() -> None:
    """In small letters."""
    assert looks.colours_of_states(good()) == {"ok": {"#009E73"}, "failed": {"#D55E00"}}
