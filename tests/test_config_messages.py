"""What is wrong with a configuration, told in one line: the path of the key, the fault, what is allowed."""

from pathlib import Path

import pytest

from exporter.config import load_file
from exporter.errors import ConfigError
from tests.configuration import daily, fault_of, rocketchat

ROOT_KEYS = "the keys here are collect, ledger, buckets, exemplars and sources"
LEDGER_KEYS = (
    "the keys here are url, url_file, url_env, interval, settle, overlap, catch_up, requests_per_minute "
    "and since"
)
DAILY_KEYS = (
    "the keys here are name, kind, base_url, api_key, api_key_file, api_key_env, presence, meetings, "
    "rooms and http"
)
ROCKETCHAT_KEYS = (
    "the keys here are name, kind, base_url, user_id, user_id_file, user_id_env, auth_token, "
    "auth_token_file, auth_token_env, presence, delta, exclude_ids, groups, connections and http"
)
ROOM_KEYS = (
    "the keys here are watch, include, exclude, groups, limit, label, hash_key, hash_key_file "
    "and hash_key_env"
)
FAMILIES = (
    "the keys here are room_size_participants, current_stay_seconds, lone_stay_seconds, meeting_age_seconds, "
    "join_duration_seconds, meeting_duration_seconds, meeting_peak_participants, current_status_seconds, "
    "status_duration_seconds and upstream_request_duration_seconds"
)
SECRET = "printable ASCII without blanks"
NO_SECRET = f"holds blanks or characters that are not printable ASCII; {SECRET}"
SECRET_FILE = f"the path of a file that holds {SECRET}"
SECRET_VARIABLE = f"the name of an environment variable that holds {SECRET}"
ONE_KEY = "exactly one of api_key, api_key_file or api_key_env"
URL = "an http:// or https:// URL with a host, without user, query or fragment"
PROXY = "environment, none, or an http:// or https:// URL with a host and without a path"
NAME = "1 to 64 letters, digits, _ and -"
ROOM = "1 to 128 letters, digits, _ and -"
USER = "an id of 1 to 128 letters, digits, and . _ @ -"
EXPRESSION = "a regular expression for whole names"
TIMEOUT = "a duration such as 15s or 1m30s, from 100ms to 10m"
SIZE = "a size from 1KiB to 4GiB, in KiB, MiB, GiB or plain bytes"
BOUNDS = "a list of 1 to 50 rising whole numbers, without +Inf"
BOUND = "a whole number from 1 to 1000000000"
COUNTED_BOUNDS = "a list of 1 to 50 rising whole numbers up to 86400, without +Inf"
COUNTED_BOUND = "a whole number from 1 to 86400"
FRACTION = "a number from 0.001 to 1000000000"
WITH_SOURCES = "a mapping with at least the key sources"
SYNTAX = "check indentation, quotes and brackets there"
ALIAS = "an alias of a value that is complete"
PEM = "the path of a readable file of PEM certificates"
SQLITE = "sqlite:////absolute/path, or sqlite:///path from the configuration file's folder"
POSTGRESQL = "postgresql+psycopg://user:password@host:5432/database, with special characters as %-codes"
DATABASE = (
    "sqlite:////absolute/path, sqlite:///path from the configuration file's folder, "
    "or postgresql+psycopg://user:password@host:5432/database"
)
UP_TO_AN_HOUR = "a duration such as 15s or 1m30s, from 0s to 1h"
UP_TO_A_YEAR = "a duration such as 15s or 1m30s, from 2h to 365d"
TEN_YEARS = "a duration such as 15s or 1m30s, from 0s to 3650d"
PER_MINUTE = "a whole number from 1 to 600"
ONE_URL = "exactly one of url, url_file or url_env"
PARAMETER = "has a parameter that cannot be used; parameters as documented, such as sslmode"

