"""Every reference comes to the same outcomes, in our terms."""

from __future__ import annotations

import pytest
import wasmtime
from xxhash import xxh3_64_intdigest

import engine
from harness.case import Call, Case
from harness.executors import EngineExecutor, Subject
from harness.limits import Limits
from harness.outcome import UNKNOWN_REFERENCE, CallOutcome, Exited, HostCall, NotRun, Ran, Returned, Trapped, Value
from harness.plan import REFERENCES
from harness.references.wasmtime import WasmtimeReference, stopped

I32_MIN, SNAN = 0x8000_0000, 0x7FA0_0001

TRAPS = {
    "unreachable": "unreachable",
    "(drop (i32.div_u (i32.const 1) (i32.const 0)))": "integer_division_by_zero",
    "(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))": "integer_overflow",
    "(drop (i32.trunc_f32_s (f32.const nan)))": "bad_conversion_to_integer",
    "(drop (i32.load (i32.const 65533)))": "heap_out_of_bounds",
    "(drop (table.get 0 (i32.const 9)))": "table_out_of_bounds",
    "(call_indirect (i32.const 0))": "indirect_call_to_null",
    "(call_indirect (type $other) (i32.const 1) (i32.const 1)) drop": "bad_signature",
    "(call 0)": "stack_overflow",
    "(loop (br 0))": "interrupt",
}


def run(reference: str, text: str, *calls: Call, limits: Limits | None = None) -> Ran:
    subject = Subject(Case(engine.assemble(text.encode()), calls=calls))
    outcome = WasmtimeReference(reference, limits or Limits(deadline=0.3)).run(subject)
    assert isinstance(outcome, Ran), outcome
    return outcome


def only(outcome: Ran) -> CallOutcome:
    (call,) = outcome.calls
    return call


@pytest.mark.parametrize("reference", REFERENCES)
@pytest.mark.parametrize("body", TRAPS)
def test_traps_have_our_names(reference: str, body: str) -> None:
    text = f"""(module (memory 1) (table 2 funcref) (elem (i32.const 1) $f)
        (type $other (func (param i32) (result i32))) (func $f (export "f") {body}))"""
    assert only(run(reference, text, Call("f"))) == Trapped(TRAPS[body])


@pytest.mark.parametrize("reference", REFERENCES)
@pytest.mark.parametrize("bits", [None, 0, 2**31 - 1])
def test_small_integers_pass_as_references(reference: str, bits: int | None) -> None:
    text = '(module (func (export "f") (param anyref) (result anyref) (local.get 0)))'
    value = Value("anyref", bits)
    assert only(run(reference, text, Call("f", (value,)))) == Returned((value,))


@pytest.mark.parametrize("reference", REFERENCES)
@pytest.mark.parametrize(
    ("kind", "made"),
    [
        ("anyref", "(struct.new $s)"),
        ("externref", "(extern.convert_any (struct.new $s))"),
        ("exnref", "(block $h (result exnref) (try_table (catch_all_ref $h) (throw $t)) (unreachable))"),
    ],
)
def test_of_an_object_only_that_it_is_there_is_known(reference: str, kind: str, made: str) -> None:
    text = f'(module (type $s (struct)) (tag $t) (func (export "f") (result {kind}) {made}))'
    assert only(run(reference, text, Call("f"))) == Returned((Value(kind, UNKNOWN_REFERENCE),))


@pytest.mark.parametrize("reference", REFERENCES)
def test_a_trap_is_blamed_on_the_place_that_the_engine_blames(reference: str) -> None:
    subject = Subject(
        Case(engine.assemble(b'(module (memory 1) (func (export "f") (drop (i32.load (i32.const -1)))))'))
    )
    ours, theirs = (each.run(subject) for each in (EngineExecutor("jit"), WasmtimeReference(reference, Limits())))
    assert isinstance(ours, Ran)
    assert isinstance(theirs, Ran)
    [[ours_at], [theirs_at]] = ours.calls, theirs.calls
    assert isinstance(ours_at, Trapped)
    assert isinstance(theirs_at, Trapped)
    assert (ours_at.site or "").endswith(f" {theirs_at.site}")
    assert (theirs_at.site or "").startswith("wasm 0x")


@pytest.mark.parametrize("reference", REFERENCES)
@pytest.mark.parametrize(
    "value",
    [
        Value("i32", I32_MIN),
        Value("i64", 2**64 - 1),
        Value("f32", SNAN),
        Value("f64", 0x7FF0_0000_0000_0001),
        Value("funcref", None),
        Value("externref", None),
        Value("externref", 7),
    ],
)
def test_values_pass_bit_for_bit(reference: str, value: Value) -> None:
    text = f"""(module (import "m" "log" (func $log (param {value.type})))
        (func (export "f") (param {value.type}) (result {value.type} i32)
            (call $log (local.get 0)) (local.get 0) (i32.const 5)))"""
    outcome = run(reference, text, Call("f", (value,)))
    assert only(outcome) == Returned((value, Value("i32", 5)))
    (logged,) = outcome.host_calls
    assert (logged.module, logged.name) == ("m", "log")
    if not value.is_nan:  # the package hands NaNs of host calls over as Python floats
        assert logged.args == (value,)


