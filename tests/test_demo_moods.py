"""Each mood of the simulated vendors does what its name says, where and when it is on."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from exporter.demo import CHAT, CHAT_URL, DAILY, DAILY_URL, MOODS, DemoTransport, Moods, World
from exporter.demo.moods import fits
from tests.demo_client import CHAT_LOGIN, DAILY_LOGIN, MORNING, Asker, example

PRESENCE = "/api/v1/users.presence"

Ask = Callable[[], httpx.Response]


def in_mood(mood: str, vendor: str) -> tuple[Asker, Ask]:
    """Give a world whose presence endpoint at a vendor is in this mood, and the way to ask it."""
    asker = Asker()
    asker.moods.set(vendor, "/presence" if vendor == DAILY else PRESENCE, mood)
    return asker, (lambda: asker.daily("/presence") if vendor == DAILY else asker.chat("users.presence"))


def in_good_mood(vendor: str) -> httpx.Response:
    """Give what the same world says otherwise."""
    return Asker().daily("/presence") if vendor == DAILY else Asker().chat("users.presence")


both = pytest.mark.parametrize("vendor", [DAILY, CHAT])


def test_every_mood_has_a_line_of_its_own() -> None:
    """A command will list them: one line each, no two alike, none that only one vendor's table knows."""
    assert len(set(MOODS.values())) == len(MOODS)
    assert all(text and "\n" not in text for text in MOODS.values())
    asker = Asker()
    for mood in set(MOODS) - {"stall", "drip", "oversized"}:
        for vendor, endpoint in ((DAILY, "/meetings"), (CHAT, PRESENCE)):
            if fits(mood, vendor, endpoint=endpoint):
                asker.moods.set(vendor, endpoint, mood)
                try:
                    answer = asker.daily("/meetings") if vendor == DAILY else asker.chat("users.presence")
                except httpx.TransportError:
                    continue
                assert answer.status_code >= 200
    assert {mood for mood in MOODS if fits(mood, DAILY, endpoint="/presence")} >= {"stall", "rate_limited"}


@both
def test_rate_limited_names_the_wait(vendor: str) -> None:
    """Daily in Retry-After; Rocket.Chat in its text and, as a moment in milliseconds, in its header."""
    answer = in_mood("rate_limited", vendor)[1]()
    assert answer.status_code == 429
    if vendor == DAILY:
        assert (answer.headers["Retry-After"], answer.json()) == ("30", example("daily-error-429"))
    else:
        assert answer.headers["X-RateLimit-Reset"] == str((MORNING + 21) * 1000)
        assert answer.headers["X-RateLimit-Remaining"] == "0"
        assert answer.json() == example("rocketchat-error-429")


@both
def test_rate_limited_silently_names_none(vendor: str) -> None:
    """Neither in the header nor in the text."""
    answer = in_mood("rate_limited_silently", vendor)[1]()
    assert answer.status_code == 429
    assert not {"Retry-After", "X-RateLimit-Reset"} & set(answer.headers)
    assert "wait" not in answer.text


@both
def test_rate_limited_past_names_a_moment_that_is_over(vendor: str) -> None:
    """A client that waits until then does not wait."""
    answer = in_mood("rate_limited_past", vendor)[1]()
    assert answer.status_code == 429
    if vendor == DAILY:
        assert parsedate_to_datetime(answer.headers["Retry-After"]).timestamp() < MORNING
    else:
        assert int(answer.headers["X-RateLimit-Reset"]) < MORNING * 1000


@both
@pytest.mark.parametrize(
    "mood, status, kind",
    [
        ("server_error", 500, "text/html"),
        ("bad_gateway", 502, "text/html"),
        ("unavailable", 503, "application/json"),
        ("unauthorized", 401, "application/json"),
        ("forbidden", 403, "application/json"),
        ("not_found", 404, "application/json"),
    ],
)
def test_errors_have_their_status_and_kind_of_body(mood: str, status: int, kind: str, vendor: str) -> None:
    """HTML from proxies, JSON from the vendor."""
    answer = in_mood(mood, vendor)[1]()
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith(kind)
    assert answer.text.startswith("<html>" if kind == "text/html" else "{")


def test_unauthorized_is_in_the_vendors_words() -> None:
    """As when the credential is really wrong."""
    assert in_mood("unauthorized", DAILY)[1]().json() == example("daily-error-401")
    assert in_mood("unauthorized", CHAT)[1]().json() == example("rocketchat-error-401-8x")


