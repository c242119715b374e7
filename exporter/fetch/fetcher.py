"""Sends requests to one vendor account: attempts inside the deadline, pauses, pace, size, refusals.

The one place that tries again. It knows neither vendor: what differs between them comes in as a `Vendor`.
No text made here holds a value from the wire, a header or a query.
"""

import asyncio
import random
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Final, TypeVar

import httpx
import structlog
import tenacity

from exporter import errors
from exporter.fetch.faults import decoding, translated
from exporter.fetch.patience import Patience
from exporter.fetch.vendor import Decode, Question, Reply, Vendor
from exporter.model import Deadline, Reason, SourceObserver
from exporter.pauses import Pauses
from exporter.ratelimit import named_wait, remaining_requests, retry_after, server_time

log = structlog.get_logger(__name__)

T = TypeVar("T")

TYPICAL_SECONDS: Final = 0.5
"""What a request is taken to need before one of its kind was answered."""

REFUSAL_BYTES: Final = 65536
"""How much of the body of a refusal is read."""

_BY_STATUS: Final[Mapping[int, type[errors.UpstreamError]]] = {
    400: errors.RequestRefused,
    401: errors.CredentialRefused,
    403: errors.AccessForbidden,
    404: errors.NotFound,
}


class Fetcher:
    """Asks one vendor account; owns its pauses and knows how long its answers take."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        vendor: Vendor,
        *,
        observer: SourceObserver,
        max_bytes: Callable[[], int],
        wall: Callable[[], float],
        rng: random.Random,
        pauses: Pauses | None = None,
    ) -> None:
        """`max_bytes` is asked at each answer; `pauses` are those that the account is known to want."""
        self._client = client
        self._vendor = vendor
        self._observer = observer
        self._max_bytes = max_bytes
        self._wall = wall
        self._rng = rng
        self._pauses = Pauses() if pauses is None else pauses
        self._turns = asyncio.Semaphore(vendor.at_once)
        self._typical: dict[str, float] = {}

    async def get(self, question: Question, decode: Decode[T], *, deadline: Deadline) -> Reply[T]:
        """Ask, and try again while that can help and fits into the deadline; raises `UpstreamError`.

        `decode` turns the body, true at a moment (Unix seconds), into a value and lets msgspec's errors
        out. The moment is the earlier one of our clock and the vendor's: a clock that runs ahead must not
        lengthen stays.
        """
        patience = Patience(
            deadline,
            typical=self._typical.get(question.endpoint, TYPICAL_SECONDS),
            retried=partial(self._observer.retried, question.endpoint),
            backs_off=partial(self._observer.backs_off, question.endpoint),
            gave_up=partial(self._observer.gave_up, question.endpoint),
            rng=self._rng,
        )
        attempts = tenacity.AsyncRetrying(
            stop=patience.is_over,
            wait=patience.wait,
            retry=tenacity.retry_if_exception(patience.may_help),
            before_sleep=patience.note,
            sleep=asyncio.sleep,
            reraise=True,
        )
        return await attempts(self._attempt, question, decode)

    async def aclose(self) -> None:
        """Give the connections back."""
        await self._client.aclose()

    async def _attempt(self, question: Question, decode: Decode[T]) -> Reply[T]:
        async with self._turn(question):
            started = self._now()
            response, body = await self._exchange(question)
        good = response.status_code == httpx.codes.OK
        if good:
            self._pauses.answered(question.scope, asked=started)
        self._note_remaining(question, response)
        if not good:
            raise self._refusal(question, response, body=bytes(body))
        self._typical[question.endpoint] = self._now() - started
        date = server_time(response.headers)
        moment = self._wall() if date is None else min(date, self._wall())
        return Reply(self._decode(question.endpoint, lambda: decode(body, moment)), date)

    @asynccontextmanager
    async def _turn(self, question: Question) -> AsyncIterator[None]:
        """Wait until the request may be sent, and not in the HTTP client: a pause may begin meanwhile.

        A place in the pace is taken last, so that those who give up while they queue take none with them.
        """
        self._respect_pause(question)
        came = self._now()
        async with self._turns:
            self._respect_pause(question)
            if (pace := self._vendor.pace) and question.paced:
                await asyncio.sleep(pace.take(now=self._now()))
                self._respect_pause(question)
            self._observer.queued(question.endpoint, seconds=self._now() - came)
            yield

    def _respect_pause(self, question: Question) -> None:
        pause = self._pauses.present(question.scope, now=self._now())
        if pause is None:
            return
        self._observer.not_asked(question.endpoint, pause.reason, left=pause.left)
        text = f"{question.endpoint}: not asked; the server wants a pause of another {pause.left:.0f} s"
        if pause.reason is Reason.RATE_LIMITED:
            raise errors.RateLimited(text)
        raise errors.ServerFailed(text, status=None)

    async def _exchange(self, question: Question) -> tuple[httpx.Response, bytearray]:
        """Send once and read the body as far as it may be read; the observer hears what came of it."""
        started, code, body, most = self._now(), "error", bytearray(), self._max_bytes()
        url = self._vendor.base_url + question.path
        headers = dict(self._vendor.credential.headers())
        try:
            async with self._client.stream(
                "GET", url, params=question.params or None, headers=headers, follow_redirects=False
            ) as response:
                whole = await self._read(response, body, most=most)
                code = str(response.status_code)
        except (httpx.HTTPError, ssl.SSLError) as error:
            raise translated(error, question.endpoint) from error
        finally:
            seconds = self._now() - started
            self._observer.responded(question.endpoint, code=code, seconds=seconds, size=len(body))
            log.debug("upstream request", source=self._vendor.name, endpoint=question.endpoint, code=code,
                      seconds=round(seconds, 3), bytes=len(body))  # fmt: skip
        if not whole:
            raise errors.AnswerTooLarge(f"{question.endpoint}: more than {most} bytes")
        return response, body

    async def _read(self, response: httpx.Response, body: bytearray, *, most: int) -> bool:
        """Read into `body`, and no more than allowed; True where that is all of it that is wanted."""
        good = response.status_code == httpx.codes.OK
        most = most if good else min(REFUSAL_BYTES, most)
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > most:
                del body[most:]
                return not good
        return True

    def _refusal(self, question: Question, response: httpx.Response, *, body: bytes) -> errors.UpstreamError:
        status = response.status_code
        text = f"{question.endpoint}: answered {status}"
        if status == httpx.codes.TOO_MANY_REQUESTS:
            wait = named_wait(response.headers, now=self._wall())
            if wait is None and self._vendor.wait_in_body:
                wait = self._vendor.wait_in_body(body)
            seconds = self._pause(question, wait, reason=Reason.RATE_LIMITED)
            return errors.RateLimited(
                f"{text}, a pause of {seconds:.0f} s", wait=None if wait is None else seconds
            )
        if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            # Only this header speaks of the failure; the end of the limit's window is in every answer.
            wait = retry_after(response.headers, now=self._wall())
            if wait is not None:
                wait = self._pause(question, wait, reason=Reason.SERVER_ERROR)
            return errors.ServerFailed(text, status=status, wait=wait)
        kind = self._vendor.refusal(status, body) if self._vendor.refusal else None
        kind = kind or _BY_STATUS.get(status, errors.StatusUnexpected)
        if kind is errors.CredentialRefused:
            self._vendor.credential.refused()
        return kind(text)

    def _note_remaining(self, question: Question, response: httpx.Response) -> None:
        """Tell how many requests are left; after the last one a pause begins, unless a 429 begins its own."""
        left = remaining_requests(response.headers)
        if left is None:
            return
        self._observer.remaining(question.endpoint, left)
        if left < 1 and response.status_code != httpx.codes.TOO_MANY_REQUESTS:
            wait = named_wait(response.headers, now=self._wall())
            self._pause(question, wait, reason=Reason.RATE_LIMITED)

    def _pause(self, question: Question, wait: float | None, *, reason: Reason) -> float:
        begins = self._pauses.present(question.scope, now=self._now()) is None
        seconds = self._pauses.begin(question.scope, wait=wait, now=self._now(), reason=reason)
        self._observer.paused(question.scope, until=self._wall() + seconds)
        if begins and seconds > 0:
            log.warning("pause begins", source=self._vendor.name, endpoint=question.scope or "all",
                        seconds=round(seconds, 1), reason=str(reason))  # fmt: skip
        return seconds

    def _decode(self, endpoint: str, decode: Callable[[], T]) -> T:
        started = self._now()
        try:
            with decoding(endpoint):
                return decode()
        finally:
            self._observer.decoded(endpoint, seconds=self._now() - started)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
