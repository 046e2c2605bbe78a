"""Cases from a folder of seeds, one drawn at random."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generators.entropy import Entropy
    from harness.case import Case


class CorpusGenerator:
    """The cases that it is given, as they are.

    Args:
        cases: at least one, in an order that does not depend on the machine.
    """

    name = "corpus"

    def __init__(self, cases: Sequence[Case]) -> None:
        if not cases:
            raise ValueError("a corpus needs cases")
        self._cases = cases

    def generate(self, entropy: Entropy) -> Case:
        """Draws one case."""
        return entropy.choice(self._cases)
