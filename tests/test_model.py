"""The values between the rooms: reasons are the closed set that dashboards know, deadlines move one way."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from exporter import errors
from exporter.model import Answer, CollectorSnapshot, Deadline, Facts, Reason, SourceSnapshot

REASONS = {
    "auth",
    "forbidden",
    "not_found",
    "bad_request",
    "rate_limited",
    "server_error",
    "connect",
    "tls",
    "timeout",
    "schema",
    "too_large",
    "presence_disabled",
    "ledger",
    "unexpected_status",
    "internal",
}


def test_the_reasons_are_a_closed_set() -> None:
    """A name that changes breaks the alerts of everybody who uses it."""
    assert {str(reason) for reason in Reason} == REASONS


def test_each_error_of_ours_has_a_reason_of_its_own() -> None:
    """No two of them are told apart by their words alone; a bug and the ledger have no such error."""
    kinds = errors.UpstreamError.__subclasses__()

    assert sorted(kind.reason for kind in kinds) == sorted(set(Reason) - {Reason.INTERNAL, Reason.LEDGER})


@given(moments=st.lists(st.floats(0, 1e6), min_size=1))
def test_a_deadline_moves_to_the_latest_moment_it_was_given(moments: list[float]) -> None:
    """In whatever order."""
    deadline = Deadline(moments[0])
    for moment in moments:
        deadline.extend(moment)

    assert deadline.at == max(moments)


@given(reasons=st.lists(st.none() | st.sampled_from(Reason), max_size=4))
def test_a_source_is_up_where_no_collector_failed(reasons: list[Reason | None]) -> None:
    """One failure is enough to say that something is missing."""
    answers: list[Answer[Facts]] = [Answer(None, reason, 0.1) for reason in reasons]
    source = SourceSnapshot("acme", "daily", tuple(CollectorSnapshot("c", each, None) for each in answers))

    assert [answer.success for answer in answers] == [reason is None for reason in reasons]
    assert source.up is not any(reasons)
