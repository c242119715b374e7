"""One line an event, in two formats; and no foreign text that could hold an address, a token or a name."""

from __future__ import annotations

import io
import json
import logging
import re
import sys
from collections.abc import Iterator

import httpx
import pytest
import structlog

from exporter.log import FORMATS, LEVELS, MOST_FRAMES, frames, set_up
from tests.kit.clock import run_virtual

CANARY = "canary-of-a-person"

TIMESTAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z"


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Leave the log of the other tests as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()  # Setting up would close those of pytest.
    yield
    structlog.reset_defaults()
    logging.getLogger("httpx").setLevel(logging.NOTSET)
    root.handlers[:] = handlers
    root.setLevel(level)


def written(level: str = "info", form: str = "logfmt") -> io.StringIO:
    """Set the log up, and give what it is written to."""
    stream = io.StringIO()
    set_up(level, form, stream=stream)
    return stream


def test_a_line_of_logfmt_has_moment_level_and_event_first() -> None:
    """Blanks are quoted, and a warning is called as the flag calls it."""
    stream = written()
    structlog.get_logger("x").warning("collector failed", source="acme", detail="", up=False, seconds=0.5)

    line = rf'ts={TIMESTAMP} level=warn event="collector failed" source=acme detail= up=false seconds=0\.5\n'
    assert re.fullmatch(line, stream.getvalue())


def test_a_line_of_json_has_the_same_fields() -> None:
    """Each line is an object of its own."""
    stream = written(form="json")
    for source in ("acme", "chat"):
        structlog.get_logger().info("collector recovered", source=source)

    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line.pop("ts")[-1] for line in lines] == ["Z", "Z"]
    assert lines == [
        {"level": "info", "event": "collector recovered", "source": source} for source in ("acme", "chat")
    ]


@pytest.mark.parametrize("form", FORMATS)
def test_a_line_break_in_a_value_begins_no_line(form: str) -> None:
    """Nobody can forge an entry."""
    stream = written(form=form)
    structlog.get_logger().info("event", detail='a\nlevel=error event="forged"\r\n{}')

    assert stream.getvalue().count("\n") == 1


@pytest.mark.parametrize("level", LEVELS)
def test_what_is_below_the_level_is_not_written(level: str) -> None:
    """Debug shows all four, error one."""
    stream = written(level, "json")
    log = structlog.get_logger()
    for each in (log.debug, log.info, log.warning, log.error):
        each("event")

    names = list(LEVELS)
    levels = [json.loads(line)["level"] for line in stream.getvalue().splitlines()]
    assert levels == names[names.index(level) :]


def test_the_log_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    """Stdout is for what commands answer."""
    set_up("info", "logfmt")
    structlog.get_logger().info("event")

    said = capsys.readouterr()
    assert (said.out, said.err.count("event=event")) == ("", 1)


@pytest.mark.parametrize("form", FORMATS)
def test_requests_are_not_told_by_the_library_that_sends_them(form: str) -> None:
    """It would write addresses with ids of people, even where somebody switches its debugging on."""
    stream = written("debug", form)
    logging.getLogger("httpx").setLevel(logging.DEBUG)
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200)

    async def ask() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
            await client.get("https://chat.test/", params={"ids": CANARY})

    run_virtual(ask())
    structlog.get_logger().debug("own line")

    assert asked == [f"https://chat.test/?ids={CANARY}"]
    assert "own line" in stream.getvalue()
    assert CANARY not in stream.getvalue()


def test_a_warning_of_another_library_is_cut_down_to_its_first_line() -> None:
    """What follows is data; a traceback is told without the words of its error."""
    stream = written(form="json")
    log = logging.getLogger("library")
    log.info("chatter")
    try:
        raise ValueError(CANARY)
    except ValueError:
        log.exception("it broke: %s\nwith %s", "here", CANARY)

    [line] = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert (line["level"], line["logger"], line["event"]) == ("error", "library", "it broke: here")
    assert line["traceback"].startswith("ValueError < ")
    assert CANARY not in stream.getvalue()


def test_a_wrong_format_of_another_library_breaks_nothing() -> None:
    """Its words come out as they are, and without the values."""
    stream = written(form="json")
    logging.getLogger("library").warning("%d rows", CANARY)

    assert json.loads(stream.getvalue())["event"] == "%d rows"


def failing(depth: int) -> None:
    """Fail so many calls deep."""
    if depth:
        failing(depth - 1)
    raise KeyError(CANARY)


def caught(depth: int) -> Exception:
    """Give the error of a failure that deep."""
    try:
        failing(depth)
    except KeyError as error:
        return error
    raise AssertionError  # pragma: no cover - it always fails


def test_frames_tell_where_and_what_type_and_not_the_words() -> None:
    """The deepest place first: it is where one looks."""
    told = frames(caught(1)).split(" < ")

    assert told[0] == "KeyError"
    assert [place.partition(" ")[2] for place in told[1:]] == ["failing", "failing", "caught"]
    assert all(re.match(rf"{re.escape(__file__)}:\d+ ", place) for place in told[1:])
    assert CANARY not in str(told)


def test_frames_of_an_endless_recursion_fit_into_a_line() -> None:
    """The deepest places are enough."""
    told = frames(caught(sys.getrecursionlimit() // 2)).split(" < ")

    assert len(told) == 1 + MOST_FRAMES
    assert {place.partition(" ")[2] for place in told[1:]} == {"failing"}


def test_an_error_that_was_never_raised_has_a_type_alone() -> None:
    """There is no place to tell."""
    assert frames(ExceptionGroup(CANARY, [ValueError(CANARY)])) == "ExceptionGroup"