DOCUMENTS = {
    "": f"{{file}}: is empty; {WITH_SOURCES}",
    "# nothing but a remark\n": f"{{file}}: is empty; {WITH_SOURCES}",
    "[]": f"{{file}}: is a list; {WITH_SOURCES}",
    "hello": f"{{file}}: is not a mapping; {WITH_SOURCES}",
    "a: ]": f"{{file}}: line 1, column 4: this is not YAML; {SYNTAX}",
    "a: b\n\tc: d": f"{{file}}: line 2, column 1: this is not YAML; {SYNTAX}",
    "a: @b": f"{{file}}: line 1, column 4: this is not YAML; {SYNTAX}",
    "a: b: c": f"{{file}}: line 1, column 5: this is not YAML; {SYNTAX}",
    "a: 1\n---\nb: 2": "{file}: line 2: a second document begins; one document",
    "a: \x07": "{file}: holds a character that YAML does not allow; printable text",
    "a: !!str b": "{file}: line 1: a tag (!) is not supported; values without tags",
    "a: *b": f"{{file}}: line 1: an alias (*) has no anchor (&) above it; {ALIAS}",
    "a: &b [*b]": f"{{file}}: line 1: an alias (*) has no anchor (&) above it; {ALIAS}",
    "? [a]\n: b": "{file}: line 1: a key is not a word; keys that are words",
    "a: " + "[" * 40: "{file}: line 1: is nested too deep; at most 32 levels",
    daily() + "<<: {}": "{file}: line 2: merge keys (<<) are not supported; keys that are written out",
}

