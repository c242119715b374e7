"""Turns one more question to a vendor into a line of the doctor's table; knows no vendor."""

from collections.abc import Awaitable

from exporter.errors import UpstreamError
from exporter.model import Finding


async def examined(source: str, subject: str, *, question: Awaitable[str]) -> Finding:
    """What `question` answered in words, or why it could not be answered."""
    try:
        return Finding(source, subject, None, await question)
    except UpstreamError as error:
        return Finding(source, subject, error.reason, str(error))
