"""Whether the server has switched presence off: `GET /api/v1/settings.public`.

Asked only where another answer suggests it.
"""

import asyncio
from typing import Final

from exporter.errors import UpstreamError
from exporter.fetch import Fetcher, Question
from exporter.model import Deadline
from exporter.sources.rocketchat import wire

BROADCAST_ENDPOINT: Final = "/api/v1/settings.public"


WRAP_UP: Final = 0.05
"""Seconds kept from a run's deadline to tell that presence may be switched off, when the setting stalls."""


async def is_switched_off(fetcher: Fetcher, deadline: Deadline) -> bool:
    """Hold a suspicious answer against the setting; what the server does not deny in time is true."""
    try:
        async with asyncio.timeout_at(deadline.at - WRAP_UP):
            return await ask_broadcast(fetcher, deadline) is not False
    except (UpstreamError, TimeoutError):
        return True


async def ask_broadcast(fetcher: Fetcher, deadline: Deadline) -> bool | None:
    """True where presence is switched off; None where the server does not give the setting."""
    question = Question(
        BROADCAST_ENDPOINT, BROADCAST_ENDPOINT, (("_id", wire.BROADCAST_SETTING),), scope=BROADCAST_ENDPOINT
    )
    reply = await fetcher.get(question, lambda body, _: wire.broadcast_disabled(body), deadline=deadline)
    return reply.value