SECTIONS = {
    "---\n": "sources: is missing; a list of at least one source",
    "collect: {}": "sources: is missing; a list of at least one source",
    "sources:": "sources: is empty; a list of at least one source",
    "sources: []": "sources: is empty; a list of at least one source",
    "sources: {}": "sources: is a mapping; a list of at least one source",
    "sources: acme": "sources: is not a list; a list of at least one source",
    "sources: [acme]": "sources[0]: is not a mapping; a mapping with the keys of its kind",
    "sources: [[]]": "sources[0]: is a list; a mapping with the keys of its kind",
    "sources: [null]": "sources[0].kind: is missing; daily or rocketchat",
    "sources: [{kind: zoom}]": "sources[0].kind: zoom is unknown; daily or rocketchat",
    "sources: [{kind: [daily]}]": "sources[0].kind: is a list; daily or rocketchat",
    "sources: [{kind: daily, api_key: k}]": f"sources[0].name: is missing; {NAME}",
    "sources: [{kind: daily, name: '', api_key: k}]": f"sources[0].name: is not well formed; {NAME}",
    "sources: [{kind: daily, name: a b, api_key: k}]": f"sources[0].name: is not well formed; {NAME}",
    "sources: [&a {kind: daily, name: a, api_key: k}, *a]": (
        "sources[1].name: is the name of sources[0] too; a name that no other source has"
    ),
    daily() + "budget: {}": f"budget: is unknown (line 2); {ROOT_KEYS}",
    daily() + "exemplar: true": (f"exemplar: is unknown (line 2); perhaps exemplars is meant, {ROOT_KEYS}"),
    daily() + "exemplars: yes": "exemplars: yes is not a boolean; true or false",
    daily() + "exemplars: 'true'": "exemplars: is a text in quotes; true or false",
    daily() + "colect: {}": (f"colect: is unknown (line 2); perhaps collect is meant, {ROOT_KEYS}"),
    daily() + "sources: []": "sources: is given twice (line 2); each key once",
    daily() + "api-key: x": f"{{file}}: line 2: a key is unknown; {ROOT_KEYS}",
    daily() + "collect: 10s": "collect: is not a mapping; a mapping with keys of its own",
    daily() + "collect: [a]": "collect: is a list; a mapping with keys of its own",
    daily() + "collect: {timeout: 10}": f"collect.timeout: 10 is not a duration; {TIMEOUT}",
    daily() + "collect: {timeout: 0}": f"collect.timeout: 0 is not a duration; {TIMEOUT}",
    daily() + "collect: {timeout: 10 s}": f"collect.timeout: '10 s' is not a duration; {TIMEOUT}",
    daily() + "collect: {timeout: 5s1m}": f"collect.timeout: 5s1m is not a duration; {TIMEOUT}",
    daily() + "collect: {timeout: -1s}": f"collect.timeout: -1s is not a duration; {TIMEOUT}",
    daily() + "collect: {timeout: 50ms}": f"collect.timeout: 50ms is too small; {TIMEOUT}",
    daily() + "collect: {timeout: 11m}": f"collect.timeout: 11m is too large; {TIMEOUT}",
    daily() + "collect: {timeout: }": f"collect.timeout: is empty; {TIMEOUT}",
    daily() + "collect: {timeout: [1s]}": f"collect.timeout: is a list; {TIMEOUT}",
    daily() + "collect: {timeout: {}}": f"collect.timeout: is a mapping; {TIMEOUT}",
    daily() + "collect: {timeout: ''}": f"collect.timeout: an empty text is not a duration; {TIMEOUT}",
    daily() + "collect: {timeout: as-long-as-it-takes}": (
        f"collect.timeout: this value is not a duration; {TIMEOUT}"
    ),
    daily()
    + "collect:\n  timeout: 1s\n  timeout: 2s": "collect.timeout: is given twice (line 4); each key once",
    daily()
    + "collect: {max_response_bytes: 64MB}": f"collect.max_response_bytes: 64MB is not a size; {SIZE}",
    daily() + "collect: {max_response_bytes: 1e6}": f"collect.max_response_bytes: 1e6 is not a size; {SIZE}",
    daily() + "collect: {max_response_bytes: 5GiB}": f"collect.max_response_bytes: 5GiB is too large; {SIZE}",
    daily() + "collect: {max_response_bytes: 1}": f"collect.max_response_bytes: 1 is too small; {SIZE}",
    daily() + "buckets: {stays: [60]}": f"buckets.stays: is unknown (line 2); {FAMILIES}",
    daily() + "buckets: {join_duration_seconds: [60, 0.5]}": (
        f"buckets.join_duration_seconds[1]: 0.5 is not a whole number; {COUNTED_BOUND}"
    ),
    daily() + "buckets: {join_duration_seconds: 60}": (
        f"buckets.join_duration_seconds: is not a list; {COUNTED_BOUNDS}"
    ),
    daily() + "buckets: {meeting_duration_seconds: [3600, 86401]}": (
        f"buckets.meeting_duration_seconds[1]: 86401 is too large; {COUNTED_BOUND}"
    ),
    daily() + "buckets: {meeting_peak_participants: [1.5]}": (
        f"buckets.meeting_peak_participants[0]: 1.5 is not a whole number; {BOUND}"
    ),
    daily() + "buckets: {lone_stay_seconds: 60}": f"buckets.lone_stay_seconds: is not a list; {BOUNDS}",
    daily() + "buckets: {lone_stay_seconds: }": f"buckets.lone_stay_seconds: is empty; {BOUNDS}",
    daily() + "buckets: {lone_stay_seconds: []}": f"buckets.lone_stay_seconds: is empty; {BOUNDS}",
    daily() + "buckets: {lone_stay_seconds: [60, 60]}": (
        f"buckets.lone_stay_seconds[1]: is not above the item before it; {BOUNDS}"
    ),
    daily() + "buckets: {lone_stay_seconds: [60, 90, 80]}": (
        f"buckets.lone_stay_seconds[2]: is not above the item before it; {BOUNDS}"
    ),
    daily() + f"buckets: {{lone_stay_seconds: {list(range(1, 52))}}}": (
        f"buckets.lone_stay_seconds: has 51 items; {BOUNDS}"
    ),
    daily() + "buckets: {lone_stay_seconds: [0]}": f"buckets.lone_stay_seconds[0]: 0 is too small; {BOUND}",
    daily() + "buckets: {lone_stay_seconds: [0.5]}": (
        f"buckets.lone_stay_seconds[0]: 0.5 is not a whole number; {BOUND}"
    ),
    daily() + "buckets: {lone_stay_seconds: [60, +Inf]}": (
        f"buckets.lone_stay_seconds[1]: +Inf is not a whole number; {BOUND}"
    ),
    daily() + "buckets: {lone_stay_seconds: ['60']}": (
        f"buckets.lone_stay_seconds[0]: is a text in quotes; {BOUND}"
    ),
    daily() + "buckets: {upstream_request_duration_seconds: [.nan]}": (
        f"buckets.upstream_request_duration_seconds[0]: .nan is not a number; {FRACTION}"
    ),
    daily() + "buckets: {upstream_request_duration_seconds: [-0.1]}": (
        f"buckets.upstream_request_duration_seconds[0]: -0.1 is too small; {FRACTION}"
    ),
}

