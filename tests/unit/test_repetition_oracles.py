"""Relocation and snapshots: a run that is made again another way must come to the same."""

from __future__ import annotations

import pytest

from harness.case import Case
from harness.outcome import NotRun, Outcome, Ran
from harness.verdict import CLEAN, Kind
from oracles.containment import ContainmentOracle
from oracles.differential import DifferentialOracle
from oracles.protocol import original
from oracles.relocation import RelocationOracle
from oracles.snapshot import SnapshotOracle
from tests.unit.runs import ran, returned, trapped

CASE = Case(b"\0asm")
CONFUSED = Case(b"\0asm", parts={"plan": [{}]})
WAYS = pytest.mark.parametrize(
    ("oracle", "way"),
    [(RelocationOracle(), "relocated"), (SnapshotOracle(), "resumed")],
    ids=["relocation", "snapshot"],
)


def image(digest: int, base: int = 0) -> Ran:
    return ran(returned(1), arena_digest=digest, base=base)


def test_names_say_what_is_repeated() -> None:
    assert original("jit/as-shipped/relocated") == ("jit/as-shipped", "relocated")
    assert [original(name) for name in ("jit/exact", "wasmtime")] == [None, None]


@WAYS
@pytest.mark.parametrize("mode", ["exact", "as-shipped"])
@pytest.mark.parametrize("case", [CASE, CONFUSED], ids=["plain", "confused"])
def test_an_image_that_depends_on_the_way_is_found(
    oracle: RelocationOracle | SnapshotOracle, way: str, mode: str, case: Case
) -> None:
    same = {f"jit/{mode}": image(1, base=1 << 46), f"jit/{mode}/{way}": image(1, base=1 << 16)}
    assert oracle.judge(case, same) == CLEAN
    other = same | {f"jit/{mode}/{way}": image(2)}
    verdict = oracle.judge(case, other)
    assert (verdict.kind, verdict.key) == (Kind.MISMATCH, f"mismatch:{oracle.name}:arena image")
    assert verdict.evidence.startswith(f"jit/{mode} against jit/{mode}/{way}: ")


@WAYS
def test_a_value_that_depends_on_the_way_is_found(oracle: RelocationOracle | SnapshotOracle, way: str) -> None:
    outcomes: dict[str, Outcome] = {"jit/exact": ran(returned(1)), f"jit/exact/{way}": ran(returned(2))}
    assert oracle.judge(CASE, outcomes).key == f"mismatch:{oracle.name}:values"


@WAYS
def test_a_stack_that_overflows_earlier_is_no_excuse_but_time_is(
    oracle: RelocationOracle | SnapshotOracle, way: str
) -> None:
    for trap, kind in [("stack_overflow", Kind.MISMATCH), ("interrupt", Kind.POISONED)]:
        outcomes: dict[str, Outcome] = {"jit/as-shipped": ran(returned(1)), f"jit/as-shipped/{way}": trapped(trap)}
        assert oracle.judge(CASE, outcomes).kind is kind, trap


@WAYS
def test_what_was_not_made_again_is_not_judged(oracle: RelocationOracle | SnapshotOracle, way: str) -> None:
    not_run = NotRun(f"not-{way}", "why")
    assert oracle.judge(CASE, {"jit/exact": image(1), f"jit/exact/{way}": not_run}) == CLEAN
    assert oracle.judge(CASE, {f"jit/exact/{way}": image(1), "interpreter/exact": image(2)}) == CLEAN


@WAYS
def test_other_oracles_leave_the_comparison_to_the_one_that_it_is_for(
    oracle: RelocationOracle | SnapshotOracle, way: str
) -> None:
    del oracle
    outcomes: dict[str, Outcome] = {"jit/exact": image(1), f"jit/exact/{way}": image(2)}
    assert DifferentialOracle().judge(CASE, outcomes) == CLEAN
    assert ContainmentOracle().judge(CASE, outcomes) == CLEAN


@WAYS
@pytest.mark.parametrize(
    ("case", "kind"), [(CASE, Kind.MISMATCH), (CONFUSED, Kind.POISONED)], ids=["plain", "confused"]
)
def test_a_null_base_excuses_only_what_is_confused(
    oracle: RelocationOracle | SnapshotOracle, way: str, case: Case, kind: Kind
) -> None:
    outcomes = {"interpreter/exact": trapped("null_base"), f"interpreter/exact/{way}": ran(returned(1))}
    assert oracle.judge(case, outcomes).kind is kind
