"""Between a source and its observer: sources come and go, and what is counted by name goes on.

It counts nothing itself.
"""

from exporter.model import Reason, Unconcerned
from exporter.telemetry.upstream import UpstreamObserver


class Line(Unconcerned):
    """What one form of a source tells its observer through, until another form takes its place.

    Requests that are under way then are still counted, where there are series of such; what the vendor says
    of its limit is passed on no more.
    """

    def __init__(self, observer: UpstreamObserver) -> None:
        self.observer = observer
        self._cut = False

    def cut(self) -> None:
        """Another form has taken the place."""
        self._cut = True

    def responded(self, endpoint: str, *, code: str, seconds: float, size: int) -> None:
        """One request is over."""
        if self._counts(endpoint):
            self.observer.responded(endpoint, code=code, seconds=seconds, size=size)

    def retried(self, endpoint: str, reason: Reason) -> None:
        """The same request will be sent again."""
        if self._counts(endpoint):
            self.observer.retried(endpoint, reason)

    def remaining(self, endpoint: str, requests: float) -> None:
        """The vendor said how many requests are left."""
        if not self._cut:
            self.observer.remaining(endpoint, requests)

    def paused(self, scope: str, *, until: float) -> None:
        """Nothing is asked until then."""
        if not self._cut:
            self.observer.paused(scope, until=until)

    def decoded(self, endpoint: str, *, seconds: float) -> None:
        """One answer was decoded."""
        if not self._cut:
            self.observer.decoded(endpoint, seconds=seconds)

    def drifted(self, field: str, rows: int) -> None:
        """Rows were used although a field was not as documented."""
        if self._counts(field):
            self.observer.drifted(field, rows)

    def _counts(self, label: str) -> bool:
        return not self._cut or self.observer.shows(label)