SECRETS = {
    daily(secret=""): f"sources[0].api_key: is missing; {ONE_KEY}",
    daily("api_key_file: good"): f"sources[0].api_key: is given by api_key and api_key_file; {ONE_KEY}",
    daily("api_key_file: good, api_key_env: X"): (
        f"sources[0].api_key: is given by api_key, api_key_file and api_key_env; {ONE_KEY}"
    ),
    daily(secret="api_key: "): f"sources[0].api_key: is empty; {SECRET}",
    daily(secret="api_key: ' '"): f"sources[0].api_key: is empty; {SECRET}",
    daily(secret="api_key: a b"): f"sources[0].api_key: {NO_SECRET}",
    daily(secret='api_key: "a\\nb"'): f"sources[0].api_key: {NO_SECRET}",
    daily(secret="api_key: ü"): f"sources[0].api_key: {NO_SECRET}",
    daily(secret="api_key: [k]"): f"sources[0].api_key: is a list; {SECRET}",
    daily(secret="api_key_file: "): f"sources[0].api_key_file: is empty; {SECRET_FILE}",
    daily(secret="api_key_file: none"): (
        f"sources[0].api_key_file: the file (looked for in {{folder}}) does not exist; {SECRET_FILE}"
    ),
    daily(secret="api_key_file: good/none"): (
        f"sources[0].api_key_file: the file (looked for in {{folder}}) does not exist; {SECRET_FILE}"
    ),
    daily(secret="api_key_file: /none/daily"): (
        f"sources[0].api_key_file: /none/daily does not exist; {SECRET_FILE}"
    ),
    daily(secret='api_key_file: "/none/\\u2028daily"'): (
        f"sources[0].api_key_file: the file (looked for in {{folder}}) does not exist; {SECRET_FILE}"
    ),
    daily(secret="api_key_file: ."): (
        f"sources[0].api_key_file: the file (looked for in {{folder}}) is not a regular file; {SECRET_FILE}"
    ),
    daily(secret='api_key_file: "a\\0b"'): (
        f"sources[0].api_key_file: the file (looked for in {{folder}}) cannot be read; {SECRET_FILE}"
    ),
    daily(secret="api_key_file: empty"): (
        f"sources[0].api_key_file: the file (looked for in {{folder}}) is empty; {SECRET_FILE}"
    ),
    daily(secret="api_key_file: big"): (
        f"sources[0].api_key_file: the file (looked for in {{folder}}) is larger than 64 KiB; {SECRET_FILE}"
    ),
    daily(secret="api_key_file: umlaut"): (
        "sources[0].api_key_file: the file (looked for in {folder}) "
        f"holds blanks or characters that are not printable ASCII; {SECRET_FILE}"
    ),
    daily(secret="api_key_env: NONE"): (
        f"sources[0].api_key_env: the variable NONE is not set; {SECRET_VARIABLE}"
    ),
    daily(secret="api_key_env: aB3"): (
        f"sources[0].api_key_env: the variable of that name is not set; {SECRET_VARIABLE}"
    ),
    daily(
        secret="api_key_env: 1a"
    ): f"sources[0].api_key_env: is not the name of a variable; {SECRET_VARIABLE}",
    daily(secret="api_key_env: EMPTY"): f"sources[0].api_key_env: the variable EMPTY is empty; {SECRET}",
    daily(secret="api_key_env: BLANK"): f"sources[0].api_key_env: the variable BLANK {NO_SECRET}",
    "sources: [{name: a, kind: rocketchat, base_url: 'https://h'}]": (
        "sources[0].user_id: is missing; exactly one of user_id, user_id_file or user_id_env"
    ),
    "sources: [{name: a, kind: rocketchat, base_url: 'https://h', user_id: u}]": (
        "sources[0].auth_token: is missing; exactly one of auth_token, auth_token_file or auth_token_env"
    ),
}