@both
def test_stall_never_answers(vendor: str) -> None:
    """Hours pass, and only a client that bounds its reading gets away."""
    asker, _ = in_mood("stall", vendor)

    async def run() -> None:
        async with httpx.AsyncClient(transport=asker.transport, timeout=None) as client:
            url = DAILY_URL + "/presence" if vendor == DAILY else CHAT_URL + PRESENCE
            asking = asyncio.create_task(client.get(url))
            for _ in range(100):
                await asyncio.sleep(0)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking

    asyncio.run(run())
    assert sum(asker.naps) > 3600


def test_a_stall_runs_into_a_bounded_read() -> None:
    """As on a network: the client's own limit falls, after that time."""
    asker, _ = in_mood("stall", DAILY)

    async def run() -> None:
        async with httpx.AsyncClient(transport=asker.transport, timeout=7) as client:
            with pytest.raises(httpx.ReadTimeout):
                await client.get(DAILY_URL + "/presence")

    asyncio.run(run())
    assert asker.naps == [7]


@both
def test_drip_sends_a_byte_a_second(vendor: str) -> None:
    """The header at once, then the whole body in so many seconds."""
    asker, ask = in_mood("drip", vendor)
    answer = ask()
    assert answer.content == in_good_mood(vendor).content
    assert asker.naps == [1] * len(answer.content)
    assert answer.headers["Content-Length"] == str(len(answer.content))


@both
@pytest.mark.parametrize("mood, error", [("reset", httpx.ReadError), ("refuse", httpx.ConnectError)])
def test_connections_fail_before_the_answer(mood: str, error: type[Exception], vendor: str) -> None:
    """With the exceptions of a client on a network."""
    with pytest.raises(error):
        in_mood(mood, vendor)[1]()


