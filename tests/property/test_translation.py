"""What Wasmtime makes of a program's translation is what the reference executor makes of the program."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from generators.clif import ClifGenerator
from generators.confuse import ConfuseGenerator
from generators.entropy import PrngEntropy
from harness.case import Case
from harness.executors import EngineExecutor, Subject
from harness.outcome import NotRun, Ran, Trapped, Value
from harness.references.wasmtime_clif import WasmtimeClifReference, parts, whole
from harness.verdict import CLEAN, Kind
from oracles.wasmtime import WasmtimeOracle

seeds = st.integers(0, 2**64)
TYPES = {"i8": 8, "i16": 16, "i32": 32, "i64": 64, "i128": 128, "f32": 32, "f64": 64, "v128": 128}
numbers = st.sampled_from(sorted(TYPES)).flatmap(
    lambda kind: st.builds(Value, st.just(kind), st.integers(0, (1 << TYPES[kind]) - 1))
)


@settings(max_examples=150, deadline=None)
@given(seed=seeds, index=st.integers(0, 2**32), name=st.sampled_from(("wasmtime", "wasmtime-pulley")))
def test_translations_come_to_what_the_program_comes_to(seed: int, index: int, name: str) -> None:
    agree(ClifGenerator().generate(PrngEntropy(seed, index)), name)


@settings(max_examples=100, deadline=None)
@given(seed=seeds, index=st.integers(0, 2**32))
def test_translations_are_confused_as_the_program_is(seed: int, index: int) -> None:
    generator = ConfuseGenerator(ClifGenerator(), PrngEntropy(seed, index, "module"))
    case = generator.generate(PrngEntropy(seed, index))
    assume(case.is_confused)
    agree(case, "wasmtime")


def agree(case: Case, name: str) -> None:
    """The reference executor, or native code where that lacks something, comes to what Wasmtime does."""
    subject = Subject(case)
    theirs = WasmtimeClifReference(name).run(subject)
    assert isinstance(theirs, Ran)
    ours = EngineExecutor("reference").run(subject)
    if isinstance(ours, NotRun):  # cranelift-interpreter lacks an opcode
        ours = EngineExecutor("jit").run(subject)
    assert isinstance(ours, Ran)
    verdict = WasmtimeOracle().judge(case, {"engine/exact": ours, name: theirs})
    assert len(theirs.calls) == len(subject.calls)
    if case.is_confused and verdict.kind is Kind.POISONED:  # a loop without an end
        return
    assert verdict == CLEAN
    assert theirs.arena_digest == ours.arena_digest


@given(values=st.lists(numbers))
def test_values_survive_being_passed_in_parts(values: list[Value]) -> None:
    passed = [part for value in values for part in parts(value)]
    assert all(part.type not in ("i8", "i16", "i128") for part in passed)
    assert list(whole(passed, [value.type for value in values])) == values


@pytest.mark.parametrize(("bits", "low", "high"), [(1, 1, 0), (1 << 64, 0, 1), ((7 << 64) + 9, 9, 7)])
def test_the_low_half_of_a_wide_integer_comes_first(bits: int, low: int, high: int) -> None:
    assert parts(Value("i128", bits)) == (Value("i64", low), Value("i64", high))


TRAPS = {
    "trap heap_oob": "heap_out_of_bounds",
    "trapnz v2, user12": "unreachable",
    "trapz v1, user200": "arena_out_of_bounds",
    "v3 = udiv v0, v1": "integer_division_by_zero",
    "v3 = sdiv v4, v5": "integer_overflow",
    "v3 = f32const +NaN\n v9 = fcvt_to_uint.i32 v3": "bad_conversion_to_integer",
    "v3 = f32const -0x1.0p70\n v9 = fcvt_to_sint.i64 v3": "integer_overflow",
    "v3 = load.i32 notrap v1": "arena_out_of_bounds",
    "v3 = load.i32 v1+0xffff": "heap_out_of_bounds",
    "store.i32 user6 v1, v6-3": "table_out_of_bounds",
    "v3 = load.i8x16 user200 v6-15": "arena_out_of_bounds",
    "v3 = atomic_load.i32 v2": "heap_misaligned",
    "call_indirect sig0, v1()": "bad_code_reference",
    "call_indirect sig0, v0()": "bad_code_reference",
    "call_indirect sig0, v2()": "bad_code_reference",
    "v3 = uadd_overflow_trap v0, v0, int_ovf": "integer_overflow",
}


@pytest.mark.parametrize(("code", "trap"), TRAPS.items())
def test_a_translation_traps_by_the_name_that_the_program_traps_by(code: str, trap: str) -> None:
    end = "" if code.startswith("trap ") else "\n return"
    text = f"""function %f() {{
    sig0 = () tail
block0:
    v0 = iconst.i32 -1
    v1 = iconst.i32 0
    v2 = iconst.i32 0x10001
    v4 = iconst.i16 -0x8000
    v5 = iconst.i16 -1
    v6 = iconst.i32 0x221000
    {code}{end}
}}"""
    case = Case(text.encode(), text)
    for executor in (EngineExecutor("jit"), EngineExecutor("reference"), WasmtimeClifReference()):
        outcome = executor.run(Subject(case))
        assert isinstance(outcome, Ran)
        assert [step.trap for step in outcome.calls if isinstance(step, Trapped)] == [trap]
