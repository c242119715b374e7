"""Decides which rooms get a series of their own, under which label, and what is folded into the rest.

Pure: takes the occupied rooms with their head counts, and the rooms that were shown last time, and says
which are shown now. It knows no vendor and no metric. Filters and limits choose names only; nobody is ever
left out of a total.
"""

import hmac
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from heapq import nlargest, nsmallest

from exporter.model import GroupOccupancy, RoomSeries

NEWCOMER_ADVANTAGE = 1.2
"""How much bigger a hidden room must be to take the place of a shown one: series that flap cost more than
they tell."""

ROOM_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")
"""The room names that Daily allows; any other is counted and never made a label."""


class RoomLabel(StrEnum):
    """What the label `room` shows."""

    PLAIN = "plain"
    HASH = "hash"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class RoomRules:
    """The room settings of one source.

    `include` None means every name; `hash_key` is set where `label` is `hash`, and stays out of every
    `repr`.
    """

    watch: tuple[str, ...] = ()
    include: re.Pattern[str] | None = None
    exclude: re.Pattern[str] | None = None
    groups: tuple[tuple[str, re.Pattern[str]], ...] = ()
    limit: int = 500
    label: RoomLabel = RoomLabel.PLAIN
    hash_key: bytes = field(default=b"", repr=False)

    def label_of(self, room: str) -> str:
        """The label value of a room: its name, or 16 hex digits that only the key's owner can link to it."""
        if self.label is RoomLabel.HASH:
            return hmac.digest(self.hash_key, room.encode(), "sha256").hex()[:16]
        return room

    def may_show(self, room: str) -> bool:
        """True where the settings let the room have a series; the limit is applied elsewhere."""
        if self.include is not None and not self.include.fullmatch(room):
            return False
        if self.exclude is not None and self.exclude.fullmatch(room):
            return False
        return ROOM_NAME.fullmatch(room) is not None


def choose_rooms(
    occupied: Mapping[str, int], rules: RoomRules, *, shown_before: Collection[str] = ()
) -> frozenset[str]:
    """The occupied rooms that get a series, beside the watched ones: at most `rules.limit`, the biggest.

    A room that was shown stays until a hidden one is 20 % bigger, so that rooms of about the same size do
    not take turns. Equal rooms are chosen by name, so that the choice does not hang on the order of the
    answer.
    """
    if rules.label is RoomLabel.OFF:
        return frozenset()
    watched = frozenset(rules.watch)
    candidates = [room for room in occupied if room not in watched and rules.may_show(room)]
    if len(candidates) <= rules.limit:
        return frozenset(candidates)

    def size(room: str) -> tuple[int, str]:
        return (occupied[room], room)

    incumbents = [room for room in candidates if room in shown_before]
    kept = nlargest(rules.limit, incumbents, key=size)
    hidden = set(candidates).difference(kept)
    challengers = nlargest(rules.limit, hidden, key=size)
    free = rules.limit - len(kept)
    shown = set(kept).union(challengers[:free])
    for small, big in zip(sorted(shown, key=size), challengers[free:], strict=False):
        if occupied[big] <= occupied[small] * NEWCOMER_ADVANTAGE:
            break
        shown.remove(small)
        shown.add(big)
    return frozenset(shown)


def room_series(occupied: Mapping[str, int], rules: RoomRules, *, shown: Collection[str]) -> RoomSeries:
    """The rooms that `choose_rooms` chose and the watched ones (0 when empty), and the sum of all others.

    `rules.label: off` folds all of them, watched ones too.
    """
    if rules.label is RoomLabel.OFF:
        return RoomSeries({}, len(occupied), sum(occupied.values()))
    named = {room: occupied.get(room, 0) for room in rules.watch}
    named.update((room, occupied[room]) for room in occupied if room in shown)
    hidden_rooms = len(occupied) - sum(1 for room in named if room in occupied)
    hidden_people = sum(occupied.values()) - sum(named.values())
    return RoomSeries(
        {rules.label_of(room): people for room, people in named.items()}, hidden_rooms, hidden_people
    )


def group_occupancy(occupied: Mapping[str, int], rules: RoomRules) -> tuple[GroupOccupancy, ...]:
    """People and occupied rooms in each configured group; a room may be in several groups, or in none."""
    found = []
    for group, pattern in rules.groups:
        sizes = [people for room, people in occupied.items() if pattern.fullmatch(room)]
        found.append(GroupOccupancy(group, sum(sizes), len(sizes)))
    return tuple(found)


def choose_room_starts(starts: Mapping[str, float], rules: RoomRules) -> dict[str, float]:
    """The rooms whose meeting start is shown, by label: the watched ones, then the oldest up to the limit."""
    if rules.label is RoomLabel.OFF:
        return {}
    watched = [room for room in rules.watch if room in starts]
    others = [room for room in starts if room not in rules.watch and rules.may_show(room)]
    oldest = nsmallest(rules.limit, others, key=lambda room: (starts[room], room))
    return {rules.label_of(room): starts[room] for room in (*watched, *oldest)}
