"""The simulated Daily answers as the vendor documents, and in the documented shapes."""

from datetime import datetime
from typing import Any

import httpx
import pytest

from exporter.demo import DAILY_URL
from exporter.demo.rhythms import PLACES
from tests.demo_client import DAILY_LOGIN, DAY, HOUR, MORNING, Asker, Hand, differences, example

ROW_EXTRAS = {".userName": {"null"}, "[].userName": {"null"}}


def ids(answer: httpx.Response) -> list[str]:
    """Give the ids of a page."""
    return [row["id"] for row in answer.json()["data"]]


def test_presence_has_the_documented_keys_and_types() -> None:
    """Over a day, guests without a name included."""
    asker = Asker()
    documented = [row for rows in example("daily-presence").values() for row in rows]
    documented += example("daily-room-presence")["data"]
    for asker.clock.now in range(MORNING, MORNING + DAY, 2 * HOUR):
        rows = [row for rows in asker.daily("/presence").json().values() for row in rows]
        assert rows
        assert differences(rows, documented, extras=ROW_EXTRAS) == []


def test_presence_shows_who_is_there() -> None:
    """Each room by its name, with the rows of the world's truth."""
    asker = Asker()
    answer = asker.daily("/presence")
    truth = asker.domain.present()
    assert {room: [row["id"] for row in rows] for room, rows in answer.json().items()} == {
        room: [stay.participant_id for stay in stays] for room, stays in truth.items()
    }
    room, (stay, *_) = next(iter(truth.items()))
    row = answer.json()[room][0]
    assert (row["room"], row["userName"], row["userId"]) == (room, stay.user_name, stay.user_id)
    assert datetime.fromisoformat(row["joinTime"]).timestamp() == stay.join
    assert row["joinTime"].endswith(".000Z")
    assert row["duration"] == MORNING - stay.join
    assert answer.headers["Date"] == "Wed, 20 Jan 2027 09:30:00 GMT"
    assert answer.headers["Content-Type"].startswith("application/json")


def test_a_room_is_asked_by_its_name() -> None:
    """Occupied: its rows; empty: zero; unknown: 404, and never a 200."""
    asker = Asker()
    occupied = next(iter(asker.domain.present()))
    empty = next(p.name for p in PLACES if p.one_room and p.name not in asker.domain.present())
    answer = asker.daily(f"/rooms/{occupied}/presence").json()
    assert differences([answer], [example("daily-room-presence")], extras={".data[].userId": {"null"}}) == []
    assert answer["data"] == asker.daily("/presence").json()[occupied]
    assert asker.daily(f"/rooms/{empty}/presence").json() == {"total_count": 0, "data": []}
    unknown = asker.daily("/rooms/no-such-room/presence")
    assert (unknown.status_code, unknown.json()["error"]) == (404, "not-found")


def test_a_limit_shortens_the_rows_and_not_the_count() -> None:
    """`total_count` is the number of people; `userId` and `userName` choose among them."""
    asker = Asker(clock=Hand(MORNING + 5 * HOUR + 2400))
    people = asker.domain.present()["all-hands"]
    path = "/rooms/all-hands/presence"
    answer = asker.daily(path, limit=2).json()
    assert (answer["total_count"], len(answer["data"])) == (len(people), 2)
    by_id = asker.daily(path, userId=people[3].user_id).json()
    assert [row["userId"] for row in by_id["data"]] == [people[3].user_id]
    by_name = asker.daily(path, userName=people[3].user_name).json()
    assert {row["userName"] for row in by_name["data"]} == {people[3].user_name}
    assert asker.daily(path, limit="two").json()["error"] == "invalid-request-error"


def test_meetings_have_the_documented_keys_and_types() -> None:
    """Ended and ongoing ones, with and without participants."""
    asker = Asker()
    documented = [example("daily-meetings"), example("daily-meeting-ongoing")]
    answers = [asker.daily("/meetings").json(), asker.daily("/meetings", ongoing="true").json()]
    assert differences(answers, documented, extras={}) == []
    bare = asker.daily("/meetings", no_participants="true").json()
    assert all("participants" not in row for row in bare["data"])
    assert [row["id"] for row in bare["data"]] == [row["id"] for row in answers[0]["data"]]


