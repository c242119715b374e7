"""The configuration as it is shown: nothing that must stay inside, and all else as the file says it."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest
import trustme
import yaml
from hypothesis import given, note, settings
from hypothesis import strategies as st

from exporter.config import (
    BucketSettings,
    ChatPresenceMode,
    CollectSettings,
    Config,
    DailySettings,
    HttpSettings,
    LedgerSettings,
    Origin,
    PresenceMode,
    RocketChatSettings,
    RoomGroup,
    RoomLabel,
    RoomSettings,
    Secret,
    SourceSettings,
    UserGroup,
)
from exporter.config.redacted import EXPRESSION, SECRET, redacted, shown_url
from tests.configuration import daily, load, rocketchat, rows_by_section

C: Final = "cAnArY"
"""Stands in everything that must not be shown."""

NAMES = st.from_regex(r"[a-zA-Z0-9_-]{1,20}", fullmatch=True) | st.sampled_from(
    ["null", "off", "12", "-", "1e3"]
)
EXPRESSIONS = st.one_of(
    st.sampled_from(
        [".*", "support-\\d+", "a: b", "'", '"', "# x", "", "null", "a\nb", "\x85\u2028", "\xa0", " a "]
    ),
    st.text(max_size=12).map(re.escape),
).map(re.compile)


def durations(low: float, high: float) -> st.SearchStrategy[float]:
    """Durations in seconds, to the millisecond."""
    return st.integers(int(low * 1000), int(high * 1000)).map(lambda each: each / 1000)


SECRETS = st.builds(
    Secret,
    st.text("".join(map(chr, range(33, 127))), max_size=10).map(C.__add__),
    origin=st.just(Origin.INLINE),
) | st.builds(
    Secret,
    st.just(f"{C}-elsewhere"),
    origin=st.sampled_from([Origin.FILE, Origin.ENVIRONMENT]),
    name=st.sampled_from(["/run/secrets/key", "DAILY_KEY", "/odd\nname: 1"]),
)
PARTS = st.text("abc019._~%-+=:", max_size=8).map(C.__add__)
PROXIES = st.sampled_from(["http://proxy.test:3128", "https://10.0.0.1"]) | PARTS.map(
    lambda part: f"http://{part}@proxy.test:3128"
)
SERVERS = st.builds(
    lambda user, word, query: f"postgresql+psycopg://{user}@db.test:5432/presence{query}",
    PARTS.map(lambda part: f"{part.replace(':', '')}:{part}"),
    PARTS,
    PARTS.map(lambda part: f"?application_name={part}") | st.just(""),
)
FILES = st.from_regex(r"[a-zé: #'\"?@-]{1,10}", fullmatch=True).map(
    lambda name: f"sqlite:///{quote('/' + name)}"
)


def inline(text: str) -> Secret:
    """A secret that stands in the file."""
    return Secret(text, origin=Origin.INLINE)


@st.composite
def bounds(draw: Any, family: str) -> tuple[float, ...]:
    """Upper bounds that a file could give for that family."""
    fractions = family == "upstream_request_duration_seconds"
    each = st.integers(1, 86400) if not fractions else st.integers(1, 10**6).map(lambda bound: bound / 1000)
    return tuple(sorted(map(float, draw(st.sets(each, min_size=1, max_size=6)))))


def https(folder: Path) -> st.SearchStrategy[HttpSettings]:
    """How a vendor may be reached."""
    return st.builds(
        HttpSettings,
        connect_timeout=durations(0.1, 60),
        proxy=st.sampled_from(["environment", "none"]) | PROXIES.map(inline),
        ca_file=st.sampled_from([None, folder / "ca: #1.pem"]),
        max_connections=st.integers(1, 1000),
    )


@st.composite
def daily_sources(draw: Any, folder: Path) -> DailySettings:
    """Daily domains that a file could give."""
    label = draw(st.sampled_from(RoomLabel))
    presence = draw(st.sampled_from(PresenceMode))
    groups = draw(
        st.lists(st.builds(RoomGroup, NAMES, EXPRESSIONS), max_size=2, unique_by=lambda each: each.name)
    )
    watch = st.lists(NAMES, min_size=presence is PresenceMode.ROOMS, max_size=3, unique=True)
    rooms = RoomSettings(
        watch=tuple(draw(watch)),
        include=draw(st.none() | EXPRESSIONS),
        exclude=draw(st.none() | EXPRESSIONS),
        groups=tuple(groups),
        limit=draw(st.integers(0, 100_000)),
        label=label,
        hash_key=draw(SECRETS) if label is RoomLabel.HASH else None,
    )
    return DailySettings(
        name="x",
        base_url=draw(st.sampled_from(["https://api.daily.co/v1", "http://[::1]:80/a,b:"])),
        api_key=draw(SECRETS),
        presence=presence,
        meetings=presence is PresenceMode.OFF or draw(st.booleans()),
        rooms=rooms,
        http=draw(https(folder)),
    )


@st.composite
def chat_sources(draw: Any, folder: Path) -> RocketChatSettings:
    """Rocket.Chat workspaces that a file could give."""
    presence = draw(st.sampled_from(ChatPresenceMode))
    ids = st.from_regex(r"[A-Za-z0-9._@-]{0,9}", fullmatch=True).map(C.__add__)
    members = st.lists(ids, min_size=1, max_size=3, unique=True).map(tuple)
    groups = st.lists(
        st.builds(UserGroup, NAMES, members),
        min_size=presence is ChatPresenceMode.IDS,
        max_size=2,
        unique_by=lambda each: each.name,
    )
    full = presence is ChatPresenceMode.FULL
    return RocketChatSettings(
        name="x",
        base_url="https://chat.example.org",
        user_id=draw(SECRETS),
        auth_token=draw(SECRETS),
        presence=presence,
        full_every=draw(st.none() | durations(30, 3600)) if full else None,
        exclude_ids=draw(members | st.just(("rocket.cat",)) | st.just(())),
        groups=tuple(draw(groups)),
        connections=presence is ChatPresenceMode.OFF or draw(st.booleans()),
        http=draw(https(folder)),
    )


@st.composite
def configs(draw: Any, folder: Path) -> Config:
    """Configurations that a file could give."""
    kinds = st.lists(daily_sources(folder) | chat_sources(folder), min_size=1, max_size=3)
    url = draw(st.none() | FILES | SERVERS)
    catch_up = draw(durations(7200, 365 * 86400))
    return Config(
        CollectSettings(
            draw(durations(0.1, 600)), draw(durations(0, 3600)), draw(st.integers(2**10, 4 * 2**30))
        ),
        BucketSettings(**{family: draw(bounds(family)) for family in BucketSettings()}),
        tuple(replace(source, name=f"s{number}") for number, source in enumerate(draw(kinds))),
        LedgerSettings(
            url=None if url is None else inline(url),
            interval=draw(durations(0, 3600)),
            settle=draw(durations(0, 3600)),
            overlap=min(catch_up, draw(durations(0, 86400))),
            catch_up=catch_up,
            requests_per_minute=draw(st.integers(1, 600)),
            since=draw(st.none() | durations(0, 3650 * 86400)),
        ),
        exemplars=draw(st.booleans()),
    )


def quoted(text: str) -> str:
    """The text as YAML, in quotes."""
    return yaml.safe_dump([text], default_style='"', default_flow_style=True, width=10**6)[1:-2]


def url_parts(url: str) -> Iterator[str]:
    """What is kept back of a URL, in its order."""
    rest = url.partition("://")[2]
    place, _, query = rest.partition("?")
    yield from [place.rpartition("@")[0]] * ("@" in place)
    yield from [query] * ("?" in rest)


def room_parts(rooms: RoomSettings) -> Iterator[str]:
    """What is kept back of the rooms, in its order."""
    if rooms.label is not RoomLabel.PLAIN:
        yield from [", ".join(map(quoted, rooms.watch))] * bool(rooms.watch)
        for pattern in (rooms.include, rooms.exclude, *(each.pattern for each in rooms.groups)):
            yield from [] if pattern is None else [quoted(pattern.pattern)]
    yield from [] if rooms.hash_key is None else [quoted(rooms.hash_key.reveal())]


def source_parts(source: SourceSettings) -> Iterator[str]:
    """What is kept back of a source, in its order."""
    if isinstance(source, DailySettings):
        yield quoted(source.api_key.reveal())
        yield from room_parts(source.rooms)
    else:
        yield quoted(source.user_id.reveal())
        yield quoted(source.auth_token.reveal())
        for ids in (source.exclude_ids, *(each.ids for each in source.groups)):
            yield from [", ".join(map(quoted, ids))] * (ids not in {(), ("rocket.cat",)})
    yield from () if isinstance(source.http.proxy, str) else url_parts(source.http.proxy.reveal())


def put_back(text: str, config: Config) -> str:
    """The shown text with all that was kept back in its place again."""
    url = config.ledger.url
    parts = [*(url_parts(url.reveal()) if url else ()), *(p for s in config.sources for p in source_parts(s))]
    heading, body = text.split("collect:", 1)
    pieces = re.split(r"<[a-z0-9 ]+>", body)
    assert len(pieces) == len(parts) + 1
    return f"{heading}collect:{pieces[0]}" + "".join(a + b for a, b in zip(parts, pieces[1:], strict=True))


def inlined(config: Config) -> Config:
    """The same configuration with every secret in the file itself."""

    def source(each: SourceSettings) -> SourceSettings:
        if isinstance(each, RocketChatSettings):
            user, token = inline(each.user_id.reveal()), inline(each.auth_token.reveal())
            return replace(each, user_id=user, auth_token=token)
        key = each.rooms.hash_key
        rooms = replace(each.rooms, hash_key=None if key is None else inline(key.reveal()))
        return replace(each, api_key=inline(each.api_key.reveal()), rooms=rooms)

    return replace(config, sources=tuple(map(source, config.sources)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file of authorities."""
    made = tmp_path_factory.mktemp("config")
    trustme.CA().cert_pem.write_to_path(str(made / "ca: #1.pem"))
    return made


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_what_is_shown_is_the_settings_without_what_must_stay(data: Any, folder: Path) -> None:
    """No part of a secret is in it; with them put back it loads, and gives the same settings."""
    config = data.draw(configs(folder))
    text = redacted(config)

    assert C not in text
    assert text.replace("\n", "").isprintable()
    whole = put_back(text, config)
    note(whole)
    assert load(whole, folder).config == inlined(config)


