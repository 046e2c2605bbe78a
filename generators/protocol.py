"""What a generator is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from generators.entropy import Entropy
    from harness.case import Case


class Generator(Protocol):
    """Makes cases. The same entropy gives the same case; every case is valid."""

    @property
    def name(self) -> str:
        """Name on the command line."""

    def generate(self, entropy: Entropy) -> Case:
        """Makes one case."""
