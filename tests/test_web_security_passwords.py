"""Names and passwords: who may ask, what that costs, and what is remembered of it."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import bcrypt
import pytest

from exporter.web.security.passwords import Passwords, credentials
from tests.kit.secured import basic

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

USERS: Final = {"alice": b"hash of right", "bob": b"hash of other"}


@dataclass
class Matches:
    """Stands for bcrypt, and remembers what it compared; `gate` lets it go on."""

    gate: threading.Event | None = None
    begun: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    compared: list[tuple[bytes, bytes]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    def __call__(self, password: bytes, hashed: bytes) -> bool:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.compared.append((password, hashed))
        self.begun.release()
        if self.gate is not None:
            assert self.gate.wait(60)
        self.at_once -= 1
        return hashed == b"hash of " + password


def header(name: str, password: str) -> bytes:
    """An Authorization header."""
    return basic(name, password).encode()


def test_only_the_right_password_of_a_user_admits() -> None:
    """Not that of another, not under a name that nobody has, and not none."""
    passwords = Passwords(matches=Matches())

    async def go() -> list[bool]:
        given = [
            header("alice", "right"),
            header("alice", "other"),
            header("nobody", "right"),
            None,
            b"Basic !",
        ]
        return [await passwords.admits(each, users=USERS) for each in given]

    assert asyncio.run(go()) == [True, False, False, False, False]


def test_an_unknown_name_costs_what_a_known_one_does() -> None:
    """It is compared with the hash of a user, always the same one; each user's turn comes with some name."""
    matches = Matches()
    names = [f"nobody-{number}" for number in range(40)]

    async def go() -> None:
        passwords = Passwords(matches=matches, key=b"key")
        for round_of in ("once", "again"):
            for name in names:
                assert not await passwords.admits(header(name, round_of), users=USERS)

    asyncio.run(go())
    hashes = [hashed for _, hashed in matches.compared]
    assert hashes[:40] == hashes[40:]
    assert set(hashes) == set(USERS.values())


def test_the_password_of_the_user_who_stands_in_does_not_admit() -> None:
    """It fits the hash, and the name is still nobody's; also when it is remembered."""
    matches = Matches()

    async def go() -> None:
        passwords = Passwords(matches=matches)
        for _ in range(2):
            assert not await passwords.admits(header("nobody", "right"), users={"alice": USERS["alice"]})

    asyncio.run(go())
    assert matches.compared == [(b"right", b"hash of right")]


def test_what_was_found_out_is_not_asked_again() -> None:
    """Right or wrong; a new hash is another matter."""
    matches = Matches()

    async def go() -> None:
        passwords = Passwords(matches=matches)
        for _ in range(3):
            assert await passwords.admits(header("alice", "right"), users=USERS)
            assert not await passwords.admits(header("alice", "wrong"), users=USERS)
        assert len(matches.compared) == 2
        assert not await passwords.admits(header("alice", "right"), users={"alice": b"hash of new"})
        assert await passwords.admits(header("alice", "new"), users={"alice": b"hash of new"})

    asyncio.run(go())
    assert len(matches.compared) == 4


def test_guesses_do_not_push_the_right_password_out() -> None:
    """Only so many wrong ones are remembered."""
    matches = Matches()

    async def go() -> None:
        passwords = Passwords(matches=matches)
        assert await passwords.admits(header("alice", "right"), users=USERS)
        for number in range(101):
            assert not await passwords.admits(header("alice", str(number)), users=USERS)
        assert await passwords.admits(header("alice", "right"), users=USERS)
        assert len(matches.compared) == 102
        assert not await passwords.admits(header("alice", "0"), users=USERS)
        assert len(matches.compared) == 103

    asyncio.run(go())


def test_one_password_is_compared_at_a_time_beside_the_loop() -> None:
    """Those who ask the same share it; whoever is known already does not wait."""
    matches = Matches(gate=threading.Event())

    async def go() -> None:
        passwords = Passwords(matches=matches)
        assert matches.gate is not None
        matches.gate.set()
        assert await passwords.admits(header("alice", "right"), users=USERS)
        matches.gate.clear()
        matches.begun.acquire()
        given = [header("alice", "wrong")] * 3 + [header("bob", "other"), header("bob", "wrong")]
        asking = [asyncio.create_task(passwords.admits(each, users=USERS)) for each in given]
        await asyncio.to_thread(matches.begun.acquire)
        assert await passwords.admits(header("alice", "right"), users=USERS)
        matches.gate.set()
        assert await asyncio.gather(*asking) == [False, False, False, True, False]

    timed(go)
    assert (len(matches.compared), matches.most_at_once) == (4, 1)


def timed(work: Callable[[], Coroutine[None, None, None]]) -> None:
    """Run a coroutine, for a minute at most."""

    async def go() -> None:
        async with asyncio.timeout(60):
            await work()

    asyncio.run(go())


def test_a_password_of_any_length_is_compared() -> None:
    """Bcrypt sees 72 bytes; its library refuses more, and a zero byte is one like others."""
    hashed = {"alice": bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4))}
    expected = {"x" * 72: True, "x" * 80: True, "x" * 71: False, "": False, "x\0": False, "ä" * 1000: False}

    async def go() -> dict[str, bool]:
        passwords = Passwords()
        return {each: await passwords.admits(header("alice", each), users=hashed) for each in expected}

    assert asyncio.run(go()) == expected


@pytest.mark.parametrize(
    "given, expected",
    [
        (b"Basic YTpi", ("a", b"b")),
        (b"bAsIc YTpi", ("a", b"b")),
        (b"Basic YTo=", ("a", b"")),
        (b"Basic OmI=", ("", b"b")),
        (b"Basic YTpiOmM=", ("a", b"b:c")),
        (b"Basic YQ==", None),
        (b"Basic YT pi", None),
        (b"Basic  YTpi", None),
        (b"Basic /zpi", None),
        (b"Basic", None),
        (b"Bearer YTpi", None),
        (b"", None),
        (None, None),
    ],
)
def test_the_header_is_read_as_its_standard_says(
    given: bytes | None, expected: tuple[str, bytes] | None
) -> None:
    """RFC 7617: the scheme in any case, a colon after the name, the password with colons of its own."""
    assert credentials(given) == expected
