"""The main job with hand-made executors: the outcomes decide, nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
from runs import ran, returned, trapped

import engine
from harness.arguments import CALLS_PER_FUNCTION, EDGES, MAX_CALLS
from harness.case import Call, Case
from harness.check import check
from harness.executors import Subject
from harness.outcome import Counts, NotRun, Outcome, Value
from harness.record import record_of
from harness.verdict import Kind

if TYPE_CHECKING:
    from harness.outcome import Ran


@dataclass(frozen=True)
class FixedExecutor:
    """Comes to the same outcome whatever it runs."""

    name: str
    outcome: Outcome

    def run(self, subject: Subject) -> Outcome:
        assert subject.calls
        return self.outcome


def verdict_on(case: Case, **outcomes: Outcome) -> str:
    executors = [FixedExecutor(name.replace("_", "/"), outcome) for name, outcome in outcomes.items()]
    return check(case, executors).verdict.key


ONE: Ran = ran(returned(1))


@dataclass(frozen=True)
class PanickingExecutor:
    """Panics."""

    name: str = "jit/exact"

    def run(self, subject: Subject) -> Outcome:  # noqa: ARG002 (a role)
        raise engine.PanicException("index 9 out of range")


def test_a_panic_of_the_engine_is_a_runtime_fault(add: Case) -> None:
    executors = [FixedExecutor("interpreter/exact", ONE), PanickingExecutor()]
    assert check(add, executors).verdict.key == "runtime-fault:containment:index N out of range"


def test_agreement_is_clean_and_disagreement_is_not(add: Case) -> None:
    assert verdict_on(add, interpreter_exact=ONE, jit_exact=ONE, wasmtime=ONE) == "clean"
    assert verdict_on(add, interpreter_exact=ONE, jit_exact=ONE, wasmtime=trapped("unreachable")).startswith("mismatch")


def test_a_finding_outranks_a_missing_feature(add: Case) -> None:
    missing = NotRun("unsupported", "simd")
    assert verdict_on(add, interpreter_exact=missing, jit_exact=ONE, wasmtime=ONE) == "incomplete:completion:simd"
    other = ran(returned(2))
    assert verdict_on(add, interpreter_exact=missing, jit_exact=ONE, wasmtime=other).startswith("mismatch:wasmtime")


def test_a_header_part_that_is_not_acted_on_leaves_the_case_undecided(add: Case) -> None:
    case = replace(add, parts={"modules": [{"anything": 1}]})
    assert verdict_on(case, interpreter_exact=ONE) == "incomplete:front end:case header: modules"


def test_a_feature_that_the_engine_lacks_leaves_the_case_undecided() -> None:
    case = Case(engine.assemble(b"(module (type $f (func)) (type (cont $f)))"))
    assert check(case, []).verdict.kind is Kind.INCOMPLETE


def test_an_invalid_module_is_not_a_verdict() -> None:
    with pytest.raises(engine.InvalidInput):
        check(Case(engine.assemble(b"(module (func (result i32)))")), [])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (Call("nope"), "no exported function 'nope'"),
        (Call("add", (Value("i32", 1),)), r"takes \(i32 i32\), not i32 0x1"),
        (Call("add", (Value("i32", 1), Value("i64", 1))), "not i32 0x1, i64 0x1"),
    ],
)
def test_a_call_that_does_not_fit_is_an_error(add: Case, call: Call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Subject(replace(add, calls=(call,)))


def test_every_exported_function_is_called_with_edge_cases_by_default() -> None:
    text = '(module (func (export "a") (param i32 f64)) (func (export "b")) (memory (export "m") 1))'
    subject = Subject(Case(engine.assemble(text.encode())))
    assert [call.export for call in subject.calls].count("a") == CALLS_PER_FUNCTION
    assert [call.export for call in subject.calls].count("b") == 1
    first, second = (call for call in subject.calls if call.export == "a")
    assert first.args != second.args
    for value in (*first.args, *second.args):
        assert value.bits in EDGES[value.type]
    assert subject.calls == Subject(subject.case).calls


def test_default_calls_are_capped() -> None:
    functions = "".join(f'(func (export "f{number}"))' for number in range(MAX_CALLS + 10))
    assert len(Subject(Case(engine.assemble(f"(module {functions})".encode()))).calls) == MAX_CALLS


def test_a_record_keeps_the_counts_of_the_run_that_counts(add: Case) -> None:
    counted = replace(ONE, counts=Counts(ops=500, accesses=3))
    executors = [FixedExecutor("interpreter/exact", counted), FixedExecutor("jit/exact", ONE)]
    record = record_of(7, add, check(add, executors), (), verbose=True)
    assert (record.index, record.counts and record.counts.ops, record.trapped) == (7, 500, False)
    assert record.lines == ("interpreter/exact: returned i32 0x1", "jit/exact: returned i32 0x1")
    uncounted = record_of(7, add, check(add, executors[1:]), (), verbose=False)
    assert uncounted.counts is None
    assert set(record.seconds) == {"front end", "interpreter/exact", "jit/exact", "oracles", "census"}