def test_every_key_is_shown(tmp_path: Path) -> None:
    """A key that is new is missing here until it is shown; of the three forms of a secret one is."""
    text = (
        "ledger: {url: postgresql://u:p@h/d}\n"
        "sources:\n"
        "- {name: a, kind: daily, api_key: k, rooms: {label: hash, hash_key: k}}\n"
        "- {name: b, kind: rocketchat, base_url: 'https://c', user_id: u, auth_token: t,"
        " delta: {full_every: 5m}}"
    )
    shown = set(re.findall(r"([a-z_]+):", redacted(load(text, tmp_path).config)))
    keys = {row.name for rows in rows_by_section().values() for row in rows}
    assert keys - shown == {
        f"{name}_{form}"
        for name in ("api_key", "auth_token", "hash_key", "url", "user_id")
        for form in ("env", "file")
    }


def test_the_smallest_file_is_shown_with_every_default(tmp_path: Path) -> None:
    """In the file's own notation: durations, sizes, words, and `off` without quotes."""
    text = redacted(load(daily("presence: off, rooms: {label: off, watch: [a, b]}"), tmp_path).config)
    shown = [line.strip() for line in text.splitlines()]
    for line in (
        "max_response_bytes: 64MiB",
        "url: sqlite://  # in memory, which a restart forgets",
        "catch_up: 7d",
        "since: null",
        "upstream_request_duration_seconds: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]",
        "- name: a",
        "base_url: https://api.daily.co/v1",
        f"api_key: {SECRET}",
        "presence: off",
        "watch: [<2 rooms>]",
        "include: null",
        "groups: {}",
        "connect_timeout: 3s",
        "proxy: environment",
    ):
        assert line in shown


