"""How often each vendor lets itself be asked; counts moments it is given and knows no HTTP.

Refused calls count as well, at both vendors.
"""

from collections import deque
from dataclasses import dataclass


class SlidingLimit:
    """Daily's: so many calls within any stretch of `seconds`."""

    def __init__(self, calls: int, *, seconds: float) -> None:
        self._calls = calls
        self._seconds = seconds
        self._asked: deque[float] = deque(maxlen=calls)

    def allows(self, now: float) -> bool:
        """Count a call at `now` (Unix seconds) and say whether it is answered."""
        full = len(self._asked) == self._calls and 0 <= now - self._asked[0] < self._seconds
        self._asked.append(now)
        return not full


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a Rocket.Chat server says of its limit with each answer; `reset` in Unix seconds."""

    allowed: bool
    limit: int
    remaining: int
    reset: float


class WindowLimit:
    """Rocket.Chat's: so many calls in a window that the first one opens, for each client and route."""

    def __init__(self, calls: int, *, seconds: float) -> None:
        self._calls = calls
        self._seconds = seconds
        self._windows: dict[tuple[str, str], tuple[float, int]] = {}

    def count(self, client: str, route: str, *, now: float) -> Allowance:
        """Count a call at `now` (Unix seconds) and say what is left of the window."""
        opened, calls = self._windows.get((client, route), (now, 0))
        if not 0 <= now - opened < self._seconds:
            opened, calls = now, 0
        self._windows[client, route] = opened, calls + 1
        left = self._calls - calls - 1
        return Allowance(left >= 0, self._calls, max(left, 0), opened + self._seconds)
