"""Which rooms get a series: few enough, the right ones, the same ones as before; and nobody is ever lost."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import GroupOccupancy, RoomSeries
from exporter.rooms import (
    RoomLabel,
    RoomRules,
    choose_room_starts,
    choose_rooms,
    group_occupancy,
    room_series,
)

ROOMS = st.sampled_from(
    [*"abcdefghij", "aa", "ab", "ba-1", "__proto__", "a room", "räume", "x" * 128, "x" * 129]
)
OCCUPIED = st.dictionaries(ROOMS, st.integers(1, 30), max_size=16)
PATTERNS = st.sampled_from(["a.*", "[a-d]", ".*", "b", "(a|b).*"]).map(re.compile)
RULES = st.builds(
    RoomRules,
    watch=st.lists(ROOMS, max_size=3, unique=True).map(tuple),
    include=st.none() | PATTERNS,
    exclude=st.none() | PATTERNS,
    groups=st.lists(
        st.tuples(st.sampled_from(["g", "h"]), PATTERNS), max_size=2, unique_by=lambda g: g[0]
    ).map(tuple),
    limit=st.integers(0, 6),
    label=st.sampled_from(RoomLabel),
    hash_key=st.just(b"key"),
)
PLAIN = RoomRules(limit=2)


def chosen_slowly(occupied: Mapping[str, int], rules: RoomRules, before: frozenset[str]) -> set[str]:
    """Choose by swapping the smallest shown room for the biggest hidden one for as long as that is due."""
    if rules.label is RoomLabel.OFF:
        return set()
    hidden = {room for room in occupied if room not in rules.watch and rules.may_show(room)}

    def size(room: str) -> tuple[int, str]:
        return (occupied[room], room)

    shown: set[str] = set()
    for places in (sorted(hidden & before, key=size), sorted(hidden - before, key=size)):
        while places and len(shown) < rules.limit:
            shown.add(places.pop())
    hidden -= shown
    while hidden and shown:
        small, big = min(shown, key=size), max(hidden, key=size)
        if occupied[big] * 5 <= occupied[small] * 6:
            break
        shown = (shown - {small}) | {big}
        hidden = (hidden - {big}) | {small}
    return shown


def shown_before(occupied: Mapping[str, int], rules: RoomRules, data: st.DataObject) -> frozenset[str]:
    """Draw what may have been shown: a choice of the rooms of now, and one that is empty by now."""
    before = data.draw(st.permutations(sorted({*occupied, "gone"})))
    return frozenset(before[: rules.limit])


@given(occupied=OCCUPIED, rules=RULES, data=st.data())
def test_the_choice_is_that_of_swapping_one_by_one(
    occupied: dict[str, int], rules: RoomRules, data: st.DataObject
) -> None:
    """The quick way comes to the same rooms as the plain one, whatever was shown before."""
    before = shown_before(occupied, rules, data)

    assert choose_rooms(occupied, rules, shown_before=before) == chosen_slowly(occupied, rules, before)


@given(occupied=OCCUPIED, rules=RULES, data=st.data())
def test_the_choice_keeps_its_promises(
    occupied: dict[str, int], rules: RoomRules, data: st.DataObject
) -> None:
    """At most the limit, allowed names only, the watched ones apart, and no place is left empty."""
    before = shown_before(occupied, rules, data)
    shown = choose_rooms(occupied, rules, shown_before=before)
    allowed = {
        room
        for room in occupied
        if re.fullmatch(r"[A-Za-z0-9_-]{1,128}", room)
        and (rules.include is None or rules.include.fullmatch(room))
        and not (rules.exclude is not None and rules.exclude.fullmatch(room))
    } - set(rules.watch)
    wanted = 0 if rules.label is RoomLabel.OFF else min(rules.limit, len(allowed))

    assert shown <= allowed
    assert len(shown) == wanted
    if shown:
        hidden = allowed - shown
        assert all(occupied[big] * 5 <= occupied[small] * 6 for big in hidden for small in shown)
        newcomers = shown - before
        for gone in (before & allowed) - shown:
            assert any(occupied[new] * 5 > occupied[gone] * 6 for new in newcomers)


@given(occupied=OCCUPIED, rules=RULES, data=st.data())
def test_the_order_of_the_answer_does_not_matter(
    occupied: dict[str, int], rules: RoomRules, data: st.DataObject
) -> None:
    """Rooms of the same size are chosen by name."""
    turned = dict(data.draw(st.permutations(list(occupied.items()))))

    shown = choose_rooms(occupied, rules)
    assert choose_rooms(turned, rules) == shown
    assert room_series(turned, rules, shown=shown) == room_series(occupied, rules, shown=shown)


def test_a_shown_room_stays_until_a_hidden_one_is_more_than_a_fifth_bigger() -> None:
    """Exactly a fifth is not enough."""
    before = frozenset({"a", "b"})

    assert choose_rooms({"a": 5, "b": 9, "c": 6}, PLAIN, shown_before=before) == before
    assert choose_rooms({"a": 5, "b": 9, "c": 7}, PLAIN, shown_before=before) == {"b", "c"}
    assert choose_rooms({"a": 5, "b": 9, "c": 6}, PLAIN) == {"b", "c"}
    assert choose_rooms({"b": 9, "c": 6}, PLAIN, shown_before=before) == {"b", "c"}


@given(occupied=OCCUPIED, rules=RULES)
def test_shown_and_folded_are_everybody(occupied: dict[str, int], rules: RoomRules) -> None:
    """In every label mode, under every filter and limit: no room and nobody is lost or counted twice."""
    series = room_series(occupied, rules, shown=choose_rooms(occupied, rules))
    shown_occupied = sum(1 for people in series.shown.values() if people)

    assert sum(series.shown.values()) + series.folded_participants == sum(occupied.values())
    assert shown_occupied + series.folded_rooms == len(occupied)


@given(occupied=OCCUPIED, rules=RULES)
def test_watched_rooms_are_always_shown(occupied: dict[str, int], rules: RoomRules) -> None:
    """With 0 when empty, in spite of filters and limits; only `label: off` folds them too."""
    series = room_series(occupied, rules, shown=choose_rooms(occupied, rules))

    if rules.label is RoomLabel.OFF:
        assert series == RoomSeries({}, len(occupied), sum(occupied.values()))
    else:
        for room in rules.watch:
            assert series.shown[rules.label_of(room)] == occupied.get(room, 0)


def test_filters_match_whole_names() -> None:
    """A pattern that fits a part of the name decides nothing."""
    rules = RoomRules(include=re.compile("call"), exclude=re.compile("a"))

    assert [room for room in ("call", "callx", "a-call") if rules.may_show(room)] == ["call"]
    assert not RoomRules(exclude=re.compile("a+")).may_show("aaa")
    assert RoomRules(exclude=re.compile("a+")).may_show("aaab")


def test_a_hashed_label_is_keyed_and_hides_the_name() -> None:
    """16 hexadecimal digits of an HMAC: the same for the same key, others for another."""
    rules = RoomRules(label=RoomLabel.HASH, hash_key=b"one", watch=("frontdesk",))
    label = rules.label_of("frontdesk")

    assert label == hmac.new(b"one", b"frontdesk", hashlib.sha256).hexdigest()[:16]
    assert replace(rules, hash_key=b"two").label_of("frontdesk") != label
    assert room_series({"frontdesk": 3}, rules, shown=()).shown == {label: 3}
    assert choose_room_starts({"frontdesk": 5.0}, rules) == {label: 5.0}


@pytest.mark.parametrize("label", RoomLabel)
def test_the_hash_key_is_in_no_repr(label: RoomLabel) -> None:
    """Whoever has the key can link names to labels."""
    assert "s3cret" not in repr(RoomRules(label=label, hash_key=b"s3cret"))


@given(occupied=OCCUPIED, rules=RULES)
def test_groups_count_every_room_whose_whole_name_fits(occupied: dict[str, int], rules: RoomRules) -> None:
    """Whatever is shown, and under every label; a room may be in several groups; an empty group has zeros."""
    expected = []
    for name, pattern in rules.groups:
        sizes = [people for room, people in occupied.items() if pattern.fullmatch(room)]
        expected.append(GroupOccupancy(name, sum(sizes), len(sizes)))

    assert group_occupancy(occupied, rules) == tuple(expected)


@given(starts=st.dictionaries(ROOMS, st.integers(0, 9).map(float), max_size=16), rules=RULES)
def test_meeting_starts_are_those_of_watched_rooms_and_the_oldest(
    starts: dict[str, float], rules: RoomRules
) -> None:
    """Up to the limit, rooms of the same moment by name; none under `label: off`."""
    others = sorted((start, room) for room, start in starts.items() if room not in rules.watch)
    oldest = [room for _, room in others if rules.may_show(room)][: rules.limit]
    rooms = [*(room for room in rules.watch if room in starts), *oldest]
    expected = {} if rules.label is RoomLabel.OFF else {rules.label_of(room): starts[room] for room in rooms}

    assert choose_room_starts(starts, rules) == expected
