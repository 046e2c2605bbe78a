"""How far runs may go: the same for every executor and reference, so that they can be compared."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.executors import Subject
    from harness.outcome import State

CASE_SECONDS = 60.0
"""What a case may take by default, in which whole programs have `PROGRAM_FUEL` and `PROGRAM_DEADLINE`."""
PROGRAM_FUEL = 1_000_000_000
PROGRAM_DEADLINE = 5.0
CONFUSED_FUEL = 200_000
CONFUSED_DEADLINE = 0.1


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a run may go, the same for every executor and reference.

    Attributes:
        fuel: interpreter operations of one call.
        deadline: seconds of one call.
        depth: nested guest calls.
        max_memory: bytes that a memory may grow to.
        max_table: elements that a table may grow to.
        program_fuel: the same as ``fuel``, of a whole program.
        program_deadline: the same as ``deadline``, of a whole program.
    """

    fuel: int = 50_000_000
    deadline: float = 2.0
    depth: int = 2500
    max_memory: int = 256 << 20
    max_table: int = 100_000
    program_fuel: int = PROGRAM_FUEL
    program_deadline: float = PROGRAM_DEADLINE

    def within(self, seconds: float) -> Limits:
        """Whole programs may take as much of the time that a case has as leaves room for every executor."""
        share = seconds / CASE_SECONDS
        return replace(self, program_fuel=int(PROGRAM_FUEL * share), program_deadline=PROGRAM_DEADLINE * share)

    def of(self, subject: Subject) -> Limits:
        """The limits of a subject: a confused or corrupted program has less, a whole one more."""
        if subject.case.is_tampered_with:
            return self.when_confused()
        if subject.input is not None:
            return replace(self, fuel=self.program_fuel, deadline=self.program_deadline)
        return self

    def when_confused(self) -> Limits:
        """The limits of a confused program, whose loops often have no end any more."""
        return replace(self, fuel=min(self.fuel, CONFUSED_FUEL), deadline=min(self.deadline, CONFUSED_DEADLINE))


def near_limit(state: State, limits: Limits) -> frozenset[tuple[str, int]]:
    """The memories and tables that have come so near their limit that growing them further may fail."""
    pages = limits.max_memory >> 16
    memories = {("memory", index) for index, (size, _) in state.memories.items() if 2 * size > pages}
    tables = {("table", index) for index, (size, _) in state.tables.items() if 2 * size > limits.max_table}
    return frozenset(memories | tables)