@pytest.mark.parametrize("reference", REFERENCES)
def test_state_is_what_the_calls_left(reference: str) -> None:
    text = """(module (memory (export "m") 1 3) (table (export "t") 3 funcref) (elem (i32.const 1) $f)
        (global (export "g") (mut i64) (i64.const -1))
        (func $f (export "f") (i32.store8 (i32.const 65536) (i32.const 255)))
        (func (export "grow") (result i32) (memory.grow (i32.const 1))))"""
    outcome = run(reference, text, Call("grow"), Call("f"))
    page = bytes(65536)
    assert outcome.calls == (Returned((Value("i32", 1),)), Returned())
    assert outcome.state.memories == {0: (2, xxh3_64_intdigest(page + b"\xff" + page[1:]))}
    assert outcome.state.tables == {0: (3, (None, 0, None))}
    assert outcome.state.globals == {0: Value("i64", 2**64 - 1)}


@pytest.mark.parametrize("reference", REFERENCES)
def test_growth_stops_at_the_limit_of_the_run(reference: str) -> None:
    text = """(module (memory 1) (table 1 funcref)
        (func (export "f") (result i32 i32) (memory.grow (i32.const 2)) (table.grow (ref.null func) (i32.const 9))))"""
    limits = Limits(max_memory=2 << 16, max_table=9)
    minus_one = Value("i32", 0xFFFF_FFFF)
    assert only(run(reference, text, Call("f"), limits=limits)) == Returned((minus_one, minus_one))


@pytest.mark.parametrize("reference", REFERENCES)
def test_proc_exit_ends_the_run(reference: str) -> None:
    text = """(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (func (export "f") (call $exit (i32.const 3))))"""
    outcome = run(reference, text, Call("f"), Call("f"))
    assert outcome.calls == (Exited(3),)
    assert outcome.host_calls == (HostCall("wasi_snapshot_preview1", "proc_exit", (Value("i32", 3),)),)


@pytest.mark.parametrize("reference", REFERENCES)
def test_imports_are_made(reference: str) -> None:
    text = """(module (import "m" "mem" (memory 1)) (import "m" "t" (table 2 funcref)) (import "m" "g" (global $g f32))
        (func (export "f") (result f32 i32 i32) (global.get $g) (memory.size) (table.size 0)))"""
    given = (Value("f32", 0), Value("i32", 1), Value("i32", 2))
    assert only(run(reference, text, Call("f"))) == Returned(given)


@pytest.mark.parametrize("reference", REFERENCES)
def test_stubs_answer_as_ours_do(reference: str) -> None:
    text = """(module (type $t (func (param i32 i64 f32 f64 externref) (result i32 i64 f32 f64 externref funcref)))
        (import "m" "f" (func $f (type $t))) (func (export "f") (type $t)
            (call $f (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4))))"""
    numbers = Value("i32", 7), Value("i64", 2**64 - 1), Value("f32", 0x3F80_0000), Value("f64", 1)
    calls = [Call("f", (*numbers, Value("externref", held))) for held in (None, 0, 5)]
    theirs = run(reference, text, *calls * 5)
    ours = EngineExecutor("interpreter").run(Subject(Case(engine.assemble(text.encode()), calls=tuple(calls * 5))))
    assert isinstance(ours, Ran)
    assert theirs.calls == ours.calls
    assert theirs.host_calls == ours.host_calls
    assert len(set(theirs.calls)) > 10


@pytest.mark.parametrize("reference", REFERENCES)
def test_a_start_function_that_traps_ends_the_run(reference: str) -> None:
    text = '(module (func $s unreachable) (func (export "f")) (start $s))'
    outcome = run(reference, text, Call("f"))
    assert outcome.instantiation == Trapped("unreachable")
    assert outcome.calls == ()


@pytest.mark.parametrize("reference", REFERENCES)
@pytest.mark.parametrize(
    "item",
    [
        "func (param v128)",
        "func (result i32 v128)",
        "global v128",
        "func (result anyref)",
        "func (param (ref null $s))",
        "tag",
    ],
)
def test_imports_that_the_package_aborts_on_are_refused(reference: str, item: str) -> None:
    text = f'(module (type $s (struct)) (import "m" "x" ({item})))'
    outcome = WasmtimeReference(reference).run(Subject(Case(engine.assemble(text.encode()))))
    reason = "wasmtime: the package aborts where imports have vectors or new references"
    assert outcome == NotRun("unsupported", reason)


def test_objects_that_do_not_fit_wasmtime_are_an_allocation_too_large() -> None:
    error = wasmtime.WasmtimeError("GC heap out of memory: no capacity for allocation of 3670012 bytes")
    assert stopped(error) == Trapped("allocation_too_large")
