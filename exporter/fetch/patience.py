"""Whether and when one request is sent again; knows our errors and the deadline, and no request."""

import asyncio
import random
from collections.abc import Callable
from typing import Final, Protocol

import tenacity

from exporter import errors
from exporter.model import Deadline, Reason

ATTEMPTS: Final = 4
"""How often one request is sent at most, whatever time is left: an ailing vendor is not to be hammered."""

FIRST_BACKOFF: Final = 0.5
"""Seconds; the first retry waits a random part of this, each later one of twice as much (full jitter)."""

AFTER_THE_PAUSE: Final = 0.05
"""Seconds beyond a named wait, so that rounding on either side does not make the retry come early."""

_RETRIED_STATUSES: Final = frozenset({500, 502, 503, 504})


class BacksOff(Protocol):
    """Hears of the wait before a request is sent again."""

    def __call__(self, reason: Reason, /, *, wait: float) -> None:
        """Because of `reason` it will be sent again in `wait` seconds."""


class GaveUp(Protocol):
    """Hears that a request is not sent again, although that might help."""

    def __call__(self, reason: Reason, /, *, wait: float | None) -> None:
        """The `wait` does not fit into the deadline; None where enough was tried."""


class Patience:
    """Whether and when one request is sent again: asked by tenacity between two attempts."""

    def __init__(
        self,
        deadline: Deadline,
        *,
        typical: float,
        retried: Callable[[Reason], None],
        backs_off: BacksOff,
        gave_up: GaveUp,
        rng: random.Random,
    ) -> None:
        """`typical` is the seconds that such a request takes; the rest but `rng` hears what is decided."""
        self._deadline = deadline
        self._typical = typical
        self._retried = retried
        self._backs_off = backs_off
        self._gave_up = gave_up
        self._rng = rng
        self._refused = False

    def may_help(self, error: BaseException) -> bool:
        """Connections and 5xx may get better at once; a 429 only once, and after a named wait."""
        if isinstance(error, errors.RateLimited):
            return error.wait is not None and not self._refused
        if isinstance(error, errors.ServerFailed):
            return error.status in _RETRIED_STATUSES
        return isinstance(error, errors.ConnectionFailed)

    def wait(self, state: tenacity.RetryCallState) -> float:
        """Seconds: what the server named, or else a random part of a window that doubles."""
        error = _error_of(state)
        if isinstance(error, errors.RateLimited | errors.ServerFailed) and error.wait is not None:
            return error.wait + AFTER_THE_PAUSE
        return self._rng.uniform(0.0, FIRST_BACKOFF * 2 ** (state.attempt_number - 1))

    def is_over(self, state: tenacity.RetryCallState) -> bool:
        """True where the wait and a typical request no longer fit into the deadline, or enough was tried."""
        done = asyncio.get_running_loop().time() + state.upcoming_sleep + self._typical
        enough = state.attempt_number >= ATTEMPTS
        if not enough and done <= self._deadline.at:
            return False
        self._gave_up(_error_of(state).reason, wait=None if enough else state.upcoming_sleep)
        return True

    def note(self, state: tenacity.RetryCallState) -> None:
        """Remember and tell that the request is sent again."""
        error = _error_of(state)
        self._refused = self._refused or isinstance(error, errors.RateLimited)
        self._retried(error.reason)
        self._backs_off(error.reason, wait=state.upcoming_sleep)


def _error_of(state: tenacity.RetryCallState) -> errors.UpstreamError:
    error = state.outcome.exception() if state.outcome else None
    if not isinstance(error, errors.UpstreamError):  # pragma: no cover - tenacity asks about failures only
        raise TypeError("a retry without an error of ours")
    return error
