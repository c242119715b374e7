"""The paths, and the way of one scrape, through the application itself."""

from __future__ import annotations

import asyncio
import gzip
import re
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import httpx
import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from starlette.routing import Route
from structlog.testing import capture_logs

from exporter.model import Selection, Snapshot
from exporter.web.deadline import HEADER
from exporter.web.exposition import render
from exporter.web.front import TAKEN
from exporter.web.negotiate import FORMATS, OPENMETRICS_1_0_0, TEXT_0_0_4
from exporter.web.routes import Front, WebSettings, build_routes
from exporter.web.status import Overview
from tests.kit.front import FRONT, SNAPSHOT, Asked, ask, client, facts, own, settings

T = TypeVar("T")


@dataclass
class Requests:
    """What was told to the observer."""

    seen: list[tuple[str, int]] = field(default_factory=list)

    def __call__(self, handler: str, *, code: int, seconds: float) -> None:
        assert seconds >= 0
        self.seen.append((handler, code))


# Paths and methods


ANSWERING = [
    "/",
    "/metrics",
    "/probe?source=acme",
    "/sd",
    "/config",
    "/debug/collections",
    "/-/healthy",
    "/-/ready",
]


@pytest.mark.parametrize("path", ANSWERING)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_every_path_answers_get_and_head(path: str, method: str) -> None:
    """A HEAD has the status and the type of a GET, and no body."""
    response = ask(FRONT, path, method=method)

    assert response.status_code == 200
    assert response.headers["content-type"] == ask(FRONT, path).headers["content-type"]
    assert (response.content == b"") is (method == "HEAD")


@pytest.mark.parametrize("path", ANSWERING)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"])
def test_other_methods_are_told_which_are_allowed(path: str, method: str) -> None:
    """405, and Allow in a stable order."""
    response = ask(FRONT, path, method=method)

    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD"
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.text == "method not allowed\n"


