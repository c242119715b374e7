"""Every error of our own, and the reason each one gives to a failed collector.

    PresenceError
    ├── ConfigError               the configuration cannot be used; exit 2
    └── CollectorError            a collector cannot give its facts; `reason` names why
        ├── LedgerUnavailable     ledger             the ledger's database cannot be used
        └── UpstreamError         a vendor's answer cannot be used
            ├── CredentialRefused     auth               401, 400 authorization-header-error
            ├── AccessForbidden       forbidden          403
            ├── NotFound              not_found          404
            ├── RequestRefused        bad_request        other 400s
            ├── RateLimited           rate_limited       429, or a pause that one began
            ├── ServerFailed          server_error       5xx
            ├── ConnectionFailed      connect            no connection, or one that broke
            ├── TlsFailed             tls                the handshake or the certificate
            ├── DeadlinePassed        timeout            the scrape's time is over
            ├── AnswerMisshapen       schema             not JSON, or JSON of another shape
            ├── AnswerTooLarge        too_large          more than max_response_bytes
            ├── PresenceSwitchedOff   presence_disabled  Rocket.Chat only
            └── StatusUnexpected      unexpected_status  3xx, 402 …

The text of an `UpstreamError` is written by us: it may name statuses, endpoints and fields of the vendor's
documentation, never a value that came over the wire. This file knows no network and no Prometheus.
"""

from typing import ClassVar

from exporter.model import Reason


class PresenceError(Exception):
    """Anything that this program raises on purpose."""


class ConfigError(PresenceError):
    """The configuration cannot be used; the text names the key, file or variable and what is allowed."""


class CollectorError(PresenceError):
    """A collector cannot give its facts; a subclass says why by its `reason`."""

    reason: ClassVar[Reason] = Reason.INTERNAL


class LedgerUnavailable(CollectorError):
    """The ledger's database cannot be reached, read or written, or is not ours; the text says what to do."""

    reason = Reason.LEDGER


class UpstreamError(CollectorError):
    """A vendor's answer cannot be used."""


class CredentialRefused(UpstreamError):
    """The vendor does not accept the key or token."""

    reason = Reason.AUTH


class AccessForbidden(UpstreamError):
    """The credential is good and may not do this."""

    reason = Reason.FORBIDDEN


class NotFound(UpstreamError):
    """The vendor knows no such room, route or server."""

    reason = Reason.NOT_FOUND


class RequestRefused(UpstreamError):
    """The vendor calls the request itself wrong."""

    reason = Reason.BAD_REQUEST


class RateLimited(UpstreamError):
    """The vendor refuses more requests for now, or a pause that it asked for is not over.

    `wait` is the seconds until the named moment, and None where none was named.
    """

    reason = Reason.RATE_LIMITED

    def __init__(self, message: str, *, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class ServerFailed(UpstreamError):
    """The vendor answered 5xx, or a pause that it asked for with one is not over (`status` None then).

    `wait` is the seconds that it named, and None where it named none.
    """

    reason = Reason.SERVER_ERROR

    def __init__(self, message: str, *, status: int | None, wait: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.wait = wait


class ConnectionFailed(UpstreamError):
    """No connection, or one that broke before the answer was whole."""

    reason = Reason.CONNECT


class TlsFailed(UpstreamError):
    """The handshake failed, or the certificate does not verify."""

    reason = Reason.TLS


class DeadlinePassed(UpstreamError):
    """The time that the scrape leaves is over."""

    reason = Reason.TIMEOUT


class AnswerMisshapen(UpstreamError):
    """The body is not JSON, or not of the documented shape."""

    reason = Reason.SCHEMA


class AnswerTooLarge(UpstreamError):
    """The body passed `collect.max_response_bytes`."""

    reason = Reason.TOO_LARGE


class PresenceSwitchedOff(UpstreamError):
    """Rocket.Chat's presence broadcast is disabled, so its lists say nothing."""

    reason = Reason.PRESENCE_DISABLED


class StatusUnexpected(UpstreamError):
    """A status that no rule here covers, such as a redirect."""

    reason = Reason.UNEXPECTED_STATUS
