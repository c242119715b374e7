"""Virtual time that stands still while a worker thread is busy: pages are rendered beside the loop.

Without this, time would jump to the next timer while a thread still works, and a page that took 10 ms would
be late by seconds. Knows anyio's worker threads, which Starlette and the exporter use.
"""

import asyncio
import selectors
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, Future
from functools import partial
from typing import Any, Final, ParamSpec, TypeVar

from anyio._backends._asyncio import WorkerThread

from tests.kit.clock import VirtualLoop

QUIET: Final = 0.02
"""Real seconds of silence after which nothing travels on loopback any more."""

T = TypeVar("T")
P = ParamSpec("P")


class _WaitsForThreads:
    """Lets the selector behind it pass virtual time only where no thread of the loop has work."""

    def __init__(self, loop: asyncio.AbstractEventLoop, behind: Any) -> None:
        self._loop = loop
        self._behind = behind

    def __getattr__(self, name: str) -> Any:
        return getattr(self._behind, name)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout != 0 and self._busy():
            ready: list[tuple[selectors.SelectorKey, int]] = self._behind._real.select(60)
            assert ready, "a worker thread did not come back"
            return ready
        return list(self._behind.select(timeout))

    def _busy(self) -> bool:
        return any(
            isinstance(thread, WorkerThread)
            and thread.loop is self._loop
            and not thread.stopping
            and thread not in thread.idle_workers
            for thread in threading.enumerate()
        )


class ThreadedVirtualLoop(VirtualLoop):
    """A virtual loop for code that hands work to threads."""

    def __init__(self, *, quiet: float = 0.0) -> None:
        super().__init__(quiet=quiet)
        self._selector: Any = _WaitsForThreads(self, self._selector)


class Inline(Executor):
    """Threads that are none: what is handed over runs at once, so that no time can pass meanwhile."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        done: Future[T] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to whoever asked
            done.set_exception(error)
        return done


def run_threaded(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run to the end in virtual time, and give the result; work in threads takes no time."""
    with asyncio.Runner(loop_factory=ThreadedVirtualLoop) as runner:
        return runner.run(coroutine)


def run_connected(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run in virtual time what speaks over loopback: time passes only where nothing travels any more.

    So a clock of the server is exact, however slow the machine is; and the system hands over in no time.
    """
    with asyncio.Runner(loop_factory=partial(ThreadedVirtualLoop, quiet=QUIET)) as runner:
        return runner.run(coroutine)