DAILY = {
    daily(secret="api_kye: k"): (
        f"sources[0].api_kye: is unknown (line 1); perhaps api_key is meant, {DAILY_KEYS}"
    ),
    daily("user_id: u"): f"sources[0].user_id: is unknown (line 1); {DAILY_KEYS}",
    daily("name: b"): "sources[0].name: is given twice (line 1); each key once",
    daily("base_url: ftp://host"): f"sources[0].base_url: is not a usable URL; {URL}",
    daily("base_url: api.daily.co"): f"sources[0].base_url: is not a usable URL; {URL}",
    daily("base_url: 'https://'"): f"sources[0].base_url: is not a usable URL; {URL}",
    daily("base_url: 'https://a b'"): f"sources[0].base_url: is not a usable URL; {URL}",
    daily("base_url: 'https://a\\b'"): f"sources[0].base_url: is not a usable URL; {URL}",
    daily("base_url: 'https://hö.st'"): f"sources[0].base_url: is not a usable URL; {URL}",
    daily("base_url: 'https://host:0'"): f"sources[0].base_url: is not a usable URL; {URL}",
    daily("base_url: 'https://host:99999'"): f"sources[0].base_url: is not a usable URL; {URL}",
    daily("base_url: 'https://[::1'"): f"sources[0].base_url: is not a usable URL; {URL}",
    daily("base_url: 'https://[a:b]'"): f"sources[0].base_url: is not a usable URL; {URL}",
    daily("base_url: 'https://1.2.3'"): f"sources[0].base_url: is not a usable URL; {URL}",
    daily("base_url: 'https://u:p@host'"): f"sources[0].base_url: holds a user or password; {URL}",
    daily("base_url: 'https://host/?a=b'"): f"sources[0].base_url: holds a query or fragment; {URL}",
    daily("base_url: 'https://host/#a'"): f"sources[0].base_url: holds a query or fragment; {URL}",
    daily("base_url: "): f"sources[0].base_url: is empty; {URL}",
    daily("presence: true"): "sources[0].presence: true is unknown; domain, rooms or off",
    daily("presence: rooms"): (
        "sources[0].rooms.watch: is empty; presence: rooms needs at least one room here"
    ),
    daily("presence: off, meetings: false"): (
        "sources[0].presence: off with meetings: false asks nothing; switch one of them on"
    ),
    daily("meetings: off"): "sources[0].meetings: off is not a boolean; true or false",
    daily("meetings: True"): "sources[0].meetings: True is not a boolean; true or false",
    daily("meetings: 'true'"): "sources[0].meetings: is a text in quotes; true or false",
    daily("rooms: {wach: [a]}"): (
        f"sources[0].rooms.wach: is unknown (line 1); perhaps watch is meant, {ROOM_KEYS}"
    ),
    daily("rooms: {watch: a}"): "sources[0].rooms.watch: is not a list; a list of different room names",
    daily("rooms: {watch: [a b]}"): f"sources[0].rooms.watch[0]: is not well formed; {ROOM}",
    daily(f"rooms: {{watch: [{'a' * 129}]}}"): f"sources[0].rooms.watch[0]: is not well formed; {ROOM}",
    daily("rooms: {watch: [null]}"): f"sources[0].rooms.watch[0]: is empty; {ROOM}",
    daily("rooms: {watch: [a, b, a]}"): (
        "sources[0].rooms.watch[2]: is the same as item [0]; a list of different room names"
    ),
    daily(
        "rooms: {include: 'a(b'}"
    ): f"sources[0].rooms.include: does not compile (character 2); {EXPRESSION}",
    daily("rooms: {include: '(?<=a*)b'}"): f"sources[0].rooms.include: does not compile; {EXPRESSION}",
    daily("rooms: {include: 'a{99999999999}'}"): f"sources[0].rooms.include: does not compile; {EXPRESSION}",
    daily("rooms: {exclude: [a]}"): f"sources[0].rooms.exclude: is a list; {EXPRESSION}",
    daily(
        "rooms: {groups: [a]}"
    ): "sources[0].rooms.groups: is a list; a mapping of group names to expressions",
    daily("rooms: {groups: {a b: a}}"): f"sources[0].rooms.groups: line 1: a name is not well formed; {NAME}",
    daily("rooms: {groups: {b: '['}}"): (
        f"sources[0].rooms.groups.b: does not compile (character 1); {EXPRESSION}"
    ),
    daily(
        "rooms: {groups: {b: a, b: c}}"
    ): "sources[0].rooms.groups.b: is given twice (line 1); each key once",
    daily("rooms: {groups: {b-1: a, b-1: c}}"): (
        "sources[0].rooms.groups: line 1: a key is given twice; each key once"
    ),
    daily("rooms: {limit: -3}"): ("sources[0].rooms.limit: -3 is too small; a whole number from 0 to 100000"),
    daily("rooms: {limit: 100001}"): (
        "sources[0].rooms.limit: 100001 is too large; a whole number from 0 to 100000"
    ),
    daily("rooms: {limit: 0x10}"): (
        "sources[0].rooms.limit: 0x10 is not a whole number; a whole number from 0 to 100000"
    ),
    daily("rooms: {limit: 1.5}"): (
        "sources[0].rooms.limit: 1.5 is not a whole number; a whole number from 0 to 100000"
    ),
    daily("rooms: {limit: '5'}"): (
        "sources[0].rooms.limit: is a text in quotes; a whole number from 0 to 100000"
    ),
    daily("rooms: {label: name}"): "sources[0].rooms.label: name is unknown; plain, hash or off",
    daily("rooms: {label: hash}"): (
        "sources[0].rooms.hash_key: is missing; "
        "label: hash needs exactly one of hash_key, hash_key_file or hash_key_env"
    ),
    daily("rooms: {hash_key: k}"): (
        "sources[0].rooms.hash_key: is of no use to label: plain; leave it out, or set label: hash"
    ),
    daily("rooms: {label: hash, hash_key: k, hash_key_env: K}"): (
        "sources[0].rooms.hash_key: is given by hash_key and hash_key_env; "
        "exactly one of hash_key, hash_key_file or hash_key_env"
    ),
    daily("http: {proxy: null}"): f"sources[0].http.proxy: is empty; {PROXY}",
    daily("http: {proxy: 'socks5://host'}"): f"sources[0].http.proxy: is not a usable URL; {PROXY}",
    daily("http: {proxy: 'http://u:p@host/path'}"): f"sources[0].http.proxy: is not a usable URL; {PROXY}",
    daily("http: {proxy: 'http://host?a'}"): f"sources[0].http.proxy: is not a usable URL; {PROXY}",
    daily("http: {ca_file: /none.pem}"): f"sources[0].http.ca_file: /none.pem does not exist; {PEM}",
    daily("http: {ca_file: .}"): (
        f"sources[0].http.ca_file: the file (looked for in {{folder}}) is a folder; {PEM}"
    ),
    daily("http: {ca_file: good}"): (
        f"sources[0].http.ca_file: the file (looked for in {{folder}}) holds no certificate; {PEM}"
    ),
    daily('http: {ca_file: "a\\0b"}'): (
        f"sources[0].http.ca_file: the file (looked for in {{folder}}) cannot be read; {PEM}"
    ),
    daily("http: {max_connections: 0}"): (
        "sources[0].http.max_connections: 0 is too small; a whole number from 1 to 1000"
    ),
    daily("http: {connect_timeout: 2m}"): (
        "sources[0].http.connect_timeout: 2m is too large; a duration such as 15s or 1m30s, from 100ms to 1m"
    ),
}

