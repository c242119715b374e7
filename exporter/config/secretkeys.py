"""Keys that give a secret: inline, by the path of a file or by the name of an environment variable.

Messages name the key, the file or the variable; the secret, or what may be one by mistake, is in none.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from exporter.config.document import Node
from exporter.config.files import FileFault
from exporter.config.place import Place, shown_path
from exporter.config.readers import listed, text_of
from exporter.config.secret import SECRET_FORM, Origin, Secret, SecretFault, read_secret_file
from exporter.config.tables import Row

_FILE_FORM = f"the path of a file that holds {SECRET_FORM}"
_VARIABLE_FORM = f"the name of an environment variable that holds {SECRET_FORM}"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SHOWN_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")


def secret_from_text(text: str, at: Place, *, origin: Origin, name: str = "", subject: str = "") -> Secret:
    """The secret that `text` is; `subject` begins the message of the `ConfigError` where it is none."""
    try:
        return Secret(text, origin=origin, name=name)
    except SecretFault as fault:
        raise at.fault(f"{subject}{fault}", SECRET_FORM) from None


def inline_secret(node: Node, at: Place) -> Secret:
    """The secret that stands at this place itself."""
    text = text_of(node, at, allowed=SECRET_FORM)
    at.reading.inline_secrets.append(at.path)
    return secret_from_text(text, at, origin=Origin.INLINE)


def secret_from_file(node: Node, at: Place) -> Secret:
    """The secret in the file that is named at this place; warns where everyone may read the file."""
    text = text_of(node, at, allowed=_FILE_FORM)
    path = at.reading.folder / text
    try:
        secret, world_readable = read_secret_file(path)
    except (FileFault, SecretFault) as fault:
        raise at.fault(f"{shown_path(text, at)} {fault}", _FILE_FORM) from None
    if world_readable:
        at.warn(f"every user of this machine can read {path} (chmod o-r)")
    return secret


def secret_from_variable(node: Node, at: Place) -> Secret:
    """The secret in the environment variable that is named at this place."""
    name = text_of(node, at, allowed=_VARIABLE_FORM)
    if not _VARIABLE.fullmatch(name):
        raise at.fault("is not the name of a variable", _VARIABLE_FORM)
    shown = f"the variable {name}" if _SHOWN_VARIABLE.fullmatch(name) else "the variable of that name"
    value = at.reading.environ.get(name)
    if value is None:
        raise at.fault(f"{shown} is not set", _VARIABLE_FORM)
    return secret_from_text(value, at, origin=Origin.ENVIRONMENT, name=name, subject=f"{shown} ")


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionalSecret:
    """A secret that may be left out, by at most one of its three keys.

    `form` and `example` are those of the secret in the file itself, which `inline` reads.
    """

    name: str
    meaning: str
    default: str = "none"
    form: str = SECRET_FORM
    example: str = "made-up"
    inline: Callable[[Node, Place], Secret] = inline_secret

    @property
    def names(self) -> list[str]:
        """The three keys: inline, file and variable."""
        return [self.name, f"{self.name}_file", f"{self.name}_env"]

    @property
    def rows(self) -> tuple[Row, ...]:
        """Three lines of the reference."""
        inline, file, variable = self.names
        example = f"/run/secrets/{self.name.replace('_', '-')}"
        instead = f"instead of `{inline}`"
        relative = f"{instead}; relative to the configuration file's folder"
        return (
            Row(inline, self.form, self.default, self.meaning, self.example),
            Row(file, _FILE_FORM, self.default, relative, example),
            Row(variable, _VARIABLE_FORM, self.default, instead, self.name.upper()),
        )

    def take(self, given: dict[str, Node], at: Place) -> Secret | None:
        """The secret, or None where no key gives one."""
        named = [name for name in self.names if name in given]
        if len(named) > 1:
            fault = f"is given by {listed(named, joined='and')}"
            raise at.key(self.name).fault(fault, f"exactly one of {listed(self.names)}")
        for name in named:
            read = (self.inline, secret_from_file, secret_from_variable)[self.names.index(name)]
            return read(given[name], at.key(name))
        return None


@dataclass(frozen=True, slots=True)
class RequiredSecret:
    """A secret that must be given, by exactly one of its three keys."""

    optional: OptionalSecret

    @property
    def name(self) -> str:
        """The name of the secret."""
        return self.optional.name

    @property
    def rows(self) -> tuple[Row, ...]:
        """Three lines of the reference."""
        return self.optional.rows

    def take(self, given: dict[str, Node], at: Place) -> Secret:
        """The secret."""
        secret = self.optional.take(given, at)
        if secret is None:
            raise at.key(self.name).fault("is missing", f"exactly one of {listed(self.optional.names)}")
        return secret


def required_secret(name: str, meaning: str) -> RequiredSecret:
    """The keys of a secret that must be given."""
    return RequiredSecret(OptionalSecret(name=name, meaning=meaning, default="one of the three"))
