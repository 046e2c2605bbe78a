"""Runs that are taken apart between two calls: a snapshot here, the rest in another process.

What `oracles.snapshot` judges. The snapshot travels as the bytes of a snapshot file, so that the
format is part of what is tried.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from xxhash import xxh3_64_intdigest

import engine
from harness.outcome import NotRun, Outcome, Ran, RuntimeFault
from harness.restorer import NOT_RESUMED, resumed_elsewhere
from harness.snapshot_file import write_snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.executors import EngineExecutor, Subject

RESUMED = "/resumed"


@dataclass(frozen=True, slots=True)
class ResumedExecutor:
    """Begins with one executor, and goes on with another in another process.

    Attributes:
        first: runs the calls before the snapshot; the whole must come to what it comes to alone.
        second: runs the others, with its arena elsewhere.
    """

    first: EngineExecutor
    second: EngineExecutor

    @property
    def name(self) -> str:
        """The run that this one repeats, and in which way."""
        return self.first.name + RESUMED

    def run(self, subject: Subject) -> Outcome:
        """Runs the subject in two parts, which a digest of its program divides; never raises for what it does."""
        if not subject.calls:
            return NotRun(NOT_RESUMED, "there is no call")
        after = xxh3_64_intdigest(subject.case.wasm, seed=1) % len(subject.calls)
        try:
            begun, snapshot = self.first.save(subject, after)
        except (engine.Unsupported, engine.CompileFailure, engine.SnapshotError) as error:
            return NotRun(NOT_RESUMED, str(error))
        if snapshot is None:
            return NotRun(NOT_RESUMED, f"the run ended with {begun.steps[-1]}")
        return self._noted(begun, resumed_elsewhere(write_snapshot(subject.case, snapshot), self.second))

    def _noted(self, begun: Ran, ended: Outcome) -> Outcome:
        """The outcome with what only the first part saw."""
        if not isinstance(ended, Ran) or isinstance(ended.instantiation, RuntimeFault):
            return ended
        return replace(
            ended,
            escapes=begun.escapes + ended.escapes,
            fault_triggered=begun.fault_triggered or ended.fault_triggered,
            near_limit=begun.near_limit | ended.near_limit,
            cut=begun.cut or ended.cut,
        )


def in_two_parts(executors: Sequence[EngineExecutor]) -> Iterator[ResumedExecutor]:
    """Runs in two parts for executors of one kind of run.

    An exact run goes on in the next executor, which must agree with it bit for bit; an as-shipped
    one in its own.
    """
    for first, following in zip(executors, (*executors[1:], *executors[:1]), strict=True):
        second = following if first.mode == "exact" else first
        yield ResumedExecutor(first, replace(second, guard="guard", relocated=True))