def test_an_ongoing_meeting_shows_what_is_known_so_far() -> None:
    """Participants ten seconds after their joining, a growing peak, a duration not to be relied on."""
    asker = Asker()
    meeting = max(asker.domain.ongoing(MORNING + 900), key=lambda meeting: len(meeting.attendances))
    second = meeting.attendances[1]

    def row(now: float) -> Any:
        asker.clock.now = now
        found = asker.daily("/meetings", room=meeting.room, timeframe_start=meeting.start).json()["data"]
        return next((row for row in found if row["id"] == meeting.id), None)

    assert row(meeting.listed - 1) is None
    early, late, over = row(second.written - 1), row(second.written), row(meeting.end)
    listed = [[p["participant_id"] for p in view["participants"]] for view in (early, late, over)]
    assert second.stay.participant_id not in listed[0]
    assert second.stay.participant_id in listed[1]
    assert listed[2] == [a.stay.participant_id for a in meeting.attendances]
    assert (early["ongoing"], over["ongoing"]) == (True, False)
    assert early["max_participants"] <= late["max_participants"] <= over["max_participants"]
    assert over["duration"] == meeting.end - meeting.start
    assert over["participants"][1]["duration"] == second.leave - second.join


def test_ongoing_durations_are_unreliable() -> None:
    """Some are zero, some lag, none is ahead."""
    asker = Asker()
    rows = asker.daily("/meetings", ongoing="true").json()["data"]
    ages = [MORNING - row["start_time"] for row in rows]
    durations = [row["duration"] for row in rows]
    assert 0 in durations
    assert any(durations)
    assert all(duration <= age for duration, age in zip(durations, ages, strict=True))


def test_a_join_may_lie_before_the_start_and_a_bot_has_one_id_for_both() -> None:
    """As in the vendor's own examples."""
    asker = Asker(began=MORNING - HOUR)
    rows = asker.daily("/meetings").json()["data"]
    people = [(row, person) for row in rows for person in row["participants"]]
    assert any(person["join_time"] < row["start_time"] for row, person in people)
    assert all(person["join_time"] >= row["start_time"] - 30 for row, person in people)
    everybody = [a.stay for m in asker.domain.meetings(MORNING + DAY) for a in m.attendances]
    assert any(stay.user_id == stay.participant_id for stay in everybody)


def test_filters_choose_by_start_room_and_state() -> None:
    """`start <= start_time < end`; `ongoing` in both senses; what is chosen is counted, whatever the page."""
    asker = Asker()
    truth = asker.domain.meetings()
    mark = truth[20].start
    last = asker.daily("/meetings", timeframe_start=mark).json()
    assert last["total_count"] == sum(meeting.start >= mark for meeting in truth)
    before = asker.daily("/meetings", timeframe_end=mark, limit=1).json()
    assert before["total_count"] == sum(meeting.start < mark for meeting in truth)
    assert before["data"][0]["start_time"] < mark
    one = asker.daily("/meetings", timeframe_start=mark, timeframe_end=mark + 1, room=truth[20].room)
    assert ids(one) == [truth[20].id]
    ongoing = asker.daily("/meetings", ongoing="true")
    assert sorted(ids(ongoing)) == sorted(meeting.id for meeting in asker.domain.ongoing())
    ended = asker.daily("/meetings", ongoing="false").json()
    assert ended["total_count"] == len(truth) - len([m for m in truth if m.end > MORNING])
    assert asker.daily("/meetings", timeframe_start=0).json()["total_count"] == len(truth)
    assert not any(row["ongoing"] for row in ended["data"])


