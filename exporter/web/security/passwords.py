"""Whether somebody may ask, by name and password; knows headers and hashes, and no file.

A password costs as much time as its hash was made to, also for a name that nobody has: it is compared with
the hash of one who exists, always the same one for the same name. What was found out is kept, as a digest
under a key of this process: no password stays in memory.
"""

from __future__ import annotations

import asyncio
import binascii
import secrets
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Final

import bcrypt
from anyio import CapacityLimiter, to_thread

_MOST_WRONG: Final = 100
"""Wrong passwords that are remembered; right ones are, one for each user."""

_LONGEST: Final = 72
"""Bytes of a password that count: bcrypt sees no more, and the library refuses more instead of cutting it."""


class Passwords:
    """Tells who may ask, and remembers it. `matches` compares a password with a hash, in a worker thread."""

    def __init__(
        self, *, matches: Callable[[bytes, bytes], bool] = bcrypt.checkpw, key: bytes | None = None
    ) -> None:
        """`key` is that of the digests; left out, a random one."""
        self._matches = matches
        self._key = key or secrets.token_bytes(32)
        self._right: dict[str, bytes] = {}
        self._wrong: dict[bytes, None] = {}
        # One at a time: it is work for a processor, and whoever floods us must not get all of them.
        self._turn = asyncio.Lock()
        self._threads = CapacityLimiter(1)

    async def admits(self, authorization: bytes | None, *, users: Mapping[str, bytes]) -> bool:
        """True where the header has the name and the password of one of the users."""
        given = credentials(authorization)
        if given is None:
            return False
        name, password = given
        known = name in users
        hashed = users[name] if known else self._stand_in(name, users)
        digest = self._digest(name.encode(), hashed, password)
        if (remembered := self._remembered(name, digest)) is not None:
            return remembered
        async with self._turn:
            # The one before may have asked the same.
            if (remembered := self._remembered(name, digest)) is not None:
                return remembered
            fits = await to_thread.run_sync(self._matches, password[:_LONGEST], hashed, limiter=self._threads)
        self._remember(name, digest, admitted=fits and known)
        return fits and known

    def _stand_in(self, name: str, users: Mapping[str, bytes]) -> bytes:
        hashes = list(users.values())
        return hashes[int.from_bytes(self._digest(name.encode())[:8], "big") % len(hashes)]

    def _digest(self, *parts: bytes) -> bytes:
        digest = blake2b(key=self._key)
        for part in parts:
            digest.update(len(part).to_bytes(8, "big") + part)
        return digest.digest()

    def _remembered(self, name: str, digest: bytes) -> bool | None:
        if self._right.get(name) == digest:
            return True
        return False if digest in self._wrong else None

    def _remember(self, name: str, digest: bytes, *, admitted: bool) -> None:
        if admitted:
            self._right[name] = digest
            return
        self._wrong[digest] = None
        if len(self._wrong) > _MOST_WRONG:
            del self._wrong[next(iter(self._wrong))]


def credentials(authorization: bytes | None) -> tuple[str, bytes] | None:
    """The name and the password of an `Authorization` header (RFC 7617); None for anything else."""
    scheme, _, encoded = (authorization or b"").partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        name, colon, password = binascii.a2b_base64(encoded, strict_mode=True).partition(b":")
        return (name.decode(), password) if colon else None
    except (binascii.Error, UnicodeDecodeError):
        return None
