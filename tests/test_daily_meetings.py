"""`GET /meetings?ongoing=true`: all pages or nothing, each meeting once, ages from start times alone."""

from typing import Any

import pytest

from exporter import errors
from exporter.config import PresenceMode, RoomLabel, RoomSettings
from exporter.model import OngoingMeetings, Reason
from tests.kit.clock import START, WALL_START, loop_time, virtual
from tests.kit.known import known
from tests.kit.rig import MEETINGS, Rig, daily_rig, daily_settings, watching
from tests.kit.rows import meeting, page
from tests.kit.vendor import Always, Reply, Step, example, http_date


def meetings_rig(*pages: Any, rooms: RoomSettings | None = None, each: Step | None = None) -> Rig:
    """A source that asks for meetings alone; `pages` come in turn, or `each` at every request."""
    settings = daily_settings(presence=PresenceMode.OFF, meetings=True, rooms=rooms or RoomSettings())
    return daily_rig({MEETINGS: Always(each) if each else [Reply(one) for one in pages]}, settings)


async def ongoing(rig: Rig) -> OngoingMeetings:
    """The facts of a run that read all there is, no more and no less."""
    facts = await rig.facts(OngoingMeetings, "meetings")
    assert rig.script.left() == 0
    return facts


def rows(begin: int, end: int) -> list[dict[str, Any]]:
    """Meetings `m<begin>` to before `m<end>`."""
    return [meeting(f"m{n}", room=f"room-{n}") for n in range(begin, end)]


def cursors(rig: Rig) -> list[str | None]:
    """After which meeting each page was asked."""
    return [dict(request.query).get("starting_after") for request in rig.script.asked]


@virtual
async def test_the_documented_example_is_one_ongoing_meeting() -> None:
    """As Daily's documentation shows it; participants are not asked for."""
    rig = meetings_rig(example("daily-meeting-ongoing"))
    facts = await ongoing(rig)
    assert (facts.meetings, facts.room_starts) == (1, {"room-3": 1549391714.0})
    assert known(facts.ages).total == WALL_START - 1549391714
    assert rig.heard.drift == {}
    query = [("ongoing", "true"), ("no_participants", "true"), ("limit", "100")]
    assert [request.query for request in rig.script.asked] == [query]


@virtual
async def test_no_meeting_is_an_answer() -> None:
    """Its zeros are true, and one request is enough."""
    facts = await ongoing(meetings_rig(page([])))
    assert (facts.meetings, known(facts.ages).count, facts.room_starts) == (0, 0, {})


@virtual
async def test_a_full_page_then_a_short_one_then_an_empty_one_are_all_pages() -> None:
    """Daily's count says that there is more until the empty page; some ended meanwhile, and that is fine."""
    rig = meetings_rig(page(rows(0, 100), 131), page(rows(100, 130), 131), page([], 130))
    assert (await ongoing(rig)).meetings == 130
    assert cursors(rig) == [None, "m99", "m129"]


@virtual
async def test_a_short_page_that_completes_the_count_is_the_last() -> None:
    """No request is spent on an empty one."""
    rig = meetings_rig(page(rows(0, 100), 130), page(rows(100, 130), 130))
    assert (await ongoing(rig)).meetings == 130


@pytest.mark.parametrize("total", [200, ...], ids=["counted", "not counted"])
@virtual
async def test_full_pages_are_followed_to_an_empty_one(total: object) -> None:
    """A count that is reached at the end of a full page may be old by then."""
    pages = [page(rows(0, 100), 200), page(rows(100, 200), 200), page([], 200)]
    if total is ...:
        pages = [{"data": one["data"]} for one in pages]
    assert (await ongoing(meetings_rig(*pages))).meetings == 200


@virtual
async def test_a_server_that_gives_short_pages_is_read_to_the_end() -> None:
    """A page of 50 where 100 were asked for is not the end while the count says more."""
    rig = meetings_rig(page(rows(0, 50), 120), page(rows(50, 100), 120), page(rows(100, 120), 120))
    assert (await ongoing(rig)).meetings == 120


@virtual
async def test_an_id_that_comes_again_on_the_next_page_is_one_meeting() -> None:
    """New meetings push old ones back while the pages are read."""
    rig = meetings_rig(page(rows(0, 100), 130), page(rows(95, 130), 130))
    facts = await ongoing(rig)
    assert (facts.meetings, known(facts.ages).count, len(facts.room_starts)) == (130, 130, 130)


@virtual
async def test_a_page_that_says_nothing_new_is_the_last_one() -> None:
    """A server that ignores the cursor does not keep the exporter asking."""
    same = page(rows(0, 100), 100)
    assert (await ongoing(meetings_rig(same, same))).meetings == 100


