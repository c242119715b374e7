"""A configuration from environment variables alone."""

from pathlib import Path

import pytest

from exporter.config import DailySettings, Origin, RocketChatSettings, Secret, from_environment
from exporter.errors import ConfigError

CHAT = {
    "ROCKETCHAT_URL": "https://chat.example.org/",
    "ROCKETCHAT_USER_ID": "user",
    "ROCKETCHAT_AUTH_TOKEN": "token",
}
SECRET = "printable ASCII without blanks"
SECRET_FILE = f"the path of a file that holds {SECRET}"
URL = "an http:// or https:// URL with a host, without user, query or fragment"
KEY = "exactly one of DAILY_API_KEY and DAILY_API_KEY_FILE"
USER = "exactly one of ROCKETCHAT_USER_ID and ROCKETCHAT_USER_ID_FILE"
TOKEN = "exactly one of ROCKETCHAT_AUTH_TOKEN and ROCKETCHAT_AUTH_TOKEN_FILE"


def variable(name: str, value: str) -> Secret:
    """A secret from a variable."""
    return Secret(value, origin=Origin.ENVIRONMENT, name=name)


def test_a_key_alone_is_a_daily_source() -> None:
    """Its name is `daily`, and all else has its default."""
    loaded = from_environment({"DAILY_API_KEY": " key \n", "PATH": "/bin"})
    expected = DailySettings(name="daily", api_key=variable("DAILY_API_KEY", "key"))
    assert (loaded.config.sources, loaded.warnings) == ((expected,), ())


def test_three_variables_are_a_chat_source() -> None:
    """Its name is `rocketchat`, and all else has its default."""
    expected = RocketChatSettings(
        name="rocketchat",
        base_url="https://chat.example.org",
        user_id=variable("ROCKETCHAT_USER_ID", "user"),
        auth_token=variable("ROCKETCHAT_AUTH_TOKEN", "token"),
    )
    assert from_environment(CHAT).config.sources == (expected,)


def test_both_vendors_are_two_sources() -> None:
    """Daily comes first."""
    config = from_environment({**CHAT, "DAILY_API_KEY": "key"}).config
    assert [source.name for source in config.sources] == ["daily", "rocketchat"]


def test_secrets_may_come_from_files(tmp_path: Path) -> None:
    """Each has a twin that names a file, whose mode is looked at."""
    environ = {"ROCKETCHAT_URL": "https://chat.example.org"}
    for name in ("DAILY_API_KEY_FILE", "ROCKETCHAT_USER_ID_FILE", "ROCKETCHAT_AUTH_TOKEN_FILE"):
        path = tmp_path / name
        path.write_text(f"{name.lower()}\n")
        path.chmod(0o600)
        environ[name] = str(path)
    (tmp_path / "ROCKETCHAT_AUTH_TOKEN_FILE").chmod(0o604)
    loaded = from_environment(environ)
    domain, chat = loaded.config.sources
    assert isinstance(domain, DailySettings)
    assert isinstance(chat, RocketChatSettings)
    secrets = [domain.api_key, chat.user_id, chat.auth_token]
    assert [each.reveal() for each in secrets] == [
        "daily_api_key_file",
        "rocketchat_user_id_file",
        "rocketchat_auth_token_file",
    ]
    assert {each.origin for each in secrets} == {Origin.FILE}
    path = tmp_path / "ROCKETCHAT_AUTH_TOKEN_FILE"
    assert loaded.warnings == (
        f"ROCKETCHAT_AUTH_TOKEN_FILE: every user of this machine can read {path} (chmod o-r)",
    )


def test_the_address_of_daily_can_be_another() -> None:
    """A proxy of one's own in front of the API, for one; in the clear it is a warning."""
    loaded = from_environment({"DAILY_API_KEY": "key", "DAILY_API_URL": "http://daily.example.org/v1/"})
    assert loaded.config.sources[0].base_url == "http://daily.example.org/v1"
    expected = (
        "DAILY_API_URL: the credential crosses the network unencrypted to daily.example.org; use https://"
    )
    assert loaded.warnings == (expected,)


def without(name: str) -> dict[str, str]:
    """The three variables of a chat source but one."""
    return {key: value for key, value in CHAT.items() if key != name}


