"""What the journal tells, as frozen values; moments are Unix seconds, all else that is time is seconds."""

from dataclasses import dataclass
from enum import StrEnum

from exporter.model import Reason


class Event(StrEnum):
    """What can happen in a run; a step's `subject` is a documented path, but where another is named."""

    REQUEST = "request"
    """One request is over: `code`, the `seconds` it took and its `size`."""
    QUEUED = "queued"
    """A request waited `seconds` for its turn: behind others of ours, or to keep the vendor's pace."""
    RETRY = "retry"
    """The same request is sent again after `seconds`, because of `reason`."""
    GAVE_UP = "gave_up"
    """It is not sent again: a wait of `seconds` does not fit into the deadline; None: enough was tried."""
    NOT_ASKED = "not_asked"
    """A pause, begun for `reason`, goes on for another `seconds`: nothing is sent."""
    PAUSE = "pause"
    """A pause of `seconds` begins; without a subject, of the whole source."""
    USED_UP = "used_up"
    """The vendor says that no request is left in the present window of its limit."""
    DECODED = "decoded"
    """Reading an answer took long: so many `seconds`, in which nothing else ran."""
    DRIFT = "drift"
    """`count` rows lacked a field, the subject, or had an odd one, and were used all the same."""
    JOINED = "joined"
    """One more pull waits for this run."""
    LEFT = "left"
    """A pull that waited for it went without its answer: its own deadline was over, or its client gone."""
    DEADLINE = "deadline"
    """The deadline of the latest waiter passed: the run was cut off."""
    CANCELLED = "cancelled"
    """All who waited had gone: the run was cut off."""
    KEPT = "kept"
    """What the collector keeps, as the ledger's figures, could not be had: the answer is a failure."""
    LEFT_OUT = "left_out"
    """`count` steps that happened here are not kept."""


class Outcome(StrEnum):
    """What came of a run, an answer or a pull."""

    UNDER_WAY = "under_way"
    SUCCESS = "success"
    FAILURE = "failure"
    CANCELLED = "cancelled"


class Way(StrEnum):
    """How a collector answers a pull."""

    BEGAN = "began"
    JOINED = "joined"
    SHARED = "shared"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened `after` so many seconds of its run; what a field means is said at the event."""

    after: float
    event: Event
    subject: str = ""
    code: str = ""
    reason: Reason | None = None
    seconds: float | None = None
    size: int | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True)
class RunNote:
    """One run of one collector: `seconds` is None while it is under way."""

    number: int
    source: str
    collector: str
    at: float
    outcome: Outcome
    seconds: float | None
    reason: Reason | None
    detail: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class AnswerNote:
    """One collector's answer to a pull.

    `run` is the number of the run whose answer it is, `age` how long before the pull it had begun, and
    `shared_for` how long a good run of this collector is shared. `began` is the run itself, where this pull
    began it. `seconds` is how long the pull waited for it.
    """

    source: str
    collector: str
    way: Way
    run: int
    age: float
    shared_for: float
    outcome: Outcome
    seconds: float | None
    reason: Reason | None
    detail: str
    began: RunNote | None


@dataclass(frozen=True, slots=True)
class PullNote:
    """One pull: which page asked for it, how many seconds it had, and each collector's answer.

    `left_out` answers more were given, all of them good where any of those that are kept is.
    """

    number: int
    at: float
    page: str
    allowed: float
    outcome: Outcome
    seconds: float | None
    answers: tuple[AnswerNote, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class FailureNote:
    """Runs of one collector that failed for one reason, no good one between: the first, and the latest."""

    times: int
    first: RunNote
    latest: RunNote
    goes_on: bool


@dataclass(frozen=True, slots=True)
class Notes:
    """All that the journal holds at the moment `now`, the newest first."""

    now: float
    pulls: tuple[PullNote, ...]
    failures: tuple[FailureNote, ...]