@both
def test_reset_in_body_breaks_off_in_the_middle(vendor: str) -> None:
    """The header promises the whole, half of it comes."""
    asker, _ = in_mood("reset_in_body", vendor)
    whole = in_good_mood(vendor).content
    received = bytearray()

    async def read(answer: httpx.Response) -> None:
        async for chunk in answer.aiter_bytes():
            received.extend(chunk)

    async def run() -> httpx.Response:
        login, url = (
            (DAILY_LOGIN, DAILY_URL + "/presence") if vendor == DAILY else (CHAT_LOGIN, CHAT_URL + PRESENCE)
        )
        async with (
            httpx.AsyncClient(transport=asker.transport) as client,
            client.stream("GET", url, headers=login) as answer,
        ):
            with pytest.raises(httpx.ReadError):
                await read(answer)
            return answer

    answer = asyncio.run(run())
    assert (answer.status_code, answer.headers["Content-Length"]) == (200, str(len(whole)))
    assert bytes(received) == whole[: len(whole) // 2]


@both
def test_truncated_is_cut_with_a_length_that_agrees(vendor: str) -> None:
    """Only a decoder can tell."""
    answer = in_mood("truncated", vendor)[1]()
    assert answer.status_code == 200
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert in_good_mood(vendor).content.startswith(answer.content)
    with pytest.raises(json.JSONDecodeError):
        answer.json()


def test_retyped_keeps_the_keys_and_no_type() -> None:
    """Numbers are strings, strings numbers, truth values words; null stays."""
    answer = in_mood("retyped", CHAT)[1]().json()
    good = in_good_mood(CHAT).json()
    assert (answer["full"], answer["success"]) == ("yes", "yes")
    assert [row.keys() for row in answer["users"]] == [row.keys() for row in good["users"]]
    assert {type(row["status"]) for row in answer["users"]} == {int}
    assert {type(row["utcOffset"]) for row in answer["users"]} == {str}
    rows = [row for rows in in_mood("retyped", DAILY)[1]().json().values() for row in rows]
    assert {type(row["duration"]) for row in rows} == {str}
    assert None in [row["userId"] for row in rows]


def test_sparse_leaves_out_what_is_optional() -> None:
    """What must be there is there, numbers are floats."""
    users = in_mood("sparse", CHAT)[1]().json()
    assert {key for row in users["users"] for key in row} == {"_id", "status"}
    assert users["full"] is True
    asker = Asker()
    asker.moods.set(DAILY, "*", "sparse")
    rows = asker.daily("/meetings").json()["data"]
    assert {key for row in rows for key in row} == {"id", "room", "start_time", "duration", "ongoing"}
    assert {type(row["start_time"]) for row in rows} == {float}
    present = [row for rows in asker.daily("/presence").json().values() for row in rows]
    assert all("mtgSessionId" not in row and "joinTime" in row for row in present)


@both
def test_wrong_shape_is_a_list_a_string_and_null_in_turn(vendor: str) -> None:
    """All with 200."""
    _, ask = in_mood("wrong_shape", vendor)
    answers = [ask() for _ in range(4)]
    assert {answer.status_code for answer in answers} == {200}
    assert [type(answer.json()) for answer in answers] == [list, str, type(None), list]


@both
def test_empty_body_is_nothing_at_all(vendor: str) -> None:
    """With 200 and a length of 0."""
    answer = in_mood("empty_body", vendor)[1]()
    assert (answer.status_code, answer.content, answer.headers["Content-Length"]) == (200, b"", "0")


@both
def test_redirect_leads_to_a_host_that_cannot_be_reached(vendor: str) -> None:
    """A client that follows it is caught out."""
    asker, ask = in_mood("redirect", vendor)
    answer = ask()
    assert answer.status_code == 302
    assert httpx.URL(answer.headers["Location"]).host == "elsewhere.invalid"
    with pytest.raises(httpx.ConnectError):
        asker.ask(answer.headers["Location"], {})


@both
def test_oversized_has_no_end(vendor: str) -> None:
    """As many bytes as anybody will read, without a length, and the reader's deadline can fall in between."""
    asker, _ = in_mood("oversized", vendor)
    sizes: list[int] = []
    enough = asyncio.Event()

    async def read() -> None:
        url = DAILY_URL + "/presence" if vendor == DAILY else CHAT_URL + PRESENCE
        async with (
            httpx.AsyncClient(transport=asker.transport) as client,
            client.stream("GET", url) as answer,
        ):
            assert "Content-Length" not in answer.headers
            async for chunk in answer.aiter_raw():
                sizes.append(len(chunk))
                if sum(sizes) > 1_000_000:
                    enough.set()

    async def leave() -> None:
        reading = asyncio.create_task(read())
        await asyncio.wait_for(enough.wait(), 60)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading

    asyncio.run(leave())


def test_endless_pages_never_end() -> None:
    """Every page is full and every id is new, whatever the cursor; the filters that shape rows are kept."""
    asker = Asker()
    asker.moods.set(DAILY, "/meetings", "endless_pages")
    query: dict[str, Any] = {"ongoing": "true"}
    seen: set[str] = set()
    starts: list[int] = []
    for _ in range(5):
        rows = asker.daily("/meetings", **query).json()["data"]
        seen |= {row["id"] for row in rows}
        starts += [row["start_time"] for row in rows]
        assert all(row["ongoing"] and row["participants"] == [] for row in rows)
        query["starting_after"] = rows[-1]["id"]
    assert len(seen) == 500
    assert starts == sorted(starts, reverse=True)
    strange = asker.daily("/meetings", starting_after="x", ongoing="false", no_participants="true").json()[
        "data"
    ]
    assert {(row["ongoing"], "participants" in row) for row in strange} == {(False, False)}
    asker.moods.set(DAILY, "*", "endless_pages")
    assert asker.daily("/presence").content == in_good_mood(DAILY).content


@pytest.mark.parametrize(
    "mood, confirmed", [("presence_disabled", True), ("presence_disabled_unconfirmed", False)]
)
def test_presence_switched_off_empties_every_answer(mood: str, confirmed: bool) -> None:
    """Whatever was asked; the setting agrees, or does not; the rest goes on as before."""
    asker = Asker()
    asker.moods.set(CHAT, PRESENCE, mood)
    for query in ({}, {"ids": "rocket.cat"}, {"from": "2027-01-20T09:30:00.000Z"}):
        assert asker.chat("users.presence", **query).json() == example("rocketchat-presence-disabled")
    setting = asker.chat("settings.public", _id="Presence_broadcast_disabled").json()["settings"]
    assert [row["value"] for row in setting] == [confirmed]
    assert asker.chat("me").json()["_id"]
    asker.moods.set(CHAT, "/api/v1/settings.public", "forbidden")
    assert asker.chat("settings.public").status_code == 403


def test_another_mood_of_presence_leaves_the_setting_alone() -> None:
    """It is an endpoint of its own."""
    asker = Asker()
    asker.moods.set(CHAT, PRESENCE, "server_error")
    assert asker.chat("settings.public").status_code == 200


@both
def test_clock_ahead_moves_the_date_alone(vendor: str) -> None:
    """By an hour; the body is of now."""
    answer = in_mood("clock_ahead", vendor)[1]()
    assert parsedate_to_datetime(answer.headers["Date"]).timestamp() == MORNING + 3600
    assert answer.content == in_good_mood(vendor).content


def test_moods_are_set_and_cleared_while_it_runs() -> None:
    """For an endpoint, a vendor, or all; an endpoint's own counts before the vendor's."""
    moods = Moods()
    moods.set(DAILY, "*", "reset")
    moods.set(DAILY, "/presence", "stall")
    moods.set(CHAT, PRESENCE, "refuse")
    assert moods.at(DAILY, "/presence", now=0) == "stall"
    assert moods.at(DAILY, "/meetings", now=0) == "reset"
    moods.clear(DAILY, "/presence")
    assert moods.at(DAILY, "/presence", now=0) == "reset"
    moods.clear(DAILY)
    assert moods.at(DAILY, "/presence", now=0) is None
    assert moods.at(CHAT, PRESENCE, now=0) == "refuse"
    moods.clear()
    assert moods.at(CHAT, PRESENCE, now=0) is None


@pytest.mark.parametrize(
    "vendor, endpoint, mood, message",
    [
        (DAILY, "/presence", "grumpy", "unknown mood 'grumpy'; known are rate_limited, "),
        ("chat", "*", "stall", "unknown vendor 'chat'; known are 'daily' and 'rocketchat'"),
        (DAILY, "/presence", "endless_pages", "makes no difference at daily /presence"),
        (CHAT, "*", "endless_pages", "makes no difference at rocketchat *"),
        (DAILY, "*", "presence_disabled", "makes no difference at daily *"),
    ],
)
def test_moods_that_make_no_sense_are_refused(vendor: str, endpoint: str, mood: str, message: str) -> None:
    """A test or a command that mistypes a name is told."""
    with pytest.raises(ValueError, match=message.replace("*", r"\*")):
        Moods().set(vendor, endpoint, mood)


def test_moods_can_come_and_go_by_themselves() -> None:
    """By seed and clock: the same each time, a share of it, each endpoint for itself, only where they fit."""
    moods, again, other = Moods.cycling(1), Moods.cycling(1), Moods.cycling(2)
    times = range(0, 120 * 2000, 120)
    drawn = [moods.at(DAILY, "/presence", now=now) for now in times]
    assert drawn == [again.at(DAILY, "/presence", now=now + 119) for now in times]
    assert drawn != [other.at(DAILY, "/presence", now=now) for now in times]
    assert drawn != [moods.at(DAILY, "/meetings", now=now) for now in times]
    bad = Counter(mood for mood in drawn if mood is not None)
    assert 0.2 < bad.total() / len(drawn) < 0.3
    assert set(bad) == {mood for mood in MOODS if fits(mood, DAILY, endpoint="/presence")}
    assert "presence_disabled" in {moods.at(CHAT, PRESENCE, now=now) for now in times}
    moods.set(DAILY, "/presence", "drip")
    assert {moods.at(DAILY, "/presence", now=now) for now in times} == {"drip"}


def test_the_cycle_keeps_to_its_names() -> None:
    """And refuses those that nobody knows; with none that fits an endpoint, it stays well."""
    only = Moods.cycling(1, period=10, share=1.0, names=["presence_disabled"])
    assert {only.at(CHAT, PRESENCE, now=now) for now in range(100)} == {"presence_disabled"}
    assert {only.at(DAILY, "/presence", now=now) for now in range(100)} == {None}
    with pytest.raises(ValueError, match="unknown mood 'grumpy'"):
        Moods.cycling(1, names=["grumpy"])


def test_the_transport_leads_nowhere_else() -> None:
    """A host outside the simulated world cannot be reached; on loopback paths tell the vendors apart."""
    asker = Asker()
    with pytest.raises(httpx.ConnectError):
        asker.ask("https://example.org/v1/presence", DAILY_LOGIN)
    assert asker.ask("http://localhost:1/v1/presence", DAILY_LOGIN).content == in_good_mood(DAILY).content
    assert asker.ask(f"http://127.0.0.1:1{PRESENCE}", CHAT_LOGIN).content == in_good_mood(CHAT).content


def test_a_transport_needs_nothing_but_a_world() -> None:
    """Then everybody is in a good mood, and time is real."""

    async def run() -> int:
        async with httpx.AsyncClient(transport=DemoTransport(World(1))) as client:
            return (await client.get(DAILY_URL + "/presence", headers=DAILY_LOGIN)).status_code

    assert asyncio.run(run()) == 200


def test_secrets_are_in_no_representation() -> None:
    """Neither key nor token shows where the world's parts are printed."""
    asker = Asker()
    shown = repr([asker.world, asker.domain, asker.workspace, asker.transport, asker.moods])
    assert asker.domain.api_key not in shown
    assert asker.workspace.token not in shown
