"""Bodies are read to the limit and no further, and one that cannot be used has a reason, never a number."""

import gzip
import json
from typing import Literal

import msgspec
import pytest

from exporter import errors
from tests.kit.asking import desk
from tests.kit.clock import START, loop_time, virtual
from tests.kit.vendor import Body, Reply

GZIP = {"Content-Encoding": "gzip"}


class Level(msgspec.Struct):
    """A shape with a closed set of values, which msgspec repeats when another one comes."""

    level: Literal["low", "high"]


@pytest.mark.parametrize(
    "content, words",
    [
        (b"", "not JSON"),
        (b"<html><body>canary</body></html>", "not JSON"),
        (b'{"canary": 1', "not JSON"),
        (b'"\xff\xfe"', "not JSON"),
        (b"NaN", "not JSON"),
        (b"[" * 60_000, "nested too deep"),
    ],
    ids=["nothing", "HTML", "truncated", "not UTF-8", "not a number", "deep"],
)
@virtual
async def test_a_200_that_is_no_json_is_misshapen(content: bytes, words: str) -> None:
    """The words are ours: nothing of the body is repeated."""
    asked = desk({"/a": [Reply(content)]})
    with pytest.raises(errors.AnswerMisshapen) as caught:
        await asked.ask()
    assert str(caught.value) == f"/a: {words}"
    assert asked.heard.codes == ["200"]
    assert len(asked.heard.decodings) == 1


@pytest.mark.parametrize(
    "content, place",
    [
        ({"canary": "canary"}, " at $[...]"),
        ({"canary": {"level": "canary"}}, " at $[...].level"),
        (["canary"], ""),
        ("canary", ""),
    ],
)
@virtual
async def test_json_of_another_shape_is_told_by_its_place_and_not_by_its_value(
    content: object, place: str
) -> None:
    """Names of keys that users choose, and values, stay out of the words."""
    asked = desk({"/a": [Reply(content)]}, kind=dict[str, Level])
    with pytest.raises(errors.AnswerMisshapen) as caught:
        await asked.ask()
    assert str(caught.value) == f"/a: not the documented shape{place}"


@virtual
async def test_a_foreign_error_that_repeats_a_value_stays_behind() -> None:
    """msgspec does; ours only follows from it."""
    asked = desk({"/a": [Reply({"x": {"level": "canary"}})]}, kind=dict[str, Level])
    with pytest.raises(errors.AnswerMisshapen) as caught:
        await asked.ask()
    assert "canary" in str(caught.value.__cause__)
    assert "canary" not in str(caught.value)


@virtual
async def test_a_compressed_answer_is_read_and_counted_as_it_unfolds() -> None:
    """The size that is told is that of the decoded body."""
    body = json.dumps({"n": "x" * 5000}).encode()
    asked = desk({"/a": [Reply(gzip.compress(body), headers=GZIP)]})
    assert await asked.ask() == {"n": "x" * 5000}
    assert [size for *_, size in asked.heard.responses] == [len(body)]


@pytest.mark.parametrize(
    "content", [b"no gzip at all", gzip.compress(b"[]")[:-6] + b"canary"], ids=["all of it", "its end"]
)
@virtual
async def test_broken_compression_is_misshapen(content: bytes) -> None:
    """From the first byte, or in the checksum at the end."""
    asked = desk({"/a": [Reply(content, headers=GZIP)]})
    with pytest.raises(errors.AnswerMisshapen) as caught:
        await asked.ask()
    assert str(caught.value) == "/a: the body's compression is broken"
    assert asked.heard.codes == ["error"]


@virtual
async def test_a_body_of_just_the_limit_is_good() -> None:
    """One byte more is too large."""
    asked = desk({"/a": [Reply(b'"12345678"'), Reply(b'"123456789"')]}, max_bytes=10)
    assert await asked.ask() == "12345678"
    with pytest.raises(errors.AnswerTooLarge, match=r"^/a: more than 10 bytes$"):
        await asked.ask()
    assert [size for *_, size in asked.heard.responses] == [10, 10]


@virtual
async def test_an_endless_body_is_left_at_the_limit() -> None:
    """No more than one chunk beyond it is read, and the connection is closed."""
    body = Body([b"[" + b" " * 999, b" " * 1000], endless=True)
    asked = desk({"/a": [Reply(body)]}, max_bytes=10_000)
    with pytest.raises(errors.AnswerTooLarge):
        await asked.ask()
    assert (body.sent, body.closed) == (11_000, True)


@virtual
async def test_a_small_body_that_unfolds_into_a_large_one_is_too_large() -> None:
    """The limit is about what is held in memory, not about what travelled."""
    content = gzip.compress(b"[" + b" " * 1_000_000 + b"]")
    assert len(content) < 2000
    asked = desk({"/a": [Reply(content, headers=GZIP)]}, max_bytes=10_000)
    with pytest.raises(errors.AnswerTooLarge):
        await asked.ask()


@virtual
async def test_of_a_refusal_only_the_beginning_is_read() -> None:
    """An endless page of an error does not hide the error, nor fill the memory."""
    body = Body([b"x" * 1000], endless=True)
    asked = desk({"/a": [Reply(body, 404)]})
    with pytest.raises(errors.NotFound):
        await asked.ask()
    assert body.sent < 67_000
    assert body.closed
    assert [size for *_, size in asked.heard.responses] == [65_536]


@virtual
async def test_of_a_refusal_no_more_is_read_than_of_an_answer() -> None:
    """A limit below that holds for refusals too."""
    body = Body([b"x" * 1000], endless=True)
    asked = desk({"/a": [Reply(body, 403)]}, max_bytes=2500)
    with pytest.raises(errors.AccessForbidden):
        await asked.ask()
    assert body.sent == 3000


@pytest.mark.parametrize(
    "body",
    [Body([b"["], stall=True), Body([b"[", b" "], every=0.9, endless=True)],
    ids=["stalls", "drips"],
)
@virtual
async def test_a_body_that_never_ends_ends_at_the_wall(body: Body) -> None:
    """Neither silence nor a byte now and then keeps a request beyond its deadline."""
    asked = desk({"/a": [Reply(body)]})
    with pytest.raises(TimeoutError):
        await asked.ask(seconds=4.0)
    assert loop_time() == START + 4.0
    assert body.closed
    assert asked.heard.codes == ["error"]