@pytest.mark.parametrize(
    "path",
    [
        "/metrics/",
        "/Metrics",
        "/metric",
        "/metrics/x",
        "/-/",
        "/-/healthy/",
        "/-/reload/",
        "/probe/",
        "/probe/acme",
        "/sd/",
        "/config/",
        "/debug",
        "/debug/",
        "/debug/collections/",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_other_paths_are_not_found(path: str, method: str) -> None:
    """404 for everything else, and no redirect of a slash too many."""
    response = ask(FRONT, path, method=method)

    assert response.status_code == 404
    assert "allow" not in response.headers
    assert response.content == (b"" if method == "HEAD" else b"not found\n")


def test_the_metrics_lie_where_the_settings_say() -> None:
    """The default path is then unknown, and the landing page points to the new one."""
    front = replace(FRONT, settings=settings(telemetry_path="/a/b.c", link_prefix="/presence"))

    assert ask(front, "/a/b.c").status_code == 200
    assert ask(front, "/metrics").status_code == 404
    assert 'href="/presence/a/b.c"' in ask(front, "/").text


def test_metrics_at_the_root_leave_no_room_for_a_landing_page() -> None:
    """Who wants the metrics at `/` gets them there."""
    response = ask(replace(FRONT, settings=settings(telemetry_path="/")), "/")

    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert b"presence_up" in response.content


@pytest.mark.parametrize(
    "path", ["", "metrics", "/-/healthy", "/-/ready", "/probe", "/sd", "/{x}", "/a b", "/a?b", "/a#b", "/ü"]
)
def test_a_path_that_could_not_be_served_is_refused(path: str) -> None:
    """A path must be absolute, plain, and not one of ours."""
    with pytest.raises(ValueError, match=re.escape(f"{path!r} is not a path to serve metrics at")):
        WebSettings(telemetry_path=path)


def test_the_metrics_can_take_no_path_that_something_else_has() -> None:
    """Of all that is served, only the page for people makes room."""
    paths = {route.path for route in build_routes(FRONT).routes if isinstance(route, Route)}

    assert paths - {"/metrics", "/"} == TAKEN


def test_readiness_is_asked_and_liveness_is_not() -> None:
    """Before it is ready, the exporter is healthy all the same."""
    front = replace(FRONT, ready=lambda: False)

    assert (ask(front, "/-/ready").status_code, ask(front, "/-/ready").text) == (503, "not ready\n")
    assert (ask(front, "/-/healthy").status_code, ask(front, "/-/healthy").text) == (200, "healthy\n")
    assert ask(FRONT, "/-/ready").text == "ready\n"


def test_the_landing_page_is_html_that_can_load_nothing() -> None:
    """It names the exporter and its version, links to the metrics, and forbids itself what is foreign."""
    response = ask(FRONT, "/")

    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert 'href="/metrics"' in response.text
    assert "1.2.3" in response.text


# The page


def test_a_page_without_wishes_is_the_oldest_text() -> None:
    """Facts first, then the exporter's own, in a format that every reader understands."""
    response = ask(FRONT, headers={"Accept-Encoding": ""})

    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "content-encoding" not in response.headers
    assert [family.name for family in parse_text(response.text)] == [
        "presence_up",
        "presence_exporter_http_requests",
    ]
    assert 'presence_up{openmetrics="False",source="acme"} 1.0\n' in response.text


@pytest.mark.parametrize(
    "accept, content_type",
    [
        (
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.7,*/*;q=0.3",
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
        ),
        (
            "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5",
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores",
        ),
    ],
)
def test_openmetrics_is_whole_and_named_exactly(accept: str, content_type: str) -> None:
    """The strict parser reads it, and `families` was told what the page is for."""
    response = ask(FRONT, headers={"Accept": accept})

    assert response.headers["content-type"] == content_type
    assert response.text.endswith("# EOF\n")
    read = parse_openmetrics(response.text)  # type: ignore[no-untyped-call]  # it has no annotations
    families = {family.name: family for family in read}
    assert families["presence_up"].samples[0].labels == {"source": "acme", "openmetrics": "True"}
    assert families["presence_exporter_http_requests"].type == "counter"


def test_text_1_0_0_is_named_with_its_escaping() -> None:
    """From this version on the content type has the escaping scheme."""
    response = ask(FRONT, headers={"Accept": "text/plain;version=1.0.0"})

    expected = "text/plain; version=1.0.0; charset=utf-8; escaping=underscores"
    assert response.headers["content-type"] == expected
    assert b"presence_up" in response.content


def test_several_accept_headers_are_one() -> None:
    """A list may be sent in pieces."""
    pieces = [("Accept", "text/plain;q=0.1"), ("Accept", "application/openmetrics-text;version=1.0.0")]

    assert ask(FRONT, headers=pieces).headers["content-type"].startswith("application/openmetrics-text")


@pytest.mark.parametrize(
    "accept",
    ["application/json", "*/*;q=0", "text/plain;version=abc;q=x", ";;;", "\xff\x00", "a/b," * 3000, ""],
)
def test_no_accept_header_makes_a_scrape_fail(accept: str) -> None:
    """Odd wishes get a page, never a 4xx or 5xx."""
    response = ask(
        FRONT, headers={"Accept": accept.encode("latin-1"), "Accept-Encoding": accept.encode("latin-1")}
    )

    assert response.status_code == 200
    assert response.headers["content-type"] == TEXT_0_0_4.content_type


def test_a_page_is_compressed_when_that_is_wanted() -> None:
    """gzip when asked, and caches are told what the page depends on."""

    async def raw() -> tuple[httpx.Response, bytes]:
        async with client(build_routes(FRONT)) as asking, asking.stream("GET", "/metrics") as response:
            return response, b"".join([piece async for piece in response.aiter_raw()])

    response, body = asyncio.run(raw())

    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["content-length"] == str(len(body))
    assert response.headers["vary"] == "Accept, Accept-Encoding"
    assert b"presence_up" in gzip.decompress(body)


@pytest.mark.parametrize("form", FORMATS)
def test_every_escaping_scheme_that_is_promised_gives_the_same_page(form: Any) -> None:
    """The names are valid in the old character set, so promising another scheme changes no byte."""
    families = [*facts(SNAPSHOT, False), *own()]

    assert render(families, form) == render(families, replace(form, escaping="allow-utf-8"))


def test_without_source_metrics_no_source_is_asked() -> None:
    """Only the exporter's own metrics are left, and no upstream hears of the scrape."""
    asked = Asked()
    front = replace(FRONT, collect=asked.collect, settings=settings(disable_source_metrics=True))
    response = ask(front)

    assert "presence_exporter_http_requests_total 3.0" in response.text
    assert "presence_up" not in response.text
    assert asked.times == 0
    assert ask(replace(front, settings=settings())).status_code == 200
    assert asked.times == 1


def test_a_head_asks_no_upstream_and_promises_no_length() -> None:
    """It has the headers that a GET would have, but what only a collection can know."""
    asked = Asked()
    front = replace(FRONT, collect=asked.collect, settings=settings(max_requests=0))
    response = ask(front, method="HEAD", headers={"Accept": "application/openmetrics-text"})

    assert asked.times == 0
    assert ask(front).status_code == 503
    assert response.status_code == 200
    assert response.headers["content-type"] == OPENMETRICS_1_0_0.content_type
    assert response.headers["content-encoding"] == "gzip"
    assert "content-length" not in response.headers


def test_the_body_of_a_get_is_ignored() -> None:
    """It is read and thrown away, and harms nothing."""
    response = ask(FRONT, content=b"x" * 200_000)

    assert response.status_code == 200
    assert b"presence_up" in response.content


# The deadline

SLOW = 10.0
"""Seconds that a machine may take for next to nothing."""


def deadlines(front: Front, headers: list[dict[str, str]], *, path: str = "/metrics") -> list[float]:
    """Scrape once with each of the headers, in one loop; give the seconds that each collection was left."""

    async def go() -> list[float]:
        left: list[float] = []

        async def noting(deadline: float, _selection: Selection) -> Snapshot:
            left.append(deadline - asyncio.get_running_loop().time())
            return SNAPSHOT

        async with client(build_routes(replace(front, collect=noting))) as asking:
            for each in headers:
                assert (await asking.get(path, headers=each)).status_code == 200
        return left

    return asyncio.run(go())


def test_the_moment_that_travels_inward_is_the_header_less_the_offset() -> None:
    """A named timeout, less the offset; without one the default as it is."""
    front = replace(FRONT, default_timeout=lambda: 20.0, settings=settings(timeout_offset=0.5))

    named, tiny, none, odd = deadlines(front, [{HEADER: "1000"}, {HEADER: "0.5"}, {}, {HEADER: "soon"}])

    # The time that a slow machine takes is gone from each of them.
    assert 999.5 - SLOW < named <= 999.5
    assert 0.25 - SLOW < tiny <= 0.25
    assert 20.0 - SLOW < none <= 20.0
    assert 20.0 - SLOW < odd <= 20.0


def test_the_time_that_the_last_page_took_is_reserved() -> None:
    """What decoding and rendering took, where it is more than the offset, shortens the next asking."""
    slept = threading.Event()

    def slow(snapshot: Snapshot, openmetrics: bool) -> Iterator[Metric]:
        slept.wait(0.3)
        return facts(snapshot, openmetrics)

    front = replace(
        FRONT, families=slow, reserve=lambda _selection: 0.4, settings=settings(timeout_offset=0.5)
    )

    first, second = deadlines(front, [{HEADER: "100"}, {HEADER: "100"}])

    assert 99.5 - SLOW < first <= 99.5
    assert 99.5 - 0.7 - SLOW < second <= 99.5 - 0.7


# Many at once, and clients that go


@dataclass
class Gate:
    """A collection that waits until it is let through, and tells what becomes of it."""

    open: asyncio.Event = field(default_factory=asyncio.Event)
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: int = 0

    async def collect(self, _deadline: float, _selection: Selection) -> Snapshot:
        self.entered.set()
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return SNAPSHOT


def timed(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine, for a minute at most."""

    async def go() -> T:
        async with asyncio.timeout(60):
            return await work()

    return asyncio.run(go())


def test_more_scrapes_than_allowed_are_sent_away_while_health_answers() -> None:
    """503 with the time to come back, whatever page it is; the places are free again after the scrapes."""

    async def go() -> None:
        gate = Gate()
        front = replace(FRONT, collect=gate.collect, settings=settings(max_requests=2))
        async with client(build_routes(front)) as asking:
            paths = ("/metrics", "/probe?source=chat")
            running = [asyncio.create_task(asking.get(path)) for path in paths]
            await gate.entered.wait()
            await asyncio.sleep(0)
            full = await asking.get("/metrics")
            full_too = await asking.get("/probe?source=acme")
            healthy = await asking.get("/-/healthy")
            gate.open.set()
            done = [await each for each in running]
            after = await asking.get("/metrics")

        assert (full.status_code, full.text) == (503, "too many scrapes at once\n")
        assert full.headers["retry-after"] == "1"
        assert (full_too.status_code, full_too.text) == (503, full.text)
        assert healthy.status_code == 200
        assert [each.status_code for each in done] == [200, 200]
        assert after.status_code == 200

    timed(go)


def test_a_place_is_free_again_after_a_bug() -> None:
    """A scrape that ends in a 500 does not hold its place for ever."""

    async def go() -> list[int]:
        front = replace(FRONT, families=broken, settings=settings(max_requests=1))
        async with client(build_routes(front)) as asking:
            return [(await asking.get("/metrics")).status_code for _ in range(3)]

    assert timed(go) == [500, 500, 500]


def scope(path: str = "/metrics") -> dict[str, Any]:
    """What a server says of a GET request."""
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [],
    }


def test_a_client_that_goes_cancels_its_collection() -> None:
    """The one who waits is cancelled, nothing is sent, the place is free, and it is counted as gone."""

    async def go() -> None:
        gate, requests = Gate(), Requests()
        front = replace(FRONT, collect=gate.collect, observe=requests, settings=settings(max_requests=1))
        app = build_routes(front)
        sent: list[str] = []
        received: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        received.put_nowait({"type": "http.request", "body": b"thrown away", "more_body": True})
        received.put_nowait({"type": "http.disconnect"})

        async def send(message: Any) -> None:
            sent.append(message["type"])

        await app(scope(), received.get, send)

        assert gate.cancelled == 1
        assert sent == []
        gate.open.set()
        await app(scope(), received.get, send)
        assert sent == ["http.response.start", "http.response.body"]
        assert requests.seen == [("/metrics", 499), ("/metrics", 200)]

    timed(go)


def test_a_server_that_stops_says_so_to_those_who_wait() -> None:
    """A request that is cancelled because the server ends gets a 503 and no connection to keep."""

    async def go() -> None:
        gate = Gate()
        app = build_routes(replace(FRONT, collect=gate.collect))
        async with client(app) as asking:
            running = asyncio.create_task(asking.get("/metrics"))
            await gate.entered.wait()
            running.cancel()
            response = await running

        assert (response.status_code, response.text) == (503, "shutting down\n")
        assert response.headers["connection"] == "close"
        assert gate.cancelled == 1

    timed(go)


def test_health_answers_while_a_page_is_rendered() -> None:
    """Rendering is in a thread of its own, not in the loop."""

    async def go() -> None:
        loop, began, release = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

        def slow(snapshot: Snapshot, openmetrics: bool) -> Iterable[Metric]:
            loop.call_soon_threadsafe(began.set)
            assert release.wait(60)
            return facts(snapshot, openmetrics)

        async with client(build_routes(replace(FRONT, families=slow))) as asking:
            running = asyncio.create_task(asking.get("/metrics"))
            await began.wait()
            healthy = await asking.get("/-/healthy")
            assert healthy.status_code == 200
            assert not running.done()
            release.set()
            assert (await running).status_code == 200

    timed(go)


def test_pages_are_rendered_two_at_a_time() -> None:
    """Twenty at once would make each late, and health with them."""
    lock, busy, most, pause = threading.Lock(), [0], [0], threading.Event()

    def counting(snapshot: Snapshot, openmetrics: bool) -> Iterable[Metric]:
        with lock:
            busy[0] += 1
            most[0] = max(most[0], busy[0])
        pause.wait(0.05)
        with lock:
            busy[0] -= 1
        return facts(snapshot, openmetrics)

    async def go() -> None:
        async with client(build_routes(replace(FRONT, families=counting))) as asking:
            answers = await asyncio.gather(*(asking.get("/metrics") for _ in range(20)))
        assert {each.status_code for each in answers} == {200}

    timed(go)
    assert most == [2]


# Bugs

CANARY = "canary-of-a-person"


def broken(_snapshot: Snapshot, _openmetrics: bool) -> Iterable[Metric]:
    """Fail as a bug does, with data in its words."""
    raise KeyError(CANARY)


def test_a_bug_in_rendering_is_a_500_that_tells_nothing() -> None:
    """The client gets no detail; the log gets where and what type, but not the words of the error."""
    with capture_logs() as logs:
        response = ask(replace(FRONT, families=broken))

    assert response.status_code == 500
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.text == "internal error\n"
    assert [entry["log_level"] for entry in logs] == ["error"]
    assert "KeyError" in str(logs)
    assert "broken" in str(logs)
    assert CANARY not in str(logs)


def test_a_bug_in_collecting_or_in_the_overview_is_a_500_too() -> None:
    """No bug behind the front gets past it."""

    async def failing(_deadline: float, _selection: Selection) -> Snapshot:
        raise ValueError(CANARY)

    def overview() -> Overview:
        raise ValueError(CANARY)

    with capture_logs() as logs:
        assert ask(replace(FRONT, collect=failing)).status_code == 500
        assert ask(replace(FRONT, overview=overview), "/").status_code == 500

    assert [entry["handler"] for entry in logs] == ["/metrics", "/"]
    assert CANARY not in str(logs)


def test_a_bug_after_the_answer_began_sends_no_second_one() -> None:
    """A server can only cut such an answer off."""

    async def go() -> list[str]:
        sent: list[str] = []

        async def send(message: Any) -> None:
            sent.append(message["type"])
            if message["type"] == "http.response.body":
                raise OSError(CANARY)

        with capture_logs() as logs:
            await build_routes(FRONT)(scope("/-/healthy"), asyncio.Queue[Any]().get, send)
        assert CANARY not in str(logs)
        return sent

    assert timed(go) == ["http.response.start", "http.response.body"]


def test_every_request_is_told_to_the_observer() -> None:
    """By our own path or as `other`, with its status; never by what a client invents."""
    requests = Requests()
    front = replace(FRONT, observe=requests)

    ask(front, "/metrics")
    ask(front, "/-/ready", method="POST")
    ask(front, "/invented")
    ask(replace(front, families=broken), "/metrics")

    assert requests.seen == [("/metrics", 200), ("/-/ready", 405), ("other", 404), ("/metrics", 500)]


def test_what_is_not_http_passes_through() -> None:
    """A server may announce its start: the application answers that, unobserved."""

    async def go() -> list[str]:
        requests, sent = Requests(), []
        messages = iter(["lifespan.startup", "lifespan.shutdown"])

        async def receive() -> dict[str, Any]:
            return {"type": next(messages)}

        async def send(message: Any) -> None:
            sent.append(message["type"])

        await build_routes(replace(FRONT, observe=requests))({"type": "lifespan"}, receive, send)
        assert requests.seen == []
        return sent

    assert timed(go) == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
