"""Readers of what a connection needs: the vendor's URL, the proxy, the file of certificate authorities.

No message shows a URL, because a password may stand in it. Opens the certificate file; asks no network.
"""

import ipaddress
import re
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from exporter.config import document
from exporter.config.files import why_unreadable
from exporter.config.place import Place, shown_path
from exporter.config.readers import text_of
from exporter.config.secret import Origin, Secret
from exporter.config.settings import ProxySetting

# Stricter than urlsplit, which takes `a[::1]` for ::1 and would call another machine this one.
_AUTHORITY = re.compile(
    r"(?:[^@\[\]]*@)?(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]{1,253}))(?::[0-9]{1,5})?"
)
_NUMBERS = re.compile(r"[0-9.]+")
_PRINTED = re.compile(r"[!-~]+")


def split_url(text: str) -> SplitResult | None:
    """The parts of an http or https URL with a host and a possible port; None where it is none."""
    if not _PRINTED.fullmatch(text) or "\\" in text:
        return None
    try:
        parts = urlsplit(text)
        found = _AUTHORITY.fullmatch(parts.netloc)
        if found is None or parts.scheme not in {"http", "https"} or parts.port == 0:
            return None
        if found["six"]:
            ipaddress.IPv6Address(found["six"])
        elif _NUMBERS.fullmatch(found["name"]):
            ipaddress.IPv4Address(found["name"])
    except ValueError:
        return None
    return parts


def crosses_network_in_clear(parts: SplitResult) -> bool:
    """True for http:// to anything but this machine itself."""
    host = parts.hostname or ""
    if parts.scheme != "http" or host == "localhost" or host.endswith(".localhost"):
        return False
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return True


@dataclass(frozen=True, slots=True)
class BaseUrl:
    """The address of a vendor's API; slashes at its end are taken off."""

    allowed: str = "an http:// or https:// URL with a host, without user, query or fragment"

    def read(self, node: document.Node, at: Place) -> str:
        """The URL; warns where the credential would cross the network unencrypted."""
        text = text_of(node, at, allowed=self.allowed)
        parts = split_url(text)
        if parts is None:
            raise at.fault("is not a usable URL", self.allowed)
        if "@" in parts.netloc:
            raise at.fault("holds a user or password", self.allowed)
        if "?" in text or "#" in text:
            raise at.fault("holds a query or fragment", self.allowed)
        if crosses_network_in_clear(parts):
            at.warn(f"the credential crosses the network unencrypted to {parts.hostname}; use https://")
        return parts.geturl().rstrip("/")


_PROXY_WORDS: dict[str, Literal["environment", "none"]] = {"environment": "environment", "none": "none"}


@dataclass(frozen=True, slots=True)
class Proxy:
    """Which proxy to use; its URL may hold a user and a password and is therefore a secret."""

    allowed: str = "environment, none, or an http:// or https:// URL with a host and without a path"

    def read(self, node: document.Node, at: Place) -> ProxySetting:
        """One of the two words, or the URL."""
        text = text_of(node, at, allowed=self.allowed)
        if word := _PROXY_WORDS.get(text):
            return word
        parts = split_url(text)
        if parts is None or parts.path not in {"", "/"} or "?" in text or "#" in text:
            raise at.fault("is not a usable URL", self.allowed)
        if "@" in parts.netloc:
            at.reading.inline_secrets.append(at.path)
            if crosses_network_in_clear(parts):
                at.warn(
                    f"the proxy's password crosses the network unencrypted to {parts.hostname}; use https://"
                )
        return Secret(text, origin=Origin.INLINE)


@dataclass(frozen=True, slots=True)
class AuthorityFile:
    """A file of certificate authorities that replaces the usual ones; relative to the file's folder."""

    allowed: str = "the path of a readable file of PEM certificates"

    def read(self, node: document.Node, at: Place) -> Path:
        """The path; the file is tried here, so that a wrong one is told before the first scrape."""
        text = text_of(node, at, allowed=self.allowed)
        path = at.reading.folder / text
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
        except ssl.SSLError:
            raise at.fault(f"{shown_path(text, at)} holds no certificate", self.allowed) from None
        except (OSError, ValueError) as error:
            raise at.fault(f"{shown_path(text, at)} {why_unreadable(error)}", self.allowed) from None
        return path
