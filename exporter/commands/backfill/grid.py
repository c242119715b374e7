"""At which moments the past is written, and at which of them a meeting is in; pure arithmetic.

All moments are Unix seconds. A sample shows the meetings that ended before its moment; the last one but one
shows all of them, and the last one is 0.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

MARGIN: Final = 60
"""Seconds before the end at which all is counted.

The first live sample may be a little older than the start of counting: Prometheus dates a scrape by its
beginning and by its own clock. Were it older than a sample that is not 0, that would look like growth.
"""

SHORTEST: Final = 2 * MARGIN
"""Seconds that a past must last."""


@dataclass(frozen=True, slots=True)
class Grid:
    """The meetings that ended in [start, end), shown every `step` seconds."""

    start: float
    end: float
    step: int

    @property
    def first(self) -> int:
        """The moment of the first sample, which is 0."""
        return math.floor(self.start)

    @property
    def reset(self) -> int:
        """The moment of the last sample, which is 0 again."""
        return math.floor(self.end)

    @property
    def full(self) -> int:
        """The moment of the sample that shows all."""
        return self.reset - MARGIN

    @property
    def last_place(self) -> int:
        """The place of the sample that shows all; the first sample has place 0."""
        return math.ceil((self.full - self.first) / self.step)

    def place(self, ended: float) -> int:
        """The place of the first sample that shows a meeting which ended then."""
        return min((math.floor(ended) - self.first) // self.step + 1, self.last_place)

    def holds(self, ended: float) -> bool:
        """True where a meeting that ended then is one of these."""
        return self.start <= ended < self.end

    def moments(self) -> Iterator[int]:
        """The moment of each place, up to the one that shows all."""
        yield from range(self.first, self.full, self.step)
        yield self.full
