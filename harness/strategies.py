"""Hypothesis strategies for modules, cases and plans: the third driver.

They draw from the same generators as a campaign, so a property of your own is tested on
what Fencepost fuzzes with, and a failure shrinks to a small module:

    from hypothesis import given
    from harness.check import check
    from harness.strategies import cases, plans

    @given(cases(), plans())
    def test_nothing_is_found(case, plan):
        assert not check(case, plan.all_executors()).verdict.kind.is_finding

Modules are smaller than those of a campaign: Hypothesis has some thousand bytes for an
example, and short runs of bytes shrink better.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from hypothesis import strategies as st

from harness.plan import Plan
from harness.source import GeneratedSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import DrawFn, SearchStrategy

    from harness.case import Case

T = TypeVar("T")

MAX_TAKEN = 1024


class DrawnEntropy:
    """Entropy that Hypothesis decides on, and shrinks.

    Args:
        draw: of a composite strategy.
    """

    def __init__(self, draw: DrawFn) -> None:
        self._draw = draw

    def take(self, count: int) -> bytes:
        """``count`` bytes: at most `MAX_TAKEN` of Hypothesis, then zeros."""
        return self._draw(st.binary(max_size=min(count, MAX_TAKEN))).ljust(count, b"\0")

    def integer(self, low: int, high: int) -> int:
        """A number from ``low`` to ``high``, both included."""
        return self._draw(st.integers(low, high))

    def choice(self, options: Sequence[T]) -> T:
        """One of ``options``, which are not empty; shrinks to the first."""
        return options[self.integer(0, len(options) - 1)]

    def chance(self, percent: int) -> bool:
        """True in about ``percent`` of 100 cases; shrinks to true."""
        return self.integer(0, 99) < percent


@st.composite
def cases(draw: DrawFn, generators: Sequence[str] = ("wasm",), corpus: Sequence[Case] = ()) -> Case:
    """Cases of one of some generators.

    Args:
        draw: given by Hypothesis.
        generators: as ``--generator`` names them.
        corpus: what ``corpus``, ``mutate`` and ``confuse`` draw from.
    """
    return GeneratedSource(0, tuple(generators), tuple(corpus)).generate(DrawnEntropy(draw))


def modules() -> SearchStrategy[bytes]:
    """Valid modules in binary format, within what the engine has."""
    return cases().map(lambda case: case.wasm)


@st.composite
def plans(draw: DrawFn, full: Plan | None = None) -> Plan:
    """What to run a case with: a thin plan of ``full``, as campaigns draw them."""
    return (full or Plan()).drawn(DrawnEntropy(draw))