@virtual
async def test_meetings_that_end_while_pages_are_read_are_not_missed() -> None:
    """Of several pages two in a hundred may go; the smallest count that was told is the one that holds."""
    rig = meetings_rig(page(rows(0, 100), 150), page(rows(100, 147), 150), page([], 150))
    assert (await ongoing(rig)).meetings == 147
    rig = meetings_rig(page(rows(0, 100), 150), page(rows(100, 140), 140))
    assert (await ongoing(rig)).meetings == 140


@virtual
async def test_meetings_that_begin_while_pages_are_read_are_not_waited_for() -> None:
    """They come at the front, where nobody looks any more: the count of the first page holds."""
    rig = meetings_rig(page(rows(0, 100), 150), page(rows(100, 150), 152))
    assert (await ongoing(rig)).meetings == 150


@virtual
async def test_a_list_that_was_cut_is_read_once_more() -> None:
    """The second reading is whole, and it alone counts."""
    cut = [page(rows(0, 100), 150), page(rows(100, 146), 150), page([], 150)]
    rig = meetings_rig(*cut, page(rows(10, 110), 150), page(rows(110, 160), 150))
    facts = await ongoing(rig)
    assert (facts.meetings, "room-0" in facts.room_starts, len(rig.script.asked)) == (150, False, 5)


@virtual
async def test_a_list_that_is_cut_twice_is_no_number() -> None:
    """The reason is `schema`, and the words say how much was listed."""
    cut = [Reply(page(rows(0, 100), 150)), Reply(page(rows(100, 146), 150)), Reply(page([], 150))]
    rig = daily_rig({MEETINGS: cut * 2}, daily_settings(presence=PresenceMode.OFF, meetings=True))
    answer = (await rig.pull())["meetings"]
    assert (answer.value, answer.reason) == (None, Reason.SCHEMA)
    assert answer.detail == "/meetings: 146 of 150 meetings listed on all pages"
    assert rig.script.left() == 0


@virtual
async def test_of_a_single_page_nothing_may_be_missing() -> None:
    """One meeting of ninety, twice: nobody knows what became of it."""
    steps = [page(rows(0, 89), 90), page([], 90)]
    with pytest.raises(errors.AnswerMisshapen, match="89 of 90 meetings"):
        await meetings_rig(*steps, *steps).run("meetings")
    assert (await ongoing(meetings_rig(*steps, page(rows(0, 90))))).meetings == 90


@virtual
async def test_endless_pages_end_at_the_wall() -> None:
    """A server that makes up meetings for ever gives no number, in time."""

    def next_page(request: Any) -> Reply:
        after = int(request.url.params.get("starting_after", "m-1")[1:])
        return Reply(page(rows(after + 1, after + 101), 10**9), after=0.2)

    rig = meetings_rig(each=next_page)
    answer = (await rig.pull())["meetings"]
    assert (answer.value, answer.reason) == (None, Reason.TIMEOUT)
    assert loop_time() == START + 9.5
    assert 20 < len(rig.script.asked) < 60


@virtual
async def test_a_failure_on_a_later_page_is_a_failure() -> None:
    """Half a list is no number."""
    settings = daily_settings(presence=PresenceMode.OFF, meetings=True)
    rig = daily_rig({MEETINGS: [Reply(page(rows(0, 100), 150)), Reply(b"", 403)]}, settings)
    answer = (await rig.pull())["meetings"]
    assert (answer.value, answer.reason) == (None, Reason.FORBIDDEN)


@pytest.mark.parametrize("missing", ["max_participants", "participants", "duration"])
@virtual
async def test_a_meeting_without_what_is_optional_is_whole(missing: str) -> None:
    """`max_participants` and `participants` may be missing, and `duration` is not used."""
    row = meeting("m", participants=[]) | {missing: ...}
    rig = meetings_rig(page([{key: value for key, value in row.items() if value is not ...}]))
    assert ((await ongoing(rig)).meetings, rig.heard.drift) == (1, {})


@virtual
async def test_a_join_before_the_start_of_its_meeting_changes_nothing() -> None:
    """Daily's own example has one of 24 s; the age is that of the meeting."""
    joined = {"user_id": None, "participant_id": "p", "join_time": int(WALL_START - 84), "duration": 84}
    facts = await ongoing(meetings_rig(page([meeting("m", age=60.0, participants=[joined])])))
    assert (facts.meetings, known(facts.ages).total) == (1, 60.0)


