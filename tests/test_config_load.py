"""What a good configuration becomes: defaults, values, warnings, and the configuration of the demo."""

import contextlib
import re
import ssl
from pathlib import Path

import pytest
import trustme

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
    SourceKind,
    UserGroup,
    demo_config,
    load_file,
)
from tests.configuration import daily, load, rocketchat

AGES = (30.0, 60.0, 300.0, 600.0, 900.0, 1800.0, 2700.0, 3600.0, 5400.0, 7200.0, 14400.0, 28800.0, 86400.0)
SIZES = (1.0, 2.0, 3.0, 4.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)
STATUSES = (60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0, 28800.0, 86400.0)
REQUESTS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

DAILY = (
    "https://api.daily.co/v1",
    PresenceMode.DOMAIN,
    True,
    RoomSettings((), None, None, (), 500, RoomLabel.PLAIN, None),
    HttpSettings(3.0, "environment", None, 10),
)


def inline(text: str) -> Secret:
    """A secret that stands in the file itself."""
    return Secret(text, origin=Origin.INLINE)


def only_daily(text: str, folder: Path) -> DailySettings:
    """The one Daily source of a file."""
    (source,) = load(text, folder).config.sources
    assert isinstance(source, DailySettings)
    return source


def only_chat(text: str, folder: Path) -> RocketChatSettings:
    """The one Rocket.Chat source of a file."""
    (source,) = load(text, folder).config.sources
    assert isinstance(source, RocketChatSettings)
    return source


def test_the_smallest_file_has_every_default(tmp_path: Path) -> None:
    """One Daily source with its key is a whole configuration."""
    config = load(daily(), tmp_path).config
    assert config.collect == CollectSettings(10.0, 10.0, 67108864)
    (source,) = config.sources
    assert isinstance(source, DailySettings)
    assert (source.kind, source.name, source.api_key) == (SourceKind.DAILY, "a", inline("k"))
    assert (source.base_url, source.presence, source.meetings, source.rooms, source.http) == DAILY


def test_the_defaults_of_the_file_are_those_of_the_values(tmp_path: Path) -> None:
    """What a file leaves out is what the settings have when made by hand."""
    config = load(daily(), tmp_path).config
    assert config == Config(
        CollectSettings(),
        BucketSettings(),
        (DailySettings(name="a", api_key=inline("k")),),
        LedgerSettings(),
        exemplars=False,
    )
    assert only_chat(rocketchat(), tmp_path) == RocketChatSettings(
        name="a", base_url="https://chat.example", user_id=inline("u"), auth_token=inline("t")
    )


def test_a_chat_source_has_its_defaults(tmp_path: Path) -> None:
    """The full list each time, the bot left out, no groups and no administrator's question."""
    source = only_chat(rocketchat(), tmp_path)
    assert (source.kind, source.presence, source.full_every) == (
        SourceKind.ROCKETCHAT,
        ChatPresenceMode.FULL,
        None,
    )
    assert (source.exclude_ids, source.groups, source.connections) == (("rocket.cat",), (), False)


@pytest.mark.parametrize(
    "family,bounds",
    [
        ("room_size_participants", SIZES),
        ("current_stay_seconds", AGES),
        ("lone_stay_seconds", AGES),
        ("meeting_age_seconds", AGES),
        ("join_duration_seconds", AGES),
        ("meeting_duration_seconds", AGES),
        ("meeting_peak_participants", SIZES),
        ("current_status_seconds", STATUSES),
        ("status_duration_seconds", STATUSES),
        ("upstream_request_duration_seconds", REQUESTS),
    ],
)
def test_every_bucketed_family_has_bounds_that_can_be_set(
    family: str, bounds: tuple[float, ...], tmp_path: Path
) -> None:
    """The bounds of a family are found with and without the prefix, and setting them changes no other."""
    default = load(daily(), tmp_path).config.buckets
    assert default.of(family) == default.of(f"presence_{family}") == bounds
    highest = 86400 if family in {"join_duration_seconds", "meeting_duration_seconds"} else 10**9
    changed = load(daily() + f"buckets: {{{family}: [1, 5, {highest}]}}", tmp_path).config.buckets
    assert {each: changed.of(each) for each in changed} == {
        **{each: default.of(each) for each in default},
        family: (1.0, 5.0, float(highest)),
    }
    assert all(type(bound) is float for bound in changed.of(family))


