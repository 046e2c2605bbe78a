"""Oracles: hand-made outcomes that each must catch, and near misses that it must not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from runs import NAN, OTHER_NAN, ran, returned, trapped

from harness.outcome import Escape, Escaped, NotRun, Returned, RuntimeFault
from harness.verdict import CLEAN, Kind, PoisonReason
from oracles.completion import CompletionOracle
from oracles.containment import ContainmentOracle
from oracles.differential import DifferentialOracle
from oracles.wasmtime import WasmtimeOracle

if TYPE_CHECKING:
    from harness.case import Case

ESCAPE = Escape("access", "write", -8)
ONE, TWO = ran(returned(1)), ran(returned(2))


@pytest.fixture
def confused(add: Case) -> Case:
    return replace(add, parts={"plan": [{"function": 0, "site": 1, "kind": "drop_check"}]})


def test_containment_catches_an_escape_in_any_step_of_any_run(add: Case, confused: Case) -> None:
    for case in (add, confused):
        for name in ("interpreter/exact", "jit/as-shipped"):
            verdict = ContainmentOracle().judge(case, {"jit/exact": ONE, name: ran(returned(1), Escaped(ESCAPE))})
            assert verdict.key == "escape:containment:access write"
            assert name in verdict.evidence


@pytest.mark.parametrize("kind", ["canary", "decoy", "object"])
def test_containment_catches_traces_found_afterwards(add: Case, kind: str) -> None:
    verdict = ContainmentOracle().judge(add, {"jit/exact": replace(ONE, escapes=(Escape(kind),))})
    assert verdict.key == f"escape:containment:{kind}"


def test_containment_catches_a_panic_of_trusted_code_but_prefers_an_escape(add: Case) -> None:
    panicked = ran(RuntimeFault("index 17 out of range"))
    verdict = ContainmentOracle().judge(add, {"jit/exact": panicked})
    assert verdict.key == "runtime-fault:containment:index NN out of range"
    both = {"jit/exact": panicked, "interpreter/exact": ran(Escaped(ESCAPE))}
    assert ContainmentOracle().judge(add, both).kind is Kind.ESCAPE


def test_containment_has_nothing_against_traps_and_missing_features(add: Case) -> None:
    outcomes = {"jit/exact": trapped("arena_out_of_bounds"), "interpreter/exact": NotRun("unsupported", "simd")}
    assert ContainmentOracle().judge(add, outcomes) == CLEAN


def test_differential_catches_a_difference_between_executors(add: Case) -> None:
    verdict = DifferentialOracle().judge(add, {"interpreter/exact": ONE, "jit/exact": TWO})
    assert verdict.key == "mismatch:differential:values"
    assert "interpreter/exact against jit/exact" in verdict.evidence


def test_differential_compares_with_as_shipped_runs_unless_the_case_is_confused(add: Case, confused: Case) -> None:
    outcomes = {"jit/as-shipped": TWO, "interpreter/exact": ONE}
    assert DifferentialOracle().judge(add, outcomes).kind is Kind.MISMATCH
    assert DifferentialOracle().judge(confused, outcomes) == CLEAN


def test_differential_still_compares_exact_runs_of_a_confused_case(confused: Case) -> None:
    assert DifferentialOracle().judge(confused, {"interpreter/exact": ONE, "jit/exact": TWO}).kind is Kind.MISMATCH


def test_differential_wants_equal_images_of_exact_runs_only(add: Case) -> None:
    first, second = replace(ONE, arena_digest=1), replace(ONE, arena_digest=2)
    exact = DifferentialOracle().judge(add, {"interpreter/exact": first, "jit/exact": second})
    assert exact.key == "mismatch:differential:arena image"
    assert DifferentialOracle().judge(add, {"interpreter/exact": first, "jit/as-shipped": second}) == CLEAN


def test_differential_excuses_stack_depth_only_as_shipped(add: Case) -> None:
    overflow = trapped("stack_overflow")
    shipped = DifferentialOracle().judge(add, {"interpreter/exact": ONE, "jit/as-shipped": overflow})
    assert shipped.key == f"poisoned:differential:{PoisonReason.STACK_DEPTH}"
    exact = DifferentialOracle().judge(add, {"interpreter/exact": ONE, "jit/exact": overflow})
    assert exact.kind is Kind.MISMATCH


def test_differential_leaves_references_alone(add: Case) -> None:
    assert DifferentialOracle().judge(add, {"interpreter/exact": ONE, "wasmtime": TWO}) == CLEAN


def test_wasmtime_catches_a_difference_with_any_reference(add: Case) -> None:
    outcomes = {"interpreter/exact": ONE, "wasmtime": ONE, "wasmtime-pulley": TWO}
    verdict = WasmtimeOracle().judge(add, outcomes)
    assert verdict.key == "mismatch:wasmtime:values"
    assert "against wasmtime-pulley" in verdict.evidence


def test_wasmtime_excuses_nan_payloads_and_never_sees_confusion(add: Case, confused: Case) -> None:
    outcomes = {"jit/exact": ran(Returned((NAN,))), "wasmtime": ran(Returned((OTHER_NAN,)))}
    assert WasmtimeOracle().judge(add, outcomes).detail == PoisonReason.NAN_PAYLOAD
    assert WasmtimeOracle().judge(confused, {"jit/exact": ONE, "wasmtime": TWO}) == CLEAN


def test_wasmtime_compares_nothing_where_only_references_ran(add: Case) -> None:
    assert WasmtimeOracle().judge(add, {"wasmtime": ONE, "wasmtime-pulley": TWO}) == CLEAN


def test_completion_tells_a_missing_feature_from_a_failed_compiler(add: Case) -> None:
    unsupported = {"jit/exact": ONE, "interpreter/exact": NotRun("unsupported", "simd")}
    assert CompletionOracle().judge(add, unsupported).key == "incomplete:completion:simd"
    failed = unsupported | {"jit/exact": NotRun("compile-failure", "panicked at 12")}
    assert CompletionOracle().judge(add, failed).key == "compile-failure:completion:panicked at NN"
    assert CompletionOracle().judge(add, {"jit/exact": ONE}) == CLEAN
