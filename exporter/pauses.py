"""Remembers until when a vendor does not want to be asked, and how fast it may be.

Pure; the time is an argument. A pause outlives the scrape that met the 429. Its scope is a string of the
source's choosing: one for a whole account, or one for each route. This file knows no HTTP: how a vendor
names a wait is read in `fetch`.
"""

from dataclasses import dataclass
from typing import Final

from exporter.model import Reason

LONGEST: Final = 300.0
"""Seconds; no pause is longer, whatever a vendor names: a wrong header must not blind the exporter for a
day."""

FIRST_UNNAMED: Final = 15.0
"""Seconds of the first pause where the vendor names none; the next ones double while the refusals go on."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Why nothing is asked, and for how many more seconds."""

    reason: Reason
    left: float


@dataclass(slots=True)
class _Scope:
    until: float = 0.0
    next_unnamed: float = FIRST_UNNAMED
    reason: Reason = Reason.RATE_LIMITED


class Pauses:
    """The pauses of one source, by scope; all moments are in the event loop's time."""

    def __init__(self) -> None:
        self._scopes: dict[str, _Scope] = {}

    def present(self, scope: str, *, now: float) -> Pause | None:
        """The pause in force, if there is one."""
        known = self._scopes.get(scope)
        if known is None or known.until <= now:
            return None
        return Pause(known.reason, known.until - now)

    def in_force(self, *, now: float) -> dict[str, Pause]:
        """All pauses in force, by scope."""
        return {scope: pause for scope in self._scopes if (pause := self.present(scope, now=now))}

    def take_over(self, other: "Pauses") -> None:
        """Keep the pauses of another source of the same account as well: of two, the one that ends later."""
        for scope, theirs in other._scopes.items():  # noqa: SLF001 - it is its own class
            mine = self._scopes.setdefault(scope, _Scope())
            if theirs.until > mine.until:
                mine.until, mine.reason = theirs.until, theirs.reason
            mine.next_unnamed = max(mine.next_unnamed, theirs.next_unnamed)

    def begin(
        self, scope: str, *, wait: float | None, now: float, reason: Reason = Reason.RATE_LIMITED
    ) -> float:
        """The vendor does not want to be asked for `wait` seconds, or named none (None).

        Gives the seconds of the pause. Several requests under way may be refused together: only the first
        of them begins an unnamed pause, or their number would double it.
        """
        known = self._scopes.setdefault(scope, _Scope())
        if wait is not None:
            seconds = min(wait, LONGEST)
        elif known.until <= now:
            seconds = known.next_unnamed
            known.next_unnamed = min(2 * seconds, LONGEST)
        else:
            seconds = 0.0
        if now + seconds > known.until:
            known.until = now + seconds
            known.reason = reason
        return max(0.0, known.until - now)

    def answered(self, scope: str, *, asked: float) -> None:
        """The vendor answers again, so the next unnamed pause is a first one.

        An answer to what was asked before the last pause says nothing about whether the refusals go on.
        """
        known = self._scopes.get(scope)
        if known is not None and asked >= known.until:
            known.next_unnamed = FIRST_UNNAMED


class Pace:
    """Spreads requests so that a vendor never sees more than `rate` a second, after a first `burst`."""

    def __init__(self, *, rate: float, burst: int) -> None:
        self._spacing = 1.0 / rate
        self._slack = burst * self._spacing
        self._next = 0.0

    def take(self, *, now: float) -> float:
        """Take the next place; gives the seconds to wait for it."""
        self._next = max(self._next, now - self._slack) + self._spacing
        return max(0.0, self._next - now)