def test_pages_follow_each_other_to_an_empty_one() -> None:
    """Newest first, a hundred a page, no row twice, none left out; and back again."""
    asker = Asker()
    pages = [ids(asker.daily("/meetings"))]
    while pages[-1]:
        pages.append(ids(asker.daily("/meetings", starting_after=pages[-1][-1])))
    assert [len(page) for page in pages[:-2]] == [100] * (len(pages) - 2)
    assert [ident for page in pages for ident in page] == [meeting.id for meeting in asker.domain.meetings()]
    back = asker.daily("/meetings", ending_before=pages[2][0], limit=7)
    assert ids(back) == pages[1][-7:]
    assert ids(asker.daily("/meetings", ending_before=pages[0][0])) == []


def test_a_cursor_holds_when_new_meetings_arrive_or_the_marked_one_ends() -> None:
    """An id is a place in time: no older row is skipped, whether or not the filter still lets it through."""
    asker = Asker()
    first = asker.daily("/meetings", ongoing="true", limit=3)
    marked = next(m for m in asker.domain.meetings() if m.id == ids(first)[-1])
    asker.clock.now = marked.end
    rest = asker.daily("/meetings", ongoing="true", starting_after=marked.id)
    assert ids(rest) == [
        m.id for m in asker.domain.ongoing() if (-m.start, m.id) > (-marked.start, marked.id)
    ]


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 101},
        {"limit": 0},
        {"limit": "x"},
        {"timeframe_start": "2027-01-01"},
        {"ongoing": "maybe"},
        {"no_participants": "1"},
        {"starting_after": "nothing"},
        {"ending_before": "nothing"},
    ],
)
def test_bad_queries_are_refused(query: dict[str, Any]) -> None:
    """With 400 and the documented type of error."""
    answer = Asker().daily("/meetings", **query)
    assert answer.status_code == 400
    assert differences([answer.json()], [example("daily-error-400")], extras={}) == []
    assert answer.json()["error"] == "invalid-request-error"


def test_the_key_is_checked_before_anything() -> None:
    """A missing or malformed header is 400, a wrong key 401: the vendor tells them apart."""
    asker = Asker()
    for headers in ({}, {"Authorization": "demo-daily-key"}, {"Authorization": "Bearer "}):
        answer = asker.ask(f"{DAILY_URL}/presence", headers)
        assert (answer.status_code, answer.json()["error"]) == (400, "authorization-header-error")
    wrong = asker.ask(f"{DAILY_URL}/presence", {"Authorization": "Bearer wrong"})
    assert (wrong.status_code, wrong.json()) == (401, example("daily-error-401"))


def test_small_endpoints_answer() -> None:
    """The domain's name, and the rooms newest first."""
    asker = Asker()
    assert asker.daily("/").json()["domain_name"] == "demo"
    one = asker.daily("/rooms", limit=1).json()
    assert one["total_count"] == len(asker.domain.rooms()) > 60
    assert [room["name"] for room in one["data"]] == [list(asker.domain.rooms())[-1]]
    assert len(asker.daily("/rooms").json()["data"]) == 100


@pytest.mark.parametrize("url", [f"{DAILY_URL}/nothing", DAILY_URL.removesuffix("/v1") + "/presence"])
def test_unknown_paths_are_not_found(url: str) -> None:
    """With the vendor's body, and the version is part of the path."""
    answer = Asker().ask(url, DAILY_LOGIN)
    assert (answer.status_code, answer.json()["error"]) == (404, "not-found")


def test_only_reading_is_known() -> None:
    """Anything but GET is not found."""
    assert Asker().ask(f"{DAILY_URL}/presence", DAILY_LOGIN, method="POST").status_code == 404


def test_more_than_a_hundred_requests_in_five_seconds_are_refused() -> None:
    """Without a wait in the header; five seconds after the oldest there is room again."""
    asker = Asker(daily_calls=100)
    assert {asker.daily("/").status_code for _ in range(100)} == {200}
    refused = asker.daily("/")
    assert (refused.status_code, refused.json()) == (429, example("daily-error-429"))
    assert "Retry-After" not in refused.headers
    asker.clock.now += 4.9
    assert asker.daily("/").status_code == 429
    asker.clock.now += 0.2
    assert asker.daily("/").status_code == 200
