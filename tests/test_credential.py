"""A key that was replaced in its file is used by the request after the 401, without a restart."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from exporter import errors
from exporter.config import PresenceMode, Secret
from exporter.config.secret import read_secret_file
from exporter.sources.credential import RereadCredential
from tests.kit.clock import virtual
from tests.kit.rig import (
    PRESENCE,
    USERS,
    chat_rig,
    chat_settings,
    daily_rig,
    daily_settings,
    inline,
    room_path,
    watching,
)
from tests.kit.vendor import Always, Reply


def in_file(path: Path, value: str) -> Secret:
    """A secret in a file that holds `value`."""
    write(path, value)
    return read_secret_file(path)[0]


def write(path: Path, value: str) -> None:
    """Replace what the file holds; nobody else may read it."""
    path.write_text(f"{value}\n")
    path.chmod(0o600)


def key_header(key: str) -> Mapping[str, str]:
    """Make the header of a vendor with one secret."""
    return {"X-Key": key}


def test_the_file_is_looked_at_after_a_refusal_and_not_before(tmp_path: Path) -> None:
    """A file that changes while its key is good is left alone; after a 401 its content counts."""
    credential = RereadCredential((in_file(tmp_path / "key", "old"),), key_header)
    write(tmp_path / "key", "new")
    assert credential.headers() == {"X-Key": "old"}
    credential.refused()
    assert [credential.headers(), credential.headers()] == [{"X-Key": "new"}] * 2
    write(tmp_path / "key", "newer")
    assert credential.headers() == {"X-Key": "new"}


def test_a_file_that_is_gone_or_useless_leaves_the_key_as_it_was(tmp_path: Path) -> None:
    """A rotation that is half done is looked at again after the next refusal."""
    credential = RereadCredential((in_file(tmp_path / "key", "old"),), key_header)
    (tmp_path / "key").unlink()
    credential.refused()
    assert credential.headers() == {"X-Key": "old"}
    write(tmp_path / "key", "new")
    credential.refused()
    assert credential.headers() == {"X-Key": "new"}


def test_a_key_that_stands_in_the_configuration_stays() -> None:
    """There is nothing to look at."""
    credential = RereadCredential((inline("given"),), key_header)
    credential.refused()
    assert credential.headers() == {"X-Key": "given"}


def test_all_secrets_of_an_account_are_read_again(tmp_path: Path) -> None:
    """A token and its user change together."""
    secrets = (in_file(tmp_path / "token", "t1"), in_file(tmp_path / "user", "u1"))
    credential = RereadCredential(secrets, lambda token, user: {"T": token, "U": user})
    write(tmp_path / "token", "t2")
    write(tmp_path / "user", "u2")
    assert credential.headers() == {"T": "t1", "U": "u1"}
    credential.refused()
    assert credential.headers() == {"T": "t2", "U": "u2"}


@virtual
async def test_daily_is_asked_with_the_new_key_by_the_next_request(tmp_path: Path) -> None:
    """The pull that met the 401 fails; the next one has the key that the file holds by then."""
    rig = daily_rig(
        {PRESENCE: [Reply({"error": "authentication-error"}, 401), Reply({})]},
        daily_settings(api_key=in_file(tmp_path / "key", "old")),
    )
    with pytest.raises(errors.CredentialRefused):
        await rig.run()
    write(tmp_path / "key", "new")
    assert (await rig.run()).error is None
    keys = [request.headers["authorization"] for request in rig.script.asked]
    assert keys == ["Bearer old", "Bearer new"]


@virtual
async def test_rocket_chat_is_asked_with_the_new_token_by_the_next_request(tmp_path: Path) -> None:
    """Token and user id are looked at; only what changed is new."""
    rig = chat_rig(
        {USERS: [Reply({}, 401), Reply({"users": [{"_id": "a", "status": "online"}], "full": True})]},
        chat_settings(auth_token=in_file(tmp_path / "token", "old"), user_id=inline("me")),
    )
    with pytest.raises(errors.CredentialRefused):
        await rig.run()
    write(tmp_path / "token", "new")
    assert (await rig.run()).error is None
    sent = [(one.headers["x-auth-token"], one.headers["x-user-id"]) for one in rig.script.asked]
    assert sent == [("old", "me"), ("new", "me")]


@virtual
async def test_a_refusal_in_the_middle_of_a_pull_does_not_mix_keys_up(tmp_path: Path) -> None:
    """Requests that are under way have the old key, later pulls the new one."""
    rooms = ("a", "b", "c")
    refused = Always(Reply({"error": "authentication-error"}, 401, after=0.1))
    rig = daily_rig(
        dict.fromkeys(map(room_path, rooms), refused),
        daily_settings(
            api_key=in_file(tmp_path / "key", "old"), presence=PresenceMode.ROOMS, rooms=watching(*rooms)
        ),
    )
    write(tmp_path / "key", "new")
    for _ in range(2):
        assert isinstance((await rig.run("room_presence")).error, errors.CredentialRefused)
    keys = [request.headers["authorization"] for request in rig.script.asked]
    assert keys == ["Bearer old"] * 3 + ["Bearer new"] * 3
