"""The simulated Daily tells of meetings late and wrongly at first, where it should; in the end the truth."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from exporter.demo import Attendance, Meeting, Stay, Telling, awkwardly, mildly
from exporter.demo.telling import CORRECTED_EVERY, Teller, Told, plainly, told
from tests.demo_client import DAY, HOUR, MORNING, Asker

START = 10_000
END = 12_000


def meeting(*, start: int = START, end: int = END) -> Meeting:
    """A meeting of two, the first of whom waited for the other."""
    stays = (Stay("r", "a", None, None, start - 20, end), Stay("r", "b", None, None, start, end - 500))
    return Meeting("id", "r", start, end, tuple(Attendance(each, each.join, each.leave) for each in stays))


def at(now: float, telling: Telling) -> Told | None:
    """How it is told."""
    return told(meeting(), telling, now=now)


def row(now: int, *, telling: Telling, **query: Any) -> dict[str, Any] | None:
    """The row of one meeting of a real domain that is told like that, at so many seconds after its end."""
    asker = Asker()
    chosen = next(m for m in asker.domain.meetings(MORNING) if m.end - m.start > 1200 and m.end < MORNING)
    odd = Asker(teller=lambda each: telling if each.id == chosen.id else plainly(each))
    odd.clock.now = chosen.end + now
    rows = odd.daily("/meetings", room=chosen.room, timeframe_end=int(chosen.end), **query).json()["data"]
    return next((each for each in rows if each["id"] == chosen.id), None)


def test_a_meeting_is_listed_late() -> None:
    """So long after it could be."""
    assert at(START + 99, Telling(late=100)) is None
    assert at(START + 100, Telling(late=100)) is not None


def test_a_start_is_dated_back() -> None:
    """At first the meeting is told to have begun later, and never in the future."""
    telling = Telling(started_late=600, dated_back_after=40)
    assert at(START + 599, telling) is None
    for now, start in ((START + 600, START + 600), (START + 639, START + 600), (START + 640, START)):
        shown = at(now, telling)
        assert shown is not None
        assert shown.start == start
        assert shown.place == (-start, "id")


def test_an_ended_meeting_goes_on_for_a_while() -> None:
    """Whoever stayed to the end is told to be there still, unless the list of ongoing ones is ahead."""
    lag = Telling(lag=600)
    late, over = row(599, telling=lag, ongoing="true"), row(600, telling=lag)
    assert late is not None
    assert over is not None
    assert row(600, telling=lag, ongoing="true") is None
    assert (late["ongoing"], over["ongoing"]) == (True, False)
    ends = [max(p["join_time"] + p["duration"] for p in each["participants"]) for each in (late, over)]
    assert ends == [over["start_time"] + over["duration"] + 599, over["start_time"] + over["duration"]]
    ahead = Telling(lag=600, unlisted=True)
    assert row(-1, telling=ahead, ongoing="true") is not None
    assert row(0, telling=ahead, ongoing="true") is None
    going_on = row(0, telling=ahead)
    assert going_on is not None
    assert going_on["ongoing"] is True


def test_durations_are_corrected_after_the_end() -> None:
    """In steps, the stays as well as the meeting; none falls below nothing."""
    telling = Telling(lag=10, lacking=(5000, 60))
    steps = [row(10 + n * CORRECTED_EVERY, telling=telling) for n in range(3)]
    final = row(3600, telling=Telling())
    assert final is not None
    found = [each and (each["duration"], [p["duration"] for p in each["participants"]]) for each in steps]
    stays = [person["duration"] for person in final["participants"]]
    assert found == [
        (0, [0] * len(stays)),
        (final["duration"] - 60, [max(0, each - 60) for each in stays]),
        (final["duration"], stays),
    ]


def test_durations_may_be_fractions() -> None:
    """Of meetings and stays alike, once they have ended."""
    whole, odd = row(0, telling=Telling()), row(0, telling=Telling(fraction=0.25))
    assert whole is not None
    assert odd is not None
    assert odd["duration"] == whole["duration"] + 0.25
    assert [p["duration"] % 1 for p in odd["participants"]] == [0.25] * len(odd["participants"])
    assert all(isinstance(p["duration"], int) for p in whole["participants"])


def test_a_meeting_vanishes() -> None:
    """From all lists, and its id still marks a place in them."""
    assert at(START + 299, Telling(vanishes=300)) is not None
    assert at(START + 300, Telling(vanishes=300)) is None
    asker = Asker()
    newest, second, *_ = asker.daily("/meetings").json()["data"]
    gone = Asker(teller=lambda each: Telling(vanishes=0) if each.id == newest["id"] else plainly(each))
    assert gone.daily("/meetings", limit=1).json()["data"][0]["id"] == second["id"]
    assert gone.daily("/meetings", starting_after=newest["id"]).json()["data"][0]["id"] == second["id"]


def test_pages_repeat_rows_and_come_to_an_end_all_the_same() -> None:
    """Each begins with the last rows of the one before; none is left out, and the count counts each once."""
    asker, plain = Asker(repeats=3), Asker()
    for limit in (100, 2, 1):
        cursor: dict[str, Any] = {}
        pages: list[list[str]] = []
        while not pages or set(pages[-1]) - {each for page in pages[:-1] for each in page}:
            answer = asker.daily("/meetings", limit=limit, timeframe_start=MORNING - HOUR // 2, **cursor)
            pages.append([each["id"] for each in answer.json()["data"]])
            assert answer.json()["total_count"] == len(plain.domain.told(since=MORNING - HOUR // 2))
            cursor = {"starting_after": pages[-1][-1]} if pages[-1] else cursor
        again = min(3, limit - 1)
        assert all(after[:again] == before[-again:] for before, after in pairwise(pages) if again)
        truth = plain.daily("/meetings", timeframe_start=MORNING - HOUR // 2).json()["data"]
        assert list(dict.fromkeys(each for page in pages for each in page)) == [each["id"] for each in truth]


def views(asker: Asker, now: float, *, until: float | None = None) -> dict[str, tuple[int, bool, int]]:
    """How each meeting is told, by its id: start, going on, what its durations lack."""
    shown = asker.domain.told(now, until=until)
    return {each.meeting.id: (each.start, each.ongoing, each.lacking) for each in shown}


@pytest.mark.parametrize("teller", [mildly("s"), awkwardly("s")])
def test_much_is_told_oddly_while_it_is_new_and_truly_in_the_end(teller: Teller) -> None:
    """Lists differ from the truth near the present; a day later nothing of that is left, fractions apart."""
    odd, plain = Asker(teller=teller), Asker()
    assert views(odd, MORNING) != views(plain, MORNING)
    old = MORNING - 30 * HOUR
    assert views(odd, MORNING, until=old) == views(plain, MORNING, until=old)
    later = MORNING + DAY
    assert len(views(plain, later, until=MORNING)) > 500
    assert views(odd, later, until=MORNING) == views(plain, later, until=MORNING)


def test_what_the_domain_would_not_look_for_is_refused() -> None:
    """A start or an end may be told an hour wrongly, not more."""
    with pytest.raises(ValueError, match="more than 3600 s"):
        Telling(lag=3601)
