"""Observers that write down what they hear, word for word."""

from dataclasses import dataclass, field

from exporter.model import Answer, Facts, Reason


@dataclass(slots=True)
class Heard:
    """A `SourceObserver` that remembers every call, each kind in its order."""

    responses: list[tuple[str, str, float, int]] = field(default_factory=list)
    retries: list[tuple[str, Reason]] = field(default_factory=list)
    remainders: list[tuple[str, float]] = field(default_factory=list)
    pauses: list[tuple[str, float]] = field(default_factory=list)
    decodings: list[tuple[str, float]] = field(default_factory=list)
    drifts: list[tuple[str, int]] = field(default_factory=list)
    queues: list[tuple[str, float]] = field(default_factory=list)
    waits: list[tuple[str, Reason, float]] = field(default_factory=list)
    surrenders: list[tuple[str, Reason, float | None]] = field(default_factory=list)
    refusals: list[tuple[str, Reason, float]] = field(default_factory=list)

    @property
    def codes(self) -> list[str]:
        """The codes of all requests, in their order."""
        return [code for _, code, _, _ in self.responses]

    @property
    def drift(self) -> dict[str, int]:
        """Rows by field, those without any drift left out."""
        fields = {name for name, rows in self.drifts if rows}
        return {one: sum(rows for name, rows in self.drifts if name == one) for one in fields}

    def responded(self, endpoint: str, *, code: str, seconds: float, size: int) -> None:
        self.responses.append((endpoint, code, seconds, size))

    def retried(self, endpoint: str, reason: Reason) -> None:
        self.retries.append((endpoint, reason))

    def queued(self, endpoint: str, *, seconds: float) -> None:
        self.queues.append((endpoint, seconds))

    def backs_off(self, endpoint: str, reason: Reason, *, wait: float) -> None:
        self.waits.append((endpoint, reason, wait))

    def gave_up(self, endpoint: str, reason: Reason, *, wait: float | None) -> None:
        self.surrenders.append((endpoint, reason, wait))

    def not_asked(self, endpoint: str, reason: Reason, *, left: float) -> None:
        self.refusals.append((endpoint, reason, left))

    def remaining(self, endpoint: str, requests: float) -> None:
        self.remainders.append((endpoint, requests))

    def paused(self, scope: str, *, until: float) -> None:
        self.pauses.append((scope, until))

    def decoded(self, endpoint: str, *, seconds: float) -> None:
        self.decodings.append((endpoint, seconds))

    def drifted(self, field: str, rows: int) -> None:
        self.drifts.append((field, rows))


@dataclass(slots=True)
class Runs:
    """A `CollectionObserver` that remembers the runs and the pulls."""

    runs: list[tuple[str, str, Answer[Facts]]] = field(default_factory=list)
    pulls: list[tuple[str, bool]] = field(default_factory=list)

    def ran(self, source: str, collector: str, *, answer: Answer[Facts]) -> None:
        self.runs.append((source, collector, answer))

    def pulled(self, source: str, *, shared: bool) -> None:
        self.pulls.append((source, shared))
