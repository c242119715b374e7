"""Secrets: read from where they are given, read again when their file changes, and never shown."""

import copy
import dataclasses
import errno
import os
import traceback
from pathlib import Path

import pytest

from exporter.config import (
    DailySettings,
    HttpSettings,
    Origin,
    RocketChatSettings,
    Secret,
    UserGroup,
    from_environment,
)
from exporter.config.files import FileFault, read_file, why_unreadable
from exporter.config.secret import SecretFault, read_secret_file
from exporter.errors import ConfigError
from tests.configuration import in_section, load, rows_by_section

CANARY = "Canary7tokenThatNobodyMaySee"


def secret_file(folder: Path, content: str, *, mode: int = 0o600) -> Path:
    """A file that holds a secret."""
    path = folder / "secret"
    path.write_text(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    "secret,shown",
    [
        (Secret(CANARY, origin=Origin.INLINE), "Secret(<inline>)"),
        (
            Secret(CANARY, origin=Origin.ENVIRONMENT, name="DAILY_API_KEY"),
            "Secret(<environment DAILY_API_KEY>)",
        ),
        (Secret(CANARY, origin=Origin.FILE, name="/run/secrets/x"), "Secret(<file /run/secrets/x>)"),
    ],
)
def test_a_secret_shows_only_where_it_came_from(secret: Secret, shown: str) -> None:
    """`repr`, `str` and formatting name the origin; `reveal` alone gives the secret."""
    assert (repr(secret), str(secret), f"{secret}", f"{[secret]}") == (shown, shown, shown, f"[{shown}]")
    assert secret.reveal() == CANARY


def test_a_secret_is_stripped() -> None:
    """The line break at the end of a file or a variable is no part of the secret."""
    assert Secret("\t abc \r\n", origin=Origin.INLINE).reveal() == "abc"


@pytest.mark.parametrize("text", ["", " \n", "a b", "a\nb", "a\x7f", "é", "a\u00a0b", "a\0b"])
def test_what_no_header_may_hold_is_no_secret(text: str) -> None:
    """A secret is not empty, and printable ASCII without blanks; the refusal does not quote it."""
    with pytest.raises(SecretFault) as caught:
        Secret(text, origin=Origin.INLINE)
    assert str(caught.value) in {"is empty", "holds blanks or characters that are not printable ASCII"}


def test_secrets_are_equal_by_content_and_origin() -> None:
    """Equal settings can be found by hash, and another origin makes another secret."""
    one = Secret("a", origin=Origin.ENVIRONMENT, name="A")
    assert one == Secret("a", origin=Origin.ENVIRONMENT, name="A")
    assert hash(one) == hash(Secret("a", origin=Origin.ENVIRONMENT, name="A"))
    others = [
        Secret("b", origin=Origin.ENVIRONMENT, name="A"),
        Secret("a", origin=Origin.ENVIRONMENT, name="B"),
        Secret("a", origin=Origin.FILE, name="A"),
        "a",
    ]
    assert [one == other for other in others] == [False] * 4
    assert HttpSettings(proxy=one) == HttpSettings(proxy=Secret("a", origin=Origin.ENVIRONMENT, name="A"))


def test_unfolding_a_configuration_leaves_secrets_folded() -> None:
    """`dataclasses.asdict` and copies keep the secret a secret."""
    config = from_environment({"DAILY_API_KEY": CANARY}).config
    unfolded = dataclasses.asdict(config)
    assert unfolded["sources"][0]["api_key"].reveal() == CANARY
    assert CANARY not in repr(unfolded)
    assert copy.deepcopy(config) == config


def test_a_changed_file_gives_a_new_secret(tmp_path: Path) -> None:
    """Reading again finds what the file holds now, under the same name."""
    path = secret_file(tmp_path, "old\n")
    secret, _ = read_secret_file(path)
    path.write_text("new\n")
    fresh = secret.reread()
    assert (secret.reveal(), fresh.reveal()) == ("old", "new")
    assert (fresh.origin, fresh.name) == (Origin.FILE, str(path))


def test_an_unchanged_file_gives_the_same_object(tmp_path: Path) -> None:
    """Whoever compares by identity sees that nothing changed, also where only blanks did."""
    path = secret_file(tmp_path, "old\n")
    secret, _ = read_secret_file(path)
    assert secret.reread() is secret
    path.write_text("  old")
    assert secret.reread() is secret


@pytest.mark.parametrize("content", [None, "", "a b", "x" * 65537])
def test_an_unusable_file_leaves_the_secret_in_force(content: str | None, tmp_path: Path) -> None:
    """While a file is gone, empty or half-written, the old secret stays."""
    path = secret_file(tmp_path, "old")
    secret, _ = read_secret_file(path)
    path.unlink()
    if content is not None:
        path.write_text(content)
    assert secret.reread() is secret