def test_a_family_without_buckets_is_told() -> None:
    """A misspelt family is an error of the program, not an empty histogram."""
    with pytest.raises(KeyError, match="presence_users"):
        BucketSettings().of("presence_users")
    assert len(list(BucketSettings())) == 10


def test_requests_may_have_fractions_and_fifty_bounds_are_allowed(tmp_path: Path) -> None:
    """Fractions are for requests; fifty is the most."""
    bounds = [number / 1000 for number in range(1, 51)]
    text = daily() + f"buckets: {{upstream_request_duration_seconds: {bounds}}}"
    assert load(text, tmp_path).config.buckets.upstream_request_duration_seconds == tuple(bounds)


def test_values_at_their_limits_are_taken(tmp_path: Path) -> None:
    """Both ends of every range belong to it."""
    low = load(daily() + "collect: {timeout: 100ms, min_interval: 0s, max_response_bytes: 1024}", tmp_path)
    high = load(daily() + "collect: {timeout: '10m', min_interval: 1h, max_response_bytes: '4GiB'}", tmp_path)
    assert low.config.collect == CollectSettings(0.1, 0.0, 1024)
    assert high.config.collect == CollectSettings(600.0, 3600.0, 4 * 2**30)


def test_sections_that_are_left_empty_have_their_defaults(tmp_path: Path) -> None:
    """A section whose keys are all remarks is no fault."""
    text = daily("rooms: , http: ") + "collect:\n#  timeout: 1s\nbuckets: ~\nledger:\n"
    assert load(text, tmp_path).config == load(daily(), tmp_path).config


def test_every_key_of_rooms_arrives(tmp_path: Path) -> None:
    """Names, expressions, groups, limit and label are what the file says."""
    rooms = only_daily(
        daily(
            "presence: rooms, meetings: false, "
            "rooms: {watch: [123, true], include: '.*', exclude: 'test-.*', "
            "groups: {support: 'support-.*', all: .+}, limit: 0, label: hash, hash_key: h}"
        ),
        tmp_path,
    ).rooms
    assert rooms == RoomSettings(
        watch=("123", "true"),
        include=re.compile(".*"),
        exclude=re.compile("test-.*"),
        groups=(RoomGroup("support", re.compile("support-.*")), RoomGroup("all", re.compile(".+"))),
        limit=0,
        label=RoomLabel.HASH,
        hash_key=inline("h"),
    )


def test_every_key_of_a_chat_source_arrives(tmp_path: Path) -> None:
    """Deltas, exclusions, groups and connections are what the file says."""
    source = only_chat(
        rocketchat(
            "delta: {full_every: 5m}, exclude_ids: [], groups: {oncall: [a, 0123]}, connections: true"
        ),
        tmp_path,
    )
    assert (source.full_every, source.exclude_ids, source.connections) == (300.0, (), True)
    assert source.groups == (UserGroup("oncall", ("a", "0123")),)


@pytest.mark.parametrize(
    "keys,mode",
    [
        ("presence: ids, groups: {g: [a]}", "ids"),
        ("presence: off, connections: true", "off"),
        ("delta: null", "full"),
    ],
)
def test_modes_are_words(keys: str, mode: str, tmp_path: Path) -> None:
    """`off` is a mode like the others and no boolean; an empty delta is none."""
    source = only_chat(rocketchat(keys), tmp_path)
    assert (source.presence, source.full_every) == (ChatPresenceMode(mode), None)


