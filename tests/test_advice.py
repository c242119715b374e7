"""There is something to do about every reason."""

from __future__ import annotations

import pytest

from exporter.advice import ADVICE, BY_KIND, BY_QUESTION, advice
from exporter.config import SourceKind
from exporter.model import Reason

KINDS = tuple(map(str, SourceKind))


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("kind", KINDS)
def test_every_reason_has_advice(kind: str, reason: Reason) -> None:
    """A whole sentence, for each vendor."""
    text = advice(reason, kind=kind, subject="anything")
    assert text[0].isupper() or text.startswith("base_url")
    assert text.endswith(".")


def test_the_table_names_reasons_and_vendors_that_exist() -> None:
    """A mistyped row would never be found."""
    assert set(ADVICE) == set(Reason)
    assert {kind for kind, _ in BY_KIND} == set(KINDS)
    assert {kind for kind, _, _ in BY_QUESTION} == set(KINDS)


@pytest.mark.parametrize(
    "reason, kind, subject, words",
    [
        (Reason.AUTH, "daily", "presence", "API key"),
        (Reason.AUTH, "rocketchat", "presence", "token was revoked, the account was deactivated"),
        (Reason.NOT_FOUND, "daily", "room frontdesk", "mistyped in rooms.watch"),
        (Reason.BAD_REQUEST, "daily", "room frontdesk", "mistyped in rooms.watch"),
        (Reason.BAD_REQUEST, "daily", "presence", "report it"),
        (Reason.NOT_FOUND, "daily", "presence", "https://api.daily.co/v1"),
        (Reason.NOT_FOUND, "rocketchat", "presence", "without /api/v1"),
        (Reason.FORBIDDEN, "rocketchat", "connections", "manage-user-status"),
        (Reason.FORBIDDEN, "rocketchat", "presence", "administrator"),
        (Reason.RATE_LIMITED, "rocketchat", "presence", "api-bypass-rate-limit"),
        (Reason.PRESENCE_DISABLED, "rocketchat", "presence", "200 connections"),
        (Reason.LEDGER, "daily", "ledger", "check ledger.url"),
        (Reason.CONNECT, "daily", "presence", "http.proxy"),
        (Reason.TLS, "rocketchat", "presence", "http.ca_file"),
    ],
)
def test_the_closest_advice_is_given(reason: Reason, kind: str, subject: str, words: str) -> None:
    """That of the question goes before that of the vendor, and this before that of the reason alone."""
    assert words in advice(reason, kind=kind, subject=subject)
