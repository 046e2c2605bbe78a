"""Each planted fault is triggered, and found by an oracle that does not need a second opinion.

A fault that lets an access out is found by containment (the effective address, the fault
that it makes, a canary), a fault of control flow by the control-flow oracle. Differences
between executors do not count there. Faults that stay in the arena, and every executor has
through its runtime, are found by what Wasmtime does otherwise, or by a repetition of the run
elsewhere or in two parts.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.check import check
from harness.files import read_all
from harness.plan import MODES, Plan
from harness.pool import Pool
from harness.source import GeneratedSource
from harness.verdict import CLEAN

if TYPE_CHECKING:
    from harness.case import Case
    from harness.executors import ExecutorName

CORPUS = Path(__file__).parents[2] / "corpus"
SEED = 1
CASES = 600

EXPECTED = {
    "01": "escape:containment:access",
    "02": "escape:containment:access",
    "06": "escape:containment:access",
    "07": "escape:containment:access",
    "09": "escape:containment:access",
    "11": "escape:containment:access",
    "12": "escape:containment:object",
    "14": "mismatch:wasmtime",
    "15": "escape:containment:object",
    "18": "escape:control flow:entry",
    "19": "mismatch:wasmtime",
    "20": "mismatch:wasmtime",
    "25": "mismatch:wasmtime",
    "27": "runtime-fault:containment:panic: N arguments overran",
    "30": "escape:containment:access",
    "31": "mismatch:relocation",
    "32": "mismatch:snapshot",
}

NEEDS_CONFUSION = ("09", "18")
"""Faults that no front-end output triggers: its own checks come first."""

SEEDS = {
    "14": "*_grow_in_*.wat",
    "15": "memories_several.wat",
    "18": "call_indirect_*.wat",
    "19": "imports_functions.wat",
    "20": "references_host.wat",
    "27": "*import*.wat",
    "32": "*grow*.wat",
}
"""Which seeds a fault's cases are drawn from, where a few hundred cases of all of them are too few."""


@cache
def corpus(pattern: str) -> tuple[Case, ...]:
    _, cases = read_all(sorted(CORPUS.glob(pattern)))
    return cases


ELSEWHERE = ("31", "32")
"""Faults that show when a run is repeated at another base or in two parts: by one executor alone, without another to
differ from."""


def hunt(fault: str | None, mode: str, *generators: str) -> tuple[bool, str | None]:
    """Whether the fault was triggered before the first finding that is expected, and the finding's key."""
    source = GeneratedSource(SEED, generators, corpus(SEEDS.get(fault or "", "*.wat")), CASES)
    references = ("wasmtime",) if EXPECTED.get(fault or "", "") == "mismatch:wasmtime" else ()
    elsewhere = fault in ELSEWHERE
    executors: tuple[ExecutorName, ...] = ("jit",) if elsewhere else ("interpreter", "jit")
    plan = Plan(modes=MODES[mode], executors=executors, references=references, fault=fault, elsewhere=elsewhere)
    triggered = False
    for record in Pool(source, plan, thin=False).records():
        if record is None:
            continue
        triggered |= record.fault_triggered
        key = record.verdict.key
        if fault is None and record.verdict.kind.is_finding:
            return triggered, f"{source.where(record.index)}: {key}: {record.verdict.evidence}"
        if fault is not None and triggered and key.startswith(EXPECTED[fault]):
            return triggered, key
    return triggered, None


@pytest.mark.parametrize("mode", ["exact", "as-shipped"])
@pytest.mark.parametrize("fault", sorted(EXPECTED))
def test_a_planted_fault_is_triggered_and_found(fault: str, mode: str) -> None:
    generator = "confuse" if fault in NEEDS_CONFUSION else "corpus"
    triggered, key = hunt(fault, mode, generator)
    assert triggered, f"fault {fault} was not triggered by {CASES} cases"
    assert key is not None, f"fault {fault} was triggered, but not found"


def test_nothing_is_found_on_the_correct_engine() -> None:
    _, finding = hunt(None, "both", "confuse", "corpus")
    assert finding is None


def test_a_fault_that_nothing_triggers_changes_no_verdict() -> None:
    [case] = corpus("exceptions.wat")
    plan = Plan(executors=("interpreter", "jit"), references=(), fault="11")
    assert check(case, plan.all_executors()).verdict == CLEAN