@pytest.mark.parametrize("origin", [Origin.INLINE, Origin.ENVIRONMENT])
def test_only_files_are_read_again(origin: Origin, tmp_path: Path) -> None:
    """A variable and an inline secret stay what they were, whatever a file of that name holds."""
    path = secret_file(tmp_path, "new")
    secret = Secret("old", origin=origin, name=str(path))
    assert secret.reread() is secret


def test_a_secret_file_that_everyone_can_read_is_told(tmp_path: Path) -> None:
    """The bit for others is what counts; the group may be the exporter's own."""
    path = secret_file(tmp_path, "a", mode=0o640)
    assert read_secret_file(path)[1] is False
    path.chmod(0o644)
    assert read_secret_file(path)[1] is True


def test_a_pipe_is_refused_for_a_secret_and_good_for_the_rest(tmp_path: Path) -> None:
    """A pipe that nobody writes to would stop the process at every reread; a configuration is read once."""
    reading, writing = os.pipe()
    os.write(writing, b"content")
    os.close(writing)
    path = Path(f"/dev/fd/{reading}")
    with pytest.raises(FileFault, match=r"^is not a regular file$"):
        read_file(path, largest=100, regular=True)
    content = read_file(path, largest=100, regular=False)
    os.close(reading)
    assert (content.data, content.world_readable) == (b"content", False)


@pytest.mark.parametrize(
    "error,words",
    [
        (OSError(errno.ENOENT, "x"), "does not exist"),
        (OSError(errno.ENOTDIR, "x"), "does not exist"),
        (OSError(errno.EISDIR, "x"), "is a folder"),
        (OSError(errno.EACCES, "x"), "may not be read by this user"),
        (OSError(errno.EPERM, "x"), "may not be read by this user"),
        (OSError(errno.EIO, "x"), "cannot be read"),
        (ValueError("x"), "cannot be read"),
    ],
)
def test_errors_of_the_file_system_have_words_of_our_own(error: OSError | ValueError, words: str) -> None:
    """No text of the system, which may quote a path, goes into a message."""
    assert why_unreadable(error) == words


GOOD = f"""
sources:
  - name: one
    kind: daily
    api_key: {CANARY}1
    rooms: {{label: hash, hash_key_env: HASH}}
    http: {{proxy: "http://{CANARY}2:{CANARY}3@127.0.0.1:3128"}}
  - name: two
    kind: rocketchat
    base_url: https://chat.example.org
    user_id_file: secret
    auth_token_env: TOKEN
    exclude_ids: [{CANARY}4]
    groups: {{oncall: [{CANARY}5]}}
"""


def test_no_secret_and_no_id_is_in_the_repr_of_a_configuration(tmp_path: Path) -> None:
    """A good configuration holds what was planted in every place for it, and shows none of it."""
    secret_file(tmp_path, f"{CANARY}6")
    loaded = load(GOOD, tmp_path, environ={"HASH": f"{CANARY}7", "TOKEN": f"{CANARY}8"})
    domain, chat = loaded.config.sources
    assert isinstance(domain, DailySettings)
    assert isinstance(chat, RocketChatSettings)
    proxy, hash_key = domain.http.proxy, domain.rooms.hash_key
    assert isinstance(proxy, Secret)
    assert hash_key is not None
    assert domain.api_key.reveal() == f"{CANARY}1"
    assert proxy.reveal() == f"http://{CANARY}2:{CANARY}3@127.0.0.1:3128"
    assert chat.exclude_ids == (f"{CANARY}4",)
    assert chat.groups == (UserGroup("oncall", (f"{CANARY}5",)),)
    revealed = [chat.user_id.reveal(), hash_key.reveal(), chat.auth_token.reveal()]
    assert revealed == [f"{CANARY}6", f"{CANARY}7", f"{CANARY}8"]
    assert CANARY not in repr(loaded)


SHAPES = [
    "{0}",
    "'{0} x'",
    "[{0}]",
    "{{{0}: 1}}",
    "{{'{0}:{0}': 1}}",
    "'https://u:{0}@host?'",
    "[[{0}]]",
    "'({0}'",
]


@pytest.mark.parametrize("section", rows_by_section())
def test_no_message_shows_what_was_planted_in_a_section(section: str, tmp_path: Path) -> None:
    """A token under any key, known or not, as a key, in a list or in a URL, stays out of the message."""
    keys = [row.name for row in rows_by_section()[section]]
    told = set()
    for key in [*keys, "wrong", CANARY]:
        for shape in SHAPES:
            message = outcome_of(in_section(section, key, value=shape.format(CANARY)), tmp_path)
            assert CANARY not in message
            told.update([key] if message else [])
    assert told == {*keys, "wrong", CANARY}


def outcome_of(text: str, folder: Path) -> str:
    """What a traceback would show where loading fails, the message included; nothing where it succeeds."""
    try:
        load(text, folder)
    except ConfigError as error:
        return "".join(traceback.format_exception(error))
    return ""
