"""What panels show is what was so in the simulated world, at every scrape of the last hours.

The world is asked itself, by the functions that decide who is where, and not by the wire that is read.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import pytest

from exporter.commands.demonstration import SEED
from exporter.demo import CHAT_ON_CALL, ChatWorkspace, DailyDomain, mildly
from tests.kit.boards import Window, boards, fill
from tests.kit.lived import Life
from tests.system.world import RESTARTED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.system.world import StoredWorld

pytestmark = pytest.mark.system

DAILY: Final = DailyDomain(SEED, teller=mildly(SEED))
CHAT: Final = ChatWorkspace(SEED)

STATUSES: Final = ("online", "away", "busy", "unknown")
SIZES: Final = (1, 2, 3, 4, 5, 10, 20, 50, 100, 200, 500, 1000)

Truth: TypeAlias = "Mapping[str, float]"
"""Values by the label of a panel that tells its series apart; by an empty text where there is one series."""


def people(moment: float) -> Truth:
    """Everybody who is in some room."""
    return {"": sum(map(len, DAILY.present(moment).values()))}


def rooms(moment: float) -> Truth:
    """Rooms with somebody in them."""
    return {"": len(DAILY.present(moment))}


def meetings(moment: float) -> Truth:
    """Meetings that are told to be going on."""
    return {"": len(DAILY.told_ongoing(moment))}


def by_room(moment: float) -> Truth:
    """People in the biggest rooms."""
    return {room: len(stays) for room, stays in DAILY.present(moment).items()}


def by_size(moment: float) -> Truth:
    """Rooms that are not bigger than each end of a bucket."""
    sizes = [len(stays) for stays in DAILY.present(moment).values()]
    return {str(float(end)): sum(size <= end for size in sizes) for end in SIZES} | {"+Inf": len(sizes)}


def alone(moment: float) -> Truth:
    """Rooms with a single person."""
    return {"": sum(len(stays) == 1 for stays in DAILY.present(moment).values())}


def by_status(moment: float) -> Truth:
    """Users that are not offline; the bot that the settings leave out is none."""
    counts = Counter(status for ident, status in CHAT.statuses(moment).items() if ident != "rocket.cat")
    return {status: counts[status] for status in STATUSES}


def online(moment: float) -> Truth:
    """Users that are online."""
    return {"": by_status(moment)["online"]}


def on_call(status: str) -> Callable[[float], Truth]:
    """Members of the group that are in a status."""

    def members(moment: float) -> Truth:
        statuses = CHAT.statuses(moment)
        return {"oncall": sum(statuses[ident] == status for ident in CHAT_ON_CALL)}

    return members


def connections(moment: float) -> Truth:
    """Sessions that are open on the server."""
    return {"": CHAT.connections(moment)}


TRUTHS: Final = [
    ("overview", "People now", "A", "", people),
    ("overview", "Rooms now", "A", "", rooms),
    ("overview", "Meetings now", "A", "", meetings),
    ("overview", "Users online now", "A", "", online),
    ("overview", "People in calls", "A", "", people),
    ("overview", "Rooms occupied and meetings", "A", "", rooms),
    ("overview", "Rooms occupied and meetings", "B", "", meetings),
    ("overview", "Users by status", "A", "status", by_status),
    ("overview", "Biggest rooms", "A", "room", by_room),
    ("rooms", "People in calls now", "A", "", people),
    ("rooms", "Biggest rooms now", "A", "room", by_room),
    ("rooms", "Rooms by size", "A", "le", by_size),
    ("rooms", "People alone, by how long", "A", "", alone),
    ("chat", "Users now", "A", "status", by_status),
    ("chat", "Members by status now", "A", "group", on_call("online")),
    ("chat", "Members by status now", "B", "group", on_call("away")),
    ("chat", "Members by status now", "C", "group", on_call("busy")),
    ("chat", "Members by status now", "D", "group", on_call("offline")),
    ("chat", "Connections and their limit", "A", "", connections),
]


@pytest.mark.parametrize("board, panel, letter, label, truth", TRUTHS)
def test_a_panel_shows_what_is_so(
    board: str,
    panel: str,
    letter: str,
    label: str,
    truth: Callable[[float], Truth],
    stored_world: StoredWorld,
) -> None:
    """All its series, at each scrape since the exporter was started anew."""
    [read] = [each for each in boards() if each.name == board]
    [question] = [each for each in read.questions if each.key == (board, panel, letter)]
    moments = list(Life(stored_world.end - RESTARTED, stored_world.end, 0, stored_world.every).moments())
    window = Window(moments[0], moments[-1], stored_world.every)
    body, _ = stored_world.server.ask(
        "query_range",
        query=fill(question.expr, {**read.given, **window.values()}),
        start=moments[0],
        end=moments[-1],
        step=stored_world.every,
    )
    shown: dict[float, dict[str, float]] = {moment: {} for moment in moments}
    for series in body["data"]["result"]:
        for moment, value in series["values"]:
            shown[moment][series["metric"].get(label, "")] = float(value)
    assert [_told(each, shown[each], truth) for each in moments] == [None] * len(moments)


def _told(moment: float, shown: Truth, truth: Callable[[float], Truth]) -> Any:
    """What differs at a moment; of equally big rooms it may be chance which are among the biggest."""
    true = truth(moment)
    if len(shown) >= 20:
        least = min(shown.values())
        true = {key: value for key, value in true.items() if value > least or key in shown}
    return None if dict(shown) == dict(true) else (moment, shown, true)
