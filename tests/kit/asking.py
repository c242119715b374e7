"""A fetcher in front of a scripted vendor of no make, for tests of what all vendors have in common."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from exporter.fetch import Fetcher, Question, Reply, Vendor
from exporter.model import Deadline
from tests.kit.clock import WallClock, loop_time
from tests.kit.observer import Heard
from tests.kit.rig import MAX_BYTES, SECONDS, make_fetcher
from tests.kit.vendor import Always, Script, Step

BASE_URL: Final = "https://vendor.test"


@dataclass(slots=True)
class Key:
    """A credential that counts how often it was refused."""

    value: str = "a-key"
    refusals: int = 0

    def headers(self) -> Mapping[str, str]:
        return {"X-Key": self.value}

    def refused(self) -> None:
        self.refusals += 1


class Chance(random.Random):
    """Chance that always falls on the same share of a window; remembers the windows."""

    def __init__(self, share: float) -> None:
        super().__init__(0)
        self.share = share
        self.windows: list[tuple[float, float]] = []

    def uniform(self, a: float, b: float) -> float:
        self.windows.append((a, b))
        return a + (b - a) * self.share


@dataclass(slots=True)
class Desk:
    """A fetcher, what its vendor was asked, and what its observer heard."""

    fetcher: Fetcher
    script: Script
    heard: Heard = field(repr=False)
    key: Key
    wall: WallClock
    chance: Chance
    kind: Any = Any

    async def reply(
        self,
        path: str = "/a",
        *,
        scope: str = "",
        params: tuple[tuple[str, str], ...] = (),
        seconds: float = SECONDS,
    ) -> Reply[tuple[Any, float]]:
        """The decoded answer and its moment, up to the wall (`TimeoutError`)."""
        question = Question(path, path, params, scope)
        deadline = Deadline(loop_time() + seconds)
        async with asyncio.timeout_at(deadline.at):
            return await self.fetcher.get(question, self._decode, deadline=deadline)

    async def ask(self, path: str = "/a", *, scope: str = "", seconds: float = SECONDS) -> Any:
        """The decoded answer alone."""
        return (await self.reply(path, scope=scope, seconds=seconds)).value[0]

    def _decode(self, body: bytearray, moment: float) -> tuple[Any, float]:
        return msgspec.json.decode(body, type=self.kind), moment


def desk(
    steps: Mapping[str, Sequence[Step] | Always],
    *,
    share: float = 0.5,
    ahead: float = 0.0,
    max_bytes: int = MAX_BYTES,
    kind: Any = Any,
    **vendor: Any,
) -> Desk:
    """A desk before that script: chance falls on `share`, answers are decoded as `kind`."""
    script, heard, key = Script(steps), Heard(), Key()
    wall, chance = WallClock(ahead=ahead), Chance(share)
    maker = Vendor("vendor", BASE_URL, key, **vendor)
    fetcher = make_fetcher(script, maker, observer=heard, max_bytes=max_bytes, wall=wall, rng=chance)
    return Desk(fetcher, script, heard, key, wall, chance, kind)
