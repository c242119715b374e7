"""Sees to it that one source counts one Daily domain: `GET /`.

Another domain under the same name would count on where the first one stopped. It knows the ledger as a
Protocol.
"""

import asyncio
import re
from typing import Final

from exporter.errors import LedgerUnavailable, UpstreamError
from exporter.fetch import Fetcher, Question
from exporter.model import Deadline, LedgerState, MeetingLedger
from exporter.sources.daily import wire
from exporter.sources.daily.reader import LAST_SECOND

SECONDS: Final = 2.0
"""How long the answer is waited for; not to know it fails nothing."""

NAME: Final = re.compile(r"[!-~]{1,255}")
"""What can be kept as a domain's name."""

SOONEST, LATEST = 60.0, 3600.0
"""Seconds until it is asked again where there was no answer; they double."""


class DomainGuard:
    """Knows the domain of the key, once it could be asked."""

    def __init__(self, fetcher: Fetcher, ledger: MeetingLedger) -> None:
        self._fetcher = fetcher
        self._ledger = ledger
        self._domain: str | None = None
        self._due = 0.0
        self._wait = SOONEST

    async def check(self, state: LedgerState, *, now: float, deadline: Deadline) -> None:
        """Raise `LedgerUnavailable` where the ledger counts another domain under this name."""
        left = deadline.at - asyncio.get_running_loop().time()
        if self._domain is None and left >= LAST_SECOND and not now < self._due <= now + LATEST:
            self._domain = await ask_domain(self._fetcher, deadline=deadline)
            self._due = now + self._wait
            self._wait = min(self._wait * 2, LATEST)
        if self._domain in {None, state.domain}:
            return
        if await self._ledger.name_domain(self._domain) != self._domain:
            raise LedgerUnavailable(
                "ledger: this source name counted another Daily domain before; give the source another name,"
                " or run ledger reset"
            )


async def ask_domain(fetcher: Fetcher, *, deadline: Deadline) -> str | None:
    """The domain that the key belongs to; None where that could not be learnt, soon or at all."""
    question = Question("/", "/")
    soon = Deadline(min(deadline.at, asyncio.get_running_loop().time() + SECONDS))
    try:
        async with asyncio.timeout_at(soon.at):
            reply = await fetcher.get(question, lambda body, _: wire.domain_name(body), deadline=soon)
    except (UpstreamError, TimeoutError):
        return None
    return reply.value if NAME.fullmatch(reply.value) else None