ROCKETCHAT = {
    "sources: [{name: a, kind: rocketchat}]": f"sources[0].base_url: is missing; {URL}",
    rocketchat("rooms: {}"): f"sources[0].rooms: is unknown (line 1); {ROCKETCHAT_KEYS}",
    rocketchat("presence: domain"): "sources[0].presence: domain is unknown; full, ids or off",
    rocketchat("presence: ids"): (
        "sources[0].groups: is empty; presence: ids needs at least one group with ids here"
    ),
    rocketchat("presence: off"): (
        "sources[0].presence: off with connections: false asks nothing; switch one of them on"
    ),
    rocketchat("presence: ids, groups: {a: [x]}, delta: {full_every: 5m}"): (
        "sources[0].delta: is of no use to presence: ids; leave it out, or set presence: full"
    ),
    rocketchat("delta: 5m"): "sources[0].delta: is not a mapping; a mapping with the key full_every",
    rocketchat("delta: {}"): (
        "sources[0].delta.full_every: is missing; a duration such as 15s or 1m30s, from 30s to 1h"
    ),
    rocketchat("delta: {full_every: 2h}"): (
        "sources[0].delta.full_every: 2h is too large; a duration such as 15s or 1m30s, from 30s to 1h"
    ),
    rocketchat("exclude_ids: rocket.cat"): (
        "sources[0].exclude_ids: is not a list; a list of different user ids"
    ),
    rocketchat("exclude_ids: [a, a]"): (
        "sources[0].exclude_ids[1]: is the same as item [0]; a list of different user ids"
    ),
    rocketchat("groups: {a: []}"): "sources[0].groups.a: is empty; a list of at least one user id, each once",
    rocketchat(
        "groups: {a: x}"
    ): "sources[0].groups.a: is not a list; a list of at least one user id, each once",
    rocketchat("groups: {a: ['x,y']}"): f"sources[0].groups.a[0]: is not well formed; {USER}",
    rocketchat("groups: [x]"): "sources[0].groups: is a list; a mapping of group names to lists of user ids",
    rocketchat("connections: yes"): "sources[0].connections: yes is not a boolean; true or false",
}