def test_it_is_said_where_a_secret_comes_from(tmp_path: Path) -> None:
    """By the path of its file or the name of its variable, which are no secrets."""
    (tmp_path / "key").write_text(f"{C}\n")
    by_file = redacted(load(daily(secret="api_key_file: key"), tmp_path).config)
    environ = {"THE_KEY": C}
    by_variable = redacted(load(daily(secret="api_key_env: THE_KEY"), tmp_path, environ=environ).config)

    assert f"api_key: {SECRET}  # from the file {tmp_path / 'key'}\n" in by_file
    assert f"api_key: {SECRET}  # from the variable THE_KEY\n" in by_variable
    assert C not in by_file + by_variable


def test_people_are_counted_and_the_bot_is_named(tmp_path: Path) -> None:
    """An id is no name of a group: groups are shown, and how many are in them."""
    default = redacted(load(rocketchat("groups: {oncall: [one]}"), tmp_path).config)
    given = redacted(load(rocketchat("exclude_ids: [rocket.cat, one]"), tmp_path).config)

    assert "exclude_ids: [rocket.cat]\n" in default
    assert "oncall: [<1 id>]\n" in default
    assert "exclude_ids: [<2 ids>]\n" in given


def test_private_rooms_are_not_named_by_expressions_either(tmp_path: Path) -> None:
    """What singles out rooms may hold their names."""
    rooms = "{label: off, watch: [lobby], include: lob.*, exclude: '', groups: {support: 'lobby|desk'}}"
    text = redacted(load(daily(f"rooms: {rooms}"), tmp_path).config)

    assert "lob" not in text
    assert text.count(EXPRESSION) == 3
    assert "watch: [<1 room>]\n" in text


@pytest.mark.parametrize(
    "url, shown",
    [
        ("https://h.test/v1", "https://h.test/v1"),
        ("http://u:p@h.test:1/v1", f"http://{SECRET}@h.test:1/v1"),
        ("http://a@b@h.test", f"http://{SECRET}@h.test"),
        ("http://h.test?key=1", f"http://h.test?{SECRET}"),
        ("http://h.test/#part", f"http://h.test/#{SECRET}"),
        ("http://u@h.test?a@b?c#d", f"http://{SECRET}@h.test?{SECRET}"),
        ("sqlite:////var/lib/ledger.db", "sqlite:////var/lib/ledger.db"),
    ],
)
def test_a_url_is_shown_without_user_and_query(url: str, shown: str) -> None:
    """Whoever may look at the page may see where it leads, and no more."""
    assert shown_url(url) == shown