@pytest.mark.parametrize(
    "environ,message",
    [
        ({"DAILY_API_URL": "https://h"}, f"DAILY_API_KEY: is missing beside DAILY_API_URL; {KEY}"),
        ({"DAILY_API_KEY": ""}, f"DAILY_API_KEY: is empty; {SECRET}"),
        ({"DAILY_API_KEY": " \n"}, f"DAILY_API_KEY: is empty; {SECRET}"),
        (
            {"DAILY_API_KEY": "a b"},
            f"DAILY_API_KEY: holds blanks or characters that are not printable ASCII; {SECRET}",
        ),
        (
            {"DAILY_API_KEY": "k", "DAILY_API_KEY_FILE": "/f"},
            f"DAILY_API_KEY: is set beside DAILY_API_KEY_FILE; {KEY}",
        ),
        (
            {"DAILY_API_KEY": "", "DAILY_API_KEY_FILE": "/f"},
            f"DAILY_API_KEY: is set beside DAILY_API_KEY_FILE; {KEY}",
        ),
        ({"DAILY_API_KEY_FILE": ""}, f"DAILY_API_KEY_FILE: is empty; {SECRET_FILE}"),
        ({"DAILY_API_KEY_FILE": "/none"}, f"DAILY_API_KEY_FILE: /none does not exist; {SECRET_FILE}"),
        ({"DAILY_API_KEY_FILE": "/dev"}, f"DAILY_API_KEY_FILE: /dev is not a regular file; {SECRET_FILE}"),
        ({"DAILY_API_KEY": "k", "DAILY_API_URL": ""}, f"DAILY_API_URL: is empty; {URL}"),
        ({"DAILY_API_KEY": "k", "DAILY_API_URL": "null"}, f"DAILY_API_URL: is not a usable URL; {URL}"),
        (without("ROCKETCHAT_URL"), f"ROCKETCHAT_URL: is missing beside ROCKETCHAT_USER_ID; {URL}"),
        (without("ROCKETCHAT_USER_ID"), f"ROCKETCHAT_USER_ID: is missing beside ROCKETCHAT_URL; {USER}"),
        (
            without("ROCKETCHAT_AUTH_TOKEN"),
            f"ROCKETCHAT_AUTH_TOKEN: is missing beside ROCKETCHAT_URL; {TOKEN}",
        ),
        (
            {"ROCKETCHAT_AUTH_TOKEN_FILE": "/f"},
            f"ROCKETCHAT_URL: is missing beside ROCKETCHAT_AUTH_TOKEN_FILE; {URL}",
        ),
        (
            {**CHAT, "ROCKETCHAT_USER_ID_FILE": "/f"},
            f"ROCKETCHAT_USER_ID: is set beside ROCKETCHAT_USER_ID_FILE; {USER}",
        ),
        ({**CHAT, "ROCKETCHAT_URL": "chat.example.org"}, f"ROCKETCHAT_URL: is not a usable URL; {URL}"),
        ({**CHAT, "ROCKETCHAT_AUTH_TOKEN": ""}, f"ROCKETCHAT_AUTH_TOKEN: is empty; {SECRET}"),
        ({**CHAT, "DAILY_API_KEY": ""}, f"DAILY_API_KEY: is empty; {SECRET}"),
    ],
)
def test_half_a_set_or_two_forms_are_told_by_the_variable(environ: dict[str, str], message: str) -> None:
    """Every fault names the variable that is wrong or missing, and no value."""
    with pytest.raises(ConfigError) as caught:
        from_environment(environ)
    assert str(caught.value) == message


def test_an_empty_secret_file_is_told_by_its_variable(tmp_path: Path) -> None:
    """A file that exists and holds nothing is as wrong as none."""
    (tmp_path / "empty").touch()
    with pytest.raises(ConfigError) as caught:
        from_environment({"DAILY_API_KEY_FILE": f"{tmp_path}/empty"})
    assert str(caught.value) == f"DAILY_API_KEY_FILE: {tmp_path}/empty is empty; {SECRET_FILE}"


def test_nothing_at_all_is_told_with_the_three_ways() -> None:
    """A file, the variables, or the demo."""
    with pytest.raises(ConfigError) as caught:
        from_environment({"HOME": "/root"})
    assert str(caught.value) == (
        "no source is configured; name a file with --config.file, "
        "or set DAILY_API_KEY or ROCKETCHAT_URL with ROCKETCHAT_USER_ID and ROCKETCHAT_AUTH_TOKEN, "
        "or try --demo, which needs no account"
    )