@virtual
async def test_an_ongoing_meeting_with_duration_0_is_as_old_as_its_start() -> None:
    """While a meeting goes on its duration says nothing."""
    facts = await ongoing(meetings_rig(page([meeting("m", age=1800.0, duration=0)])))
    assert (known(facts.ages).count, known(facts.ages).total) == (1, 1800.0)


@virtual
async def test_numbers_may_be_floats() -> None:
    """Start times and the count."""
    body = {"total_count": 1.0, "data": [meeting("m", start_time=WALL_START - 60.5, duration=60.5)]}
    rig = meetings_rig(body)
    assert (known((await ongoing(rig)).ages).total, rig.heard.drift) == (60.5, {})


@pytest.mark.parametrize("theirs", [0.0, 600.0])
@pytest.mark.parametrize("ahead", [0.0, 600.0])
@virtual
async def test_ages_follow_the_earlier_clock_and_are_never_negative(ahead: float, theirs: float) -> None:
    """One that runs ahead lengthens an age only where the other does too; a start in the future is age 0."""
    settings = daily_settings(presence=PresenceMode.OFF, meetings=True)
    body = page([meeting("m", age=60.0), meeting("n", age=-3600.0)])
    reply = Reply(body, headers={"Date": http_date(WALL_START + theirs)})
    rig = daily_rig({MEETINGS: [reply]}, settings, ahead=ahead)
    facts = await ongoing(rig)
    assert (known(facts.ages).count, known(facts.ages).total) == (2, 60.0 + min(ahead, theirs))


@pytest.mark.parametrize("field", ["room", "start_time", "ongoing"])
@pytest.mark.parametrize(
    "odd", [..., None, ["a", "list"], {"a": "map"}], ids=["missing", "null", "list", "map"]
)
@virtual
async def test_an_odd_field_costs_what_hangs_on_it_and_no_more(field: str, odd: object) -> None:
    """The meeting is counted all the same, the rest of the list in full, and the drift is told."""
    changes: dict[str, Any] = {"room": "odd", "age": 100.0, field: odd}
    rig = meetings_rig(page([meeting("odd", **changes), meeting("m")]))
    facts = await ongoing(rig)
    assert facts.meetings == 2
    assert known(facts.ages).total == (60.0 if field == "start_time" else 160.0)
    assert sorted(facts.room_starts) == (["my-room", "odd"] if field == "ongoing" else ["my-room"])
    assert rig.heard.drift == {field: 1}


@pytest.mark.parametrize("odd", [..., None, "3", -1, 1.5, 10**400], ids=repr)
@virtual
async def test_a_count_that_is_none_is_told_as_drift(odd: object) -> None:
    """What is listed is counted; that nothing is missing cannot be known then."""
    body: dict[str, object] = {"data": rows(0, 3)} | ({} if odd is ... else {"total_count": odd})
    rig = meetings_rig(body)
    assert (await ongoing(rig)).meetings == 3
    assert rig.heard.drift == {"total_count": 1}


@virtual
async def test_a_meeting_that_has_ended_is_not_counted() -> None:
    """Even where Daily lists it among the ongoing ones."""
    facts = await ongoing(meetings_rig(page([meeting("m"), meeting("ended", ongoing=False)])))
    assert (facts.meetings, known(facts.ages).count) == (1, 1)


@pytest.mark.parametrize("row", [{}, {"id": 7}, "m1", None], ids=repr)
@virtual
async def test_a_meeting_without_an_id_is_no_meeting(row: object) -> None:
    """Without it pages cannot be followed: the reason is `schema`."""
    with pytest.raises(errors.AnswerMisshapen, match=r"^/meetings: not the documented shape"):
        await meetings_rig({"total_count": 1, "data": [row]}).run("meetings")


@virtual
async def test_a_room_with_two_meetings_began_with_the_earlier_one() -> None:
    """Whichever is listed first; rooms that are watched come first, then the oldest up to the limit."""
    listed = [
        meeting("m1", room="a", age=100.0),
        meeting("m2", room="a", age=900.0),
        meeting("m3", room="a", age=50.0),
        meeting("m4", room="desk", age=10.0),
        meeting("m5", room="b", age=500.0),
    ]
    facts = await ongoing(meetings_rig(page(listed), rooms=watching("desk", limit=1)))
    assert (facts.meetings, known(facts.ages).count) == (5, 5)
    assert facts.room_starts == {"desk": WALL_START - 10, "a": WALL_START - 900}


@virtual
async def test_without_room_labels_no_start_is_shown() -> None:
    """Meetings and ages are."""
    facts = await ongoing(meetings_rig(page(rows(0, 2)), rooms=watching("room-1", label=RoomLabel.OFF)))
    assert (facts.meetings, known(facts.ages).count, facts.room_starts) == (2, 2, {})
