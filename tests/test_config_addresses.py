"""Addresses: what is taken for a URL is one, and is the one that will be asked."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.config.addresses import split_url

PIECES = st.sampled_from(
    [
        *"abXZ019.-_:@[]/%~!$&'*,;=|^{}",
        "127.0.0.1",
        "[::1]",
        "::1",
        "[fe80::1%25eth0]",
        "[v1.a]",
        ":80",
        "host",
    ]
)


@given(st.sampled_from(["http://", "https://", "HTTP://"]), st.lists(PIECES, max_size=7).map("".join))
def test_the_host_that_is_judged_is_the_host_that_is_asked(scheme: str, rest: str) -> None:
    """No trick with brackets or user-info makes another machine look like this one."""
    parts = split_url(scheme + rest)
    if parts is not None:
        assert httpx.URL(parts.geturl()).host == parts.hostname


@pytest.mark.parametrize(
    "url", ["http://a[::1]", "http://[v1.a]", "http://[::1]a", "http://[::1%25lo]", "http://host:"]
)
def test_hosts_that_only_look_like_one_are_refused(url: str) -> None:
    """A host is a name, an IPv4 address, or an IPv6 address in brackets and nothing else."""
    assert split_url(url) is None
