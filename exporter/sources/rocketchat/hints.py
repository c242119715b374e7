"""A view of who is in which status that deltas help out between two full lists; pure, time is an argument.

A delta lacks status changes, deleted users and the caller, so nothing here is more than a hint until the
next full list, which replaces it and counts how many users it had to correct.
"""

from collections.abc import Mapping

from exporter.sources.rocketchat import wire


class HintedView:
    """User id → status of everybody who is not offline, by the last full list and the deltas since."""

    def __init__(self, full_every: float | None) -> None:
        """Ask a full list every `full_every` seconds; None means each time."""
        self._full_every = full_every
        self._full_at = 0.0
        self._hinted = False
        self._since: float | None = None
        self.statuses: dict[str, str] = {}
        self.drift = 0

    def hint_from(self, *, now: float) -> float | None:
        """From when a delta may be asked (the server's time); None where a full list is due."""
        if self._full_every is None or self._since is None or not 0 <= now - self._full_at < self._full_every:
            return None
        return self._since

    def saw_full(self, statuses: Mapping[str, str], *, now: float, server_time: float | None) -> None:
        """Take in a full list; what it corrects of the hints counts as drift."""
        present = {user: status for user, status in statuses.items() if status != wire.OFFLINE}
        if self._hinted:
            self.drift += sum(
                present.get(user) != self.statuses.get(user) for user in present.keys() | self.statuses.keys()
            )
        self.statuses = present
        self._hinted = False
        self._full_at = now
        self._remember(server_time, now)

    def saw_delta(self, changes: Mapping[str, str], *, now: float, server_time: float | None) -> None:
        """Take in a delta: users that changed, in whatever status they are now."""
        for user, status in changes.items():
            if status == wire.OFFLINE:
                self.statuses.pop(user, None)
            else:
                self.statuses[user] = status
        self._hinted = True
        self._remember(server_time, now)

    def forget(self) -> None:
        """Presence was switched off: changes went unseen, so only a full list is worth asking for."""
        self._since = None
        self._hinted = False

    def _remember(self, server_time: float | None, now: float) -> None:
        """The earlier clock of the two: from a moment in the future, a delta would be empty for ever."""
        self._since = None if server_time is None else min(server_time, now)
