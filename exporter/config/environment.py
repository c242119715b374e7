"""Makes a configuration from environment variables alone: a Daily domain, a Rocket.Chat workspace, or both.

Everything that the variables do not say has its default. Messages name the variable and show no secret.
"""

from collections.abc import Mapping
from pathlib import Path

from exporter.config.addresses import BaseUrl
from exporter.config.document import Scalar
from exporter.config.load import Loaded
from exporter.config.place import Place, Reading
from exporter.config.secret import Origin, Secret
from exporter.config.secretkeys import secret_from_file, secret_from_text
from exporter.config.settings import (
    BucketSettings,
    CollectSettings,
    Config,
    DailySettings,
    RocketChatSettings,
    SourceSettings,
)
from exporter.errors import ConfigError

_DAILY = ("DAILY_API_KEY", "DAILY_API_KEY_FILE", "DAILY_API_URL")
_ROCKETCHAT = (
    "ROCKETCHAT_URL",
    "ROCKETCHAT_USER_ID",
    "ROCKETCHAT_USER_ID_FILE",
    "ROCKETCHAT_AUTH_TOKEN",
    "ROCKETCHAT_AUTH_TOKEN_FILE",
)
NO_SOURCE = (
    "no source is configured; name a file with --config.file, "
    "or set DAILY_API_KEY or ROCKETCHAT_URL with ROCKETCHAT_USER_ID and ROCKETCHAT_AUTH_TOKEN, "
    "or try --demo, which needs no account"
)


def from_environment(environ: Mapping[str, str]) -> Loaded:
    """The sources that the variables give; raises `ConfigError` for a fault, and where they give none."""
    reading = Reading(name="environment", folder=Path.cwd(), environ=environ)
    sources: list[SourceSettings] = []
    if any(name in environ for name in _DAILY):
        sources.append(_daily(reading))
    if any(name in environ for name in _ROCKETCHAT):
        sources.append(_rocketchat(reading))
    if not sources:
        raise ConfigError(NO_SOURCE)
    return Loaded(Config(CollectSettings(), BucketSettings(), tuple(sources)), tuple(reading.warnings))


def _daily(reading: Reading) -> DailySettings:
    api_key = _secret("DAILY_API_KEY", reading, group=_DAILY)
    if "DAILY_API_URL" not in reading.environ:
        return DailySettings(name="daily", api_key=api_key)
    return DailySettings(name="daily", api_key=api_key, base_url=_url("DAILY_API_URL", reading, group=_DAILY))


def _rocketchat(reading: Reading) -> RocketChatSettings:
    return RocketChatSettings(
        name="rocketchat",
        base_url=_url("ROCKETCHAT_URL", reading, group=_ROCKETCHAT),
        user_id=_secret("ROCKETCHAT_USER_ID", reading, group=_ROCKETCHAT),
        auth_token=_secret("ROCKETCHAT_AUTH_TOKEN", reading, group=_ROCKETCHAT),
    )


def _url(variable: str, reading: Reading, *, group: tuple[str, ...]) -> str:
    reader, at = BaseUrl(), Place(reading, variable)
    if variable not in reading.environ:
        raise at.fault(_missing(reading, group), reader.allowed)
    return reader.read(_scalar(reading.environ[variable]), at)


def _secret(variable: str, reading: Reading, *, group: tuple[str, ...]) -> Secret:
    """The secret in the variable, or in the file that its twin `…_FILE` names."""
    twin, at = f"{variable}_FILE", Place(reading, variable)
    allowed = f"exactly one of {variable} and {twin}"
    if variable in reading.environ and twin in reading.environ:
        raise at.fault(f"is set beside {twin}", allowed)
    if twin in reading.environ:
        return secret_from_file(_scalar(reading.environ[twin]), Place(reading, twin))
    if variable not in reading.environ:
        raise at.fault(_missing(reading, group), allowed)
    return secret_from_text(reading.environ[variable], at, origin=Origin.ENVIRONMENT, name=variable)


def _missing(reading: Reading, group: tuple[str, ...]) -> str:
    """What is wrong where a variable is not set: another one that is set needs it."""
    return f"is missing beside {next(name for name in group if name in reading.environ)}"


def _scalar(text: str) -> Scalar:
    """What a variable holds, as the file would say it: quoted, but for nothing at all."""
    return Scalar(text.strip(), plain=not text.strip(), line=1)
