"""A histogram of numbers over many orders of magnitude, in bounded memory.

A campaign of days has more cases than one wants to keep a number each of. Numbers below
64 are kept as they are, larger ones to six significant bits, so a median is at most
1.6 % low.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

SIGNIFICANT_BITS = 6


@dataclass(slots=True)
class Histogram:
    """Counts of natural numbers.

    Attributes:
        counts: by the smallest number of each bucket.
    """

    counts: Counter[int] = field(default_factory=Counter)
    total: int = 0

    def add(self, number: int) -> None:
        """Counts one number, 0 or more."""
        shift = max(0, number.bit_length() - SIGNIFICANT_BITS)
        self.counts[number >> shift << shift] += 1
        self.total += 1

    @property
    def median(self) -> int:
        """The median, that of an even count between the two in the middle; 0 of nothing."""
        if not self.total:
            return 0
        return (self._at((self.total - 1) // 2) + self._at(self.total // 2)) // 2

    def _at(self, position: int) -> int:
        """The number at a position of the sorted sequence, from 0."""
        passed = 0
        for number, count in sorted(self.counts.items()):
            passed += count
            if passed > position:
                return number
        raise IndexError(position)
