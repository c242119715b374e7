"""The list of targets names each source once, at an address that nobody can forge for somebody else."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import httpx
import pytest

from exporter.model import Offer
from exporter.web.discovery import NO_HOST
from exporter.web.front import Front, Origin
from exporter.web.routes import build_routes
from tests.kit.front import FRONT, Asked, ask, client, settings

# Prometheus takes a list for one only where this fits (discovery/http/http.go, `matchContentType`).
CONTENT_TYPE: Final = re.compile(r'(?i:application/json(;\s*charset=("utf-8"|utf-8))?)')


def groups(
    front: Front = FRONT, *, base: str = "http://exporter", headers: Mapping[str, str] | None = None
) -> Any:
    """The list that a client is told which asks at that address."""

    async def go() -> httpx.Response:
        async with client(build_routes(front), base=base) as asking:
            return await asking.get("/sd", headers=headers)

    response = asyncio.run(go())
    assert response.status_code == 200
    return response.json()


def places(listed: Any) -> set[tuple[Any, ...]]:
    """Address, scheme and path of all targets."""
    names = ("__scheme__", "__metrics_path__")
    return {(*each["targets"], *(each["labels"].get(name) for name in names)) for each in listed}


def test_each_source_is_a_target_at_the_address_that_was_asked() -> None:
    """With its name for `/probe`, its kind for relabelling, and an instance of its own."""
    assert groups(base="http://127.0.0.1:10458") == [
        {
            "targets": ["127.0.0.1:10458"],
            "labels": {
                "__metrics_path__": "/probe",
                "__param_source": name,
                "__meta_presence_kind": kind,
                "instance": name,
            },
        }
        for name, kind in (("acme", "daily"), ("chat", "rocketchat"))
    ]


def test_without_a_source_the_list_is_empty() -> None:
    """Prometheus takes that as no targets, where an error would keep those of before."""
    response = ask(replace(FRONT, offers=lambda: ()), "/sd")

    assert (response.status_code, response.text) == (200, "[]")


def test_the_list_is_json_as_prometheus_wants_it_and_kept_by_nobody() -> None:
    """The host of one client's request is not for another one."""
    for method in ("GET", "HEAD"):
        response = ask(FRONT, "/sd", method=method)
        assert CONTENT_TYPE.fullmatch(response.headers["content-type"])
        assert response.headers["cache-control"] == "no-store"


def test_the_list_follows_the_configuration() -> None:
    """It is made anew for each request, and asks no vendor."""
    asked = Asked()
    offers = [Offer("one", "daily", ())]
    front = replace(FRONT, offers=lambda: tuple(offers), collect=asked.collect)
    assert [each["labels"]["__param_source"] for each in groups(front)] == ["one"]
    offers.append(Offer("two", "daily", ()))

    assert [each["labels"]["__param_source"] for each in groups(front)] == ["one", "two"]
    assert asked.times == 0


def test_the_external_url_says_it_all() -> None:
    """Whatever the request says; the path is as Prometheus wants it, which encodes it itself."""
    outside = settings(origin=Origin("https", "monitoring.example.org"), link_prefix="/a%20b/presence")
    listed = groups(replace(FRONT, settings=outside), headers={"Host": "elsewhere.example.org"})

    assert places(listed) == {("monitoring.example.org", "https", "/a b/presence/probe")}


def test_where_the_metrics_lie_does_not_matter() -> None:
    """A probe has a path of its own."""
    moved = replace(FRONT, settings=settings(telemetry_path="/m", disable_source_metrics=True))

    assert places(groups(moved)) == {("exporter", None, "/probe")}


@pytest.mark.parametrize("base, scheme", [("http://exporter", None), ("https://exporter", "https")])
def test_the_scheme_is_named_where_it_is_known(base: str, scheme: str | None) -> None:
    """Without TLS here there may be a proxy that speaks it: then Prometheus's own configuration decides."""
    assert places(groups(base=base)) == {("exporter", scheme, "/probe")}


@pytest.mark.parametrize(
    "host", ["h", "h:1", "a.example.org:65535", "127.0.0.1:80", "[::1]", "[fe80::1]:10458", "a_b-c.d"]
)
def test_a_usable_host_is_the_address_as_it_stands(host: str) -> None:
    """With a port or without."""
    assert places(groups(headers={"Host": host})) == {(host, None, "/probe")}


@pytest.mark.parametrize(
    "host",
    [
        "",
        "a b",
        "user@h",
        "user:password@h:1",
        "h/path",
        "h?x",
        "h#x",
        "h:0",
        "h:65536",
        "h:x",
        "h,other",
        "a[::1]",
        "[::1",
        "[x]",
        "300.1.1.1",
        "h\\x",
        "http://h",
        "${x}",
        "h\xff",
        "h" * 254,
    ],
)
def test_any_other_host_is_refused_and_not_repeated(host: str) -> None:
    """A target must be nothing but a host and a port."""
    response = ask(FRONT, "/sd", headers={"Host": host.encode("latin-1")})

    assert (response.status_code, response.text) == (400, NO_HOST)
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    told = replace(FRONT, settings=settings(origin=Origin("http", "told:1")))
    assert ask(told, "/sd", headers={"Host": host.encode("latin-1")}).status_code == 200


@pytest.mark.parametrize(
    "header", ["X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "Forwarded", "X-Original-Host"]
)
def test_nobody_forwards_another_address(header: str) -> None:
    """Anyone may send such a header."""
    assert groups(headers={header: "https"}) == groups()


def test_what_else_the_query_says_is_not_looked_at() -> None:
    """Least of all an address."""
    asked = ask(FRONT, "/sd?target=evil.example.org&source=evil&__param_source=evil")

    assert asked.json() == groups()
