"""A vendor's credential that notices when its secret file was replaced; knows no vendor."""

from collections.abc import Callable, Mapping

from exporter.config import Secret


class RereadCredential:
    """Headers made from secrets; after a refusal their files are read again, so a rotated key just works."""

    def __init__(self, secrets: tuple[Secret, ...], headers: Callable[..., Mapping[str, str]]) -> None:
        """`headers` makes the headers from the revealed secrets, in their order."""
        self._secrets = secrets
        self._make = headers
        self._refused = False

    def headers(self) -> Mapping[str, str]:
        """The headers of the next request."""
        if self._refused:
            self._secrets = tuple(secret.reread() for secret in self._secrets)
            self._refused = False
        return self._make(*(secret.reveal() for secret in self._secrets))

    def refused(self) -> None:
        """The vendor answered 401: look at the files before the next request."""
        self._refused = True
