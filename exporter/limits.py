"""How many requests the vendors allow, as their documentation has it: for whoever holds ours against it.

Pure; it limits nothing itself: the pace of requests is kept by `pauses`, and what answers say of the limit is
read by `ratelimit`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class VendorLimit:
    """So many requests in so many seconds: to each endpoint, or to the account as a whole."""

    requests: int
    seconds: int
    each_endpoint: bool

    @property
    def a_minute(self) -> int:
        """The same for one minute."""
        return self.requests * 60 // self.seconds


LIMITS: Final[Mapping[str, VendorLimit]] = {
    # Of these endpoints: 20 requests a second, or 100 in 5 s; the application of the account shares it.
    "daily": VendorLimit(20, 1, each_endpoint=False),
    # The default of a server: 10 calls in 60 s, for each address and route; an account may be exempt.
    "rocketchat": VendorLimit(10, 60, each_endpoint=True),
}
"""By the kind of the source."""