def ledger(keys: str) -> str:
    """A file with these keys of the ledger, in flow style."""
    return daily() + f"ledger: {{{keys}}}"


SERVER = "postgresql+psycopg://"

LEDGER = {
    daily() + "ledger: sqlite:///x.db": "ledger: is not a mapping; a mapping with keys of its own",
    ledger("uri: x"): f"ledger.uri: is unknown (line 2); {LEDGER_KEYS}",
    ledger("url: 'sqlite:///a.db', url_env: LEDGER"): f"ledger.url: is given by url and url_env; {ONE_URL}",
    ledger("url: a, url_file: b, url_env: C"): (
        f"ledger.url: is given by url, url_file and url_env; {ONE_URL}"
    ),
    ledger("url: "): f"ledger.url: is empty; {DATABASE}",
    ledger("url: [a]"): f"ledger.url: is a list; {DATABASE}",
    ledger("url: 'sqlite:///a b.db'"): f"ledger.url: {NO_SECRET}",
    ledger("url: ledger.db"): f"ledger.url: is of neither SQLite nor PostgreSQL; {DATABASE}",
    ledger("url: 'mysql://u:p@h/db'"): f"ledger.url: is of neither SQLite nor PostgreSQL; {DATABASE}",
    ledger("url: 'sqlite+aiosqlite:////a.db'"): (
        f"ledger.url: is of neither SQLite nor PostgreSQL; {DATABASE}"
    ),
    ledger("url: 'sqlite:/a.db'"): f"ledger.url: is of neither SQLite nor PostgreSQL; {DATABASE}",
    ledger("url: 'sqlite://var/lib/a.db'"): f"ledger.url: lacks a third slash; {SQLITE}",
    ledger("url: 'sqlite:///'"): f"ledger.url: names no file; {SQLITE}",
    ledger("url: 'sqlite:////var/lib/'"): f"ledger.url: names no file; {SQLITE}",
    ledger("url: 'sqlite:////a%00.db'"): f"ledger.url: names no file that can be; {SQLITE}",
    ledger("url: 'sqlite:////a.db?mode=ro'"): f"ledger.url: holds a query or fragment; {SQLITE}",
    ledger("url: 'sqlite:////a.db#b'"): f"ledger.url: holds a query or fragment; {SQLITE}",
    ledger(
        "url: 'postgresql+psycopg2://u:p@h/db'"
    ): f"ledger.url: names a driver that is not here; {POSTGRESQL}",
    ledger(f"url: '{SERVER}u:p@h'"): f"ledger.url: names no database; {POSTGRESQL}",
    ledger(f"url: '{SERVER}u:p@h/'"): f"ledger.url: names no database; {POSTGRESQL}",
    ledger(f"url: '{SERVER}u:p@ss@h/db'"): f"ledger.url: is not well formed; {POSTGRESQL}",
    ledger(f"url: '{SERVER}u:p/q@h/db'"): f"ledger.url: is not well formed; {POSTGRESQL}",
    ledger(f"url: '{SERVER}h,i/db'"): f"ledger.url: is not well formed; {POSTGRESQL}",
    ledger(f"url: '{SERVER}h:0/db'"): f"ledger.url: is not well formed; {POSTGRESQL}",
    ledger(f"url: '{SERVER}h:65536/db'"): f"ledger.url: is not well formed; {POSTGRESQL}",
    ledger(f"url: '{SERVER}h:port/db'"): f"ledger.url: is not well formed; {POSTGRESQL}",
    ledger(f"url: '{SERVER}[a:b]/db'"): f"ledger.url: is not well formed; {POSTGRESQL}",
    ledger(f"url: '{SERVER}h/db/more'"): f"ledger.url: is not well formed; {POSTGRESQL}",
    ledger(f"url: '{SERVER}h/db#more'"): f"ledger.url: is not well formed; {POSTGRESQL}",
    ledger(f"url: '{SERVER}h/db?user=u&password=p'"): f"ledger.url: {PARAMETER}",
    ledger(f"url: '{SERVER}h/db?sslmod=require'"): f"ledger.url: {PARAMETER}",
    ledger(f"url: '{SERVER}h/db?dbname=other'"): f"ledger.url: {PARAMETER}",
    ledger(f"url: '{SERVER}h/db?service'"): f"ledger.url: {PARAMETER}",
    ledger("url_file: none"): (
        f"ledger.url_file: the file (looked for in {{folder}}) does not exist; {SECRET_FILE}"
    ),
    ledger("url_file: good"): (
        f"ledger.url_file: the URL there is of neither SQLite nor PostgreSQL; {DATABASE}"
    ),
    ledger("url_env: NONE"): f"ledger.url_env: the variable NONE is not set; {SECRET_VARIABLE}",
    ledger("url_env: SERVER"): f"ledger.url_env: the URL there names no database; {POSTGRESQL}",
    ledger("interval: 60"): f"ledger.interval: 60 is not a duration; {UP_TO_AN_HOUR}",
    ledger("interval: 61m"): f"ledger.interval: 61m is too large; {UP_TO_AN_HOUR}",
    ledger("settle: -1s"): f"ledger.settle: -1s is not a duration; {UP_TO_AN_HOUR}",
    ledger("settle: 2h"): f"ledger.settle: 2h is too large; {UP_TO_AN_HOUR}",
    ledger("overlap: 25h"): (
        "ledger.overlap: 25h is too large; a duration such as 15s or 1m30s, from 0s to 1d"
    ),
    ledger("overlap: 3h, catch_up: 2h"): (
        "ledger.overlap: is longer than catch_up; a duration up to that of catch_up"
    ),
    ledger("catch_up: 1h"): f"ledger.catch_up: 1h is too small; {UP_TO_A_YEAR}",
    ledger("catch_up: 1y"): f"ledger.catch_up: 1y is not a duration; {UP_TO_A_YEAR}",
    ledger("catch_up: null"): f"ledger.catch_up: is empty; {UP_TO_A_YEAR}",
    ledger("requests_per_minute: 0"): f"ledger.requests_per_minute: 0 is too small; {PER_MINUTE}",
    ledger("requests_per_minute: 601"): f"ledger.requests_per_minute: 601 is too large; {PER_MINUTE}",
    ledger(
        "requests_per_minute: 0.5"
    ): f"ledger.requests_per_minute: 0.5 is not a whole number; {PER_MINUTE}",
    ledger("since: 2027-01-01"): f"ledger.since: 2027-01-01 is not a duration; {TEN_YEARS}",
    ledger("since: 3651d"): f"ledger.since: 3651d is too large; {TEN_YEARS}",
}

