"""An event loop whose time jumps to the next timer, so that minutes of waiting take none; nothing is patched.

`run_virtual` runs a coroutine in it. Where nothing is left to run and no timer is set, real time would pass
for ever: that is an error here. Knows asyncio and nothing of the exporter.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Mapping
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")

START: Final = 10_000.0
"""What `loop.time()` says at first; not 0, since a machine's monotonic clock is never 0 either."""

WALL_START: Final = 1_800_000_000.0
"""Unix seconds at `START`: 15 January 2027, 08:00:00 UTC."""


class Stuck(RuntimeError):
    """Everybody waits for somebody else, and no timer will wake them."""


class _NeverWaits(selectors.BaseSelector):
    """Polls real files, and after `quiet` seconds lets virtual time pass instead of waiting for them."""

    def __init__(self, advance: Callable[[float], None], *, quiet: float) -> None:
        self._real = selectors.DefaultSelector()
        self._advance = advance
        self._quiet = quiet

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._real.select(0 if timeout == 0 else self._quiet)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            raise Stuck("nothing is left to run, and no timer is set")
        self._advance(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in which a timer is due as soon as nothing else is left to do.

    `quiet` is for how many real seconds the network must be silent before that is so.
    """

    def __init__(self, *, quiet: float = 0.0) -> None:
        self._passed = 0.0
        super().__init__(_NeverWaits(self._pass, quiet=quiet))

    def time(self) -> float:
        return START + self._passed

    def _pass(self, seconds: float) -> None:
        self._passed += max(0.0, seconds)


class WallClock:
    """Unix seconds that pass with the running loop's time; `ahead` is how much this clock is fast."""

    def __init__(self, start: float = WALL_START, *, ahead: float = 0.0) -> None:
        self.start = start
        self.ahead = ahead

    def __call__(self) -> float:
        return self.start + self.ahead + asyncio.get_running_loop().time() - START


def run_virtual(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run to the end in virtual time, and give the result."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(coroutine)


def virtual(test: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """Make a test of a coroutine function: it runs in virtual time."""

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        return run_virtual(test(*args, **kwargs))

    return run


def at_once(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that waits for nothing, without a loop."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    coroutine.close()
    raise Stuck("a coroutine that was to give its result at once waits for something")


def loop_time() -> float:
    """The running loop's time."""
    return asyncio.get_running_loop().time()
