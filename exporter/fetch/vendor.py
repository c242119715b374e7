"""What differs between vendors, and what a request and its answer are; values that know no HTTP client."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeAlias, TypeVar

from exporter.errors import UpstreamError
from exporter.pauses import Pace

T = TypeVar("T")

Decode: TypeAlias = Callable[[bytearray, float], T]
"""Turns a body that was true at a moment (Unix seconds) into a value; lets msgspec's errors out."""


Account: TypeAlias = tuple[str, frozenset[tuple[str, str]]]
"""An address and the headers that go there: it holds secrets, and is to be compared and not to be kept."""


class Credential(Protocol):
    """What proves to the vendor who is asking."""

    def headers(self) -> Mapping[str, str]:
        """The headers of the next request."""

    def refused(self) -> None:
        """The vendor did not accept them."""


@dataclass(frozen=True, slots=True)
class Vendor:
    """What differs between vendors: where they are, and how they say no.

    `refusal` may name a more exact error for a status and body, `wait_in_body` the seconds that a 429's
    body names; `pace` keeps bursts of ours below the vendor's limit, and `at_once` requests are under way
    at most.
    """

    name: str
    base_url: str
    credential: Credential
    refusal: Callable[[int, bytes], type[UpstreamError] | None] | None = None
    wait_in_body: Callable[[bytes], float | None] | None = None
    pace: Pace | None = None
    at_once: int = 10

    def account(self) -> Account:
        """Who asks where: equal for two vendors that ask at one address with what is now one credential."""
        return self.base_url, frozenset(self.credential.headers().items())


@dataclass(frozen=True, slots=True)
class Question:
    """One GET: the documented path it is known by, its real path, its query, and what a 429 pauses.

    `paced` is False where whoever asks spreads such requests without the vendor's pace.
    """

    endpoint: str
    path: str
    params: tuple[tuple[str, str], ...] = ()
    scope: str = ""
    paced: bool = True


@dataclass(frozen=True, slots=True)
class Reply(Generic[T]):
    """A decoded answer, and the vendor's clock when it gave it (Unix seconds; None where it did not say)."""

    value: T
    server_time: float | None