def test_daily_presence_can_be_off_while_meetings_are_asked(tmp_path: Path) -> None:
    """Either question alone is a source."""
    assert only_daily(daily("presence: off"), tmp_path).presence is PresenceMode.OFF
    assert only_daily(daily("meetings: false"), tmp_path).meetings is False


@pytest.mark.parametrize(
    "given,kept",
    [
        ("https://api.daily.co/v1/", "https://api.daily.co/v1"),
        ("HTTPS://API.daily.co//", "https://API.daily.co"),
        ("https://chat.example.org:8443/sub/path/", "https://chat.example.org:8443/sub/path"),
        ("https://192.0.2.7", "https://192.0.2.7"),
        ("http://[::1]:3000", "http://[::1]:3000"),
    ],
)
def test_slashes_at_the_end_of_a_url_are_taken_off(given: str, kept: str, tmp_path: Path) -> None:
    """Paths can be joined to what is left."""
    loaded = load(daily(f"base_url: '{given}'"), tmp_path)
    assert (loaded.config.sources[0].base_url, loaded.warnings) == (kept, ())


@pytest.mark.parametrize("host", ["localhost:3000", "chat.localhost", "127.8.9.1", "[::1]", "[::1]:80"])
def test_plain_http_to_this_machine_is_no_warning(host: str, tmp_path: Path) -> None:
    """What never leaves the machine needs no encryption."""
    assert load(daily(f"base_url: 'http://{host}'"), tmp_path).warnings == ()


@pytest.mark.parametrize(
    "host,shown",
    [
        ("chat.example.org", "chat.example.org"),
        ("192.0.2.7:80", "192.0.2.7"),
        ("[2001:db8::1]", "2001:db8::1"),
    ],
)
def test_a_credential_in_the_clear_is_a_warning(host: str, shown: str, tmp_path: Path) -> None:
    """Plain http to another machine works, and is told."""
    loaded = load(daily(f"base_url: 'http://{host}/v1'"), tmp_path)
    expected = f"sources[0].base_url: the credential crosses the network unencrypted to {shown}; use https://"
    assert loaded.warnings == (expected,)


def test_a_proxy_with_a_password_in_the_clear_is_a_warning(tmp_path: Path) -> None:
    """The proxy's password counts as a credential, and does not appear."""
    text = daily("http: {proxy: 'http://user:hidden@proxy.example.org:3128'}")
    told = "the proxy's password crosses the network unencrypted to proxy.example.org; use https://"
    assert load(text, tmp_path).warnings == (f"sources[0].http.proxy: {told}",)


@pytest.mark.parametrize(
    "proxy", ["http://proxy.example.org:3128/", "https://u:p@proxy.example.org", "http://u:p@[::1]"]
)
def test_other_proxies_are_no_warning(proxy: str, tmp_path: Path) -> None:
    """A proxy without a password, with encryption, or on this machine gives nothing away."""
    loaded = load(daily(f"http: {{proxy: '{proxy}'}}"), tmp_path)
    assert loaded.warnings == ()
    assert loaded.config.sources[0].http.proxy == inline(proxy)


@pytest.mark.parametrize("word", ["environment", "none"])
def test_a_proxy_can_be_left_to_the_environment_or_out(word: str, tmp_path: Path) -> None:
    """The two words stay words."""
    assert load(daily(f"http: {{proxy: {word}}}"), tmp_path).config.sources[0].http.proxy == word