FAULTS = {**DOCUMENTS, **SECTIONS, **SECRETS, **DAILY, **ROCKETCHAT, **LEDGER}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with files that hold a secret, or something that is none."""
    contents = {"good": b"secret\n", "empty": b" \n", "big": b"x" * 65537, "umlaut": "ü".encode()}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


@pytest.mark.parametrize("text", FAULTS)
def test_a_fault_is_told_by_path_fault_and_what_is_allowed(text: str, folder: Path) -> None:
    """Every fault has one exact message, in one line, that names the key and what may stand there."""
    message = fault_of(text, folder, environ={"EMPTY": "", "BLANK": "a b", "SERVER": SERVER + "u:p@h"})
    assert message == FAULTS[text].replace("{file}", "{folder}/config.yml")
    assert message.isprintable()


def test_a_file_that_cannot_be_read_is_told_by_its_name(tmp_path: Path) -> None:
    """A missing file, a folder, a file of another encoding and one that is too large are told apart."""
    (tmp_path / "latin").write_bytes("name: Jürgen".encode("latin-1"))
    (tmp_path / "large").write_bytes(b"#" * (2**20 + 1))
    allowed = "a readable YAML file in UTF-8, of at most 1 MiB"
    wrongs = {
        "none": "does not exist",
        "": "is a folder",
        "latin": "is not UTF-8",
        "large": "is larger than 1024 KiB",
        "a\0b": "cannot be read",
    }
    for name, wrong in wrongs.items():
        with pytest.raises(ConfigError) as caught:
            load_file(tmp_path / name, {})
        assert str(caught.value) == f"{tmp_path / name}: {wrong}; {allowed}"
