"""Entropy: the one source of a generator's decisions.

A driver decides where it comes from: `PrngEntropy` from a seed, `BytesEntropy` from what a
coverage-guided fuzzer made, and `harness.strategies` from Hypothesis. With the PRNG driver,
case *i* of seed *S* is a function of (S, i) alone, on every machine and for any number of
workers; the same bytes give the same case.
"""

from __future__ import annotations

import hashlib
import random
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


class Entropy(Protocol):
    """Decisions, one after the other."""

    def take(self, count: int) -> bytes:
        """``count`` bytes."""

    def integer(self, low: int, high: int) -> int:
        """A number from ``low`` to ``high``, both included."""

    def choice(self, options: Sequence[T]) -> T:
        """One of ``options``, which are not empty."""

    def chance(self, percent: int) -> bool:
        """True in ``percent`` of 100 cases."""


class PrngEntropy:
    """Entropy from a seeded generator of pseudo-random numbers.

    Args:
        seed: of the campaign.
        index: of the case in it.
        purpose: keeps the decisions of different parties apart.
    """

    def __init__(self, seed: int, index: int, purpose: str = "case") -> None:
        name = f"{purpose}:{seed}:{index}".encode()
        self._random = random.Random(hashlib.sha256(name).digest())  # noqa: S311 (not for secrets)

    def take(self, count: int) -> bytes:
        """``count`` bytes."""
        return self._random.randbytes(count)

    def integer(self, low: int, high: int) -> int:
        """A number from ``low`` to ``high``, both included."""
        return self._random.randint(low, high)

    def choice(self, options: Sequence[T]) -> T:
        """One of ``options``, which are not empty."""
        return options[self._random.randrange(len(options))]

    def chance(self, percent: int) -> bool:
        """True in ``percent`` of 100 cases."""
        return self._random.randrange(100) < percent


class BytesEntropy:
    """Entropy from given bytes; zeros when they are used up.

    Runs of bytes come from the front, everything else from the back. So what `take` gives
    stays where it is in the input when a fuzzer changes a decision, and the other way round.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._front = 0
        self._back = len(data)

    def take(self, count: int) -> bytes:
        """``count`` bytes."""
        start = self._front
        self._front = min(start + count, self._back)
        return self._data[start : self._front].ljust(count, b"\0")

    def integer(self, low: int, high: int) -> int:
        """A number from ``low`` to ``high``, both included."""
        span = high - low
        start = max(self._front, self._back - (span.bit_length() + 7) // 8)
        drawn = int.from_bytes(self._data[start : self._back], "little")
        self._back = start
        return low + drawn % (span + 1)

    def choice(self, options: Sequence[T]) -> T:
        """One of ``options``, which are not empty."""
        return options[self.integer(0, len(options) - 1)]

    def chance(self, percent: int) -> bool:
        """True in ``percent`` of 100 cases."""
        return self.integer(0, 99) < percent