def test_relative_paths_start_at_the_folder_of_the_file(tmp_path: Path) -> None:
    """Secrets and certificates are found from there, wherever the process was started."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "key").write_text("hidden\n")
    (tmp_path / "etc" / "key").chmod(0o600)
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "etc" / "ca.pem"))
    config = tmp_path / "etc" / "config.yml"
    config.write_text(daily("http: {ca_file: ca.pem}", secret="api_key_file: key"))
    with contextlib.chdir(tmp_path):
        (source,) = load_file(Path("etc/config.yml"), {}).config.sources
    assert isinstance(source, DailySettings)
    assert source.api_key == Secret("hidden", origin=Origin.FILE, name=str(tmp_path / "etc" / "key"))
    assert source.http.ca_file == tmp_path / "etc" / "ca.pem"
    assert ssl.create_default_context(cafile=source.http.ca_file).cert_store_stats()["x509_ca"] == 1


def test_a_secret_that_everyone_can_read_is_a_warning(tmp_path: Path) -> None:
    """The file's mode is told with the key that names it."""
    (tmp_path / "key").write_text("hidden")
    (tmp_path / "key").chmod(0o644)
    expected = f"sources[0].api_key_file: every user of this machine can read {tmp_path}/key (chmod o-r)"
    assert load(daily(secret="api_key_file: key"), tmp_path).warnings == (expected,)


@pytest.mark.parametrize(
    "text,key",
    [
        (daily(), "sources[0].api_key"),
        (daily("http: {proxy: 'https://u:p@h'}", secret="api_key_env: KEY"), "sources[0].http.proxy"),
    ],
)
def test_a_file_with_secrets_that_everyone_can_read_is_a_warning(text: str, key: str, tmp_path: Path) -> None:
    """Secrets in the configuration itself make it a secret file."""
    path = tmp_path / "config.yml"
    path.write_text(text)
    path.chmod(0o644)
    expected = f"{path}: every user of this machine can read it, and {key} is a secret (chmod o-r)"
    assert load_file(path, {"KEY": "k"}).warnings == (expected,)


def test_a_file_without_secrets_may_be_read_by_everyone(tmp_path: Path) -> None:
    """A configuration that names its secrets elsewhere is nobody's secret."""
    path = tmp_path / "config.yml"
    path.write_text(daily(secret="api_key_env: KEY"))
    path.chmod(0o644)
    loaded = load_file(path, {"KEY": " k\n"})
    assert loaded.warnings == ()
    (source,) = loaded.config.sources
    assert isinstance(source, DailySettings)
    assert source.api_key == Secret("k", origin=Origin.ENVIRONMENT, name="KEY")


def test_equal_connections_are_equal_settings(tmp_path: Path) -> None:
    """Settings are hashable, so that a thousand sources can share one TLS context."""
    http = "http: {proxy: 'http://u:p@127.0.0.1'}"
    sources = ", ".join(f"{{name: s{number}, kind: daily, api_key: k, {http}}}" for number in range(1000))
    config = load(f"sources: [{sources}]", tmp_path).config
    assert len(config.sources) == 1000
    assert len({source.http for source in config.sources}) == 1


def test_the_demo_has_two_sources_that_say_so() -> None:
    """Their names, addresses and credentials are those of the simulated world, and no proxy is asked."""
    groups = (RoomGroup("support", re.compile("support-.*")),)
    config = demo_config(
        daily_url="http://daily.demo/v1",
        daily_key="key",
        chat_url="http://chat.demo",
        chat_user_id="user",
        chat_token="token",
        watch=("frontdesk",),
        room_groups=groups,
        user_groups=(UserGroup("oncall", ("a",)),),
    )
    first, second = config.sources
    assert isinstance(first, DailySettings)
    assert isinstance(second, RocketChatSettings)
    assert (first.name, first.base_url, first.api_key.reveal()) == (
        "demo-daily",
        "http://daily.demo/v1",
        "key",
    )
    assert first.rooms == RoomSettings(watch=("frontdesk",), groups=groups)
    assert (second.name, second.base_url) == ("demo-rocketchat", "http://chat.demo")
    assert (second.user_id.reveal(), second.auth_token.reveal()) == ("user", "token")
    assert second.groups == (UserGroup("oncall", ("a",)),)
    assert first.http == second.http == HttpSettings(proxy="none")
    assert (config.collect, config.buckets) == (CollectSettings(), BucketSettings())
