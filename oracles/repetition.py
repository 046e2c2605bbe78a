"""Runs of the engine that repeat another one in a way that must make no difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.outcome import Ran
from oracles.comparison import compare
from oracles.differential import verdict_of
from oracles.protocol import original

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.case import Case
    from harness.outcome import Outcome
    from harness.verdict import Verdict


def repeated(oracle: str, case: Case, outcomes: Mapping[str, Outcome], way: str) -> Iterator[Verdict]:
    """The verdict on each run that repeats another one in a way; nothing where one of the two did not run."""
    for name, run in outcomes.items():
        whom = original(name)
        if whom is None or whom[1] != way:
            continue
        first = outcomes.get(whom[0])
        if isinstance(first, Ran) and isinstance(run, Ran):
            difference = compare(first, run, same_depth=True, images=True, any_address=case.may_address_anything)
            yield verdict_of(oracle, whom[0], name, difference)
