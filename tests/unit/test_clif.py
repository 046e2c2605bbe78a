"""Programs in CLIF: files, run lines, calls, the plan that runs them, and the generator."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

import engine
from generators.clif import ClifGenerator
from generators.entropy import PrngEntropy
from harness.case import Call, Case
from harness.case_file import file_of, read_case
from harness.check import check
from harness.errors import ModuleError
from harness.executors import EXECUTORS, MODULE_EXECUTORS, Executor, Subject
from harness.explanation import explain
from harness.outcome import Ran, Returned, Value
from harness.plan import REFERENCES, Plan
from harness.record import record_of
from harness.verdict import CLEAN, PoisonReason
from oracles.expectation import ExpectationOracle

if TYPE_CHECKING:
    from pathlib import Path

ADD = """function %add(i8, i8) -> i8 {
block0(v0: i8, v1: i8):
    v2 = iadd v0, v1
    return v2
}
; run: %add(200, 100) == 44
; run: %add(1, 2) != 4
"""


def case(text: str) -> Case:
    return Case(text.encode(), text)


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "case.clif"
    path.write_text(text)
    return path


def plan_of(case: Case) -> list[Executor]:
    return Plan().for_case(case).all_executors()


def test_run_lines_are_the_calls() -> None:
    assert Subject(case(ADD)).calls == (
        Call("add", (Value("i8", 200), Value("i8", 100))),
        Call("add", (Value("i8", 1), Value("i8", 2))),
    )


def test_without_run_lines_every_function_is_called_with_edge_cases() -> None:
    calls = Subject(case(ADD.split(";", maxsplit=1)[0])).calls
    assert calls
    assert {call.export for call in calls} == {"add"}


def test_a_program_runs_in_every_executor_and_is_clean() -> None:
    program = case(ADD)
    checked = check(program, plan_of(program))
    assert checked.verdict == CLEAN
    assert len(checked.outcomes) == 2 * len(EXECUTORS) + len(REFERENCES)
    for outcome in checked.outcomes.values():
        assert isinstance(outcome, Ran)
        assert outcome.calls == (Returned((Value("i8", 44),)), Returned((Value("i8", 3),)))


@pytest.mark.parametrize(("line", "words"), [("== 44", "== 45"), ("!= 4", "!= 3")])
def test_a_run_line_that_does_not_hold_is_a_finding(line: str, words: str) -> None:
    program = case(ADD.replace(line, words))
    verdict = check(program, plan_of(program)).verdict
    assert verdict.key == "mismatch:expectation:run line"
    assert "%add" in verdict.evidence


def test_calls_of_the_header_take_the_place_of_run_lines() -> None:
    program = Case(ADD.replace("44", "45").encode(), ADD, calls=(Call("add", (Value("i8", 1), Value("i8", 1))),))
    assert ExpectationOracle().judge(program, {}) == CLEAN
    assert check(program, plan_of(program)).verdict == CLEAN


def test_a_file_is_read_and_written_back(tmp_path: Path) -> None:
    path = write(tmp_path, f"test run\ntarget x86_64\n\n{ADD}")
    read = read_case(path)
    assert read.is_clif
    suffix, data = file_of(read)
    assert suffix == "clif"
    path.write_bytes(data)
    assert read_case(path) == read


def test_a_syntax_error_has_its_line_header_included(tmp_path: Path) -> None:
    broken = ';; fencepost: {"fencepost": 1}\n' + ADD.replace("iadd", "add")
    with pytest.raises(ModuleError, match=r"not a valid CLIF program: .*case\.clif:4\)") as caught:
        read_case(write(tmp_path, broken))
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("block0:\n v0 = func_addr.i32 fn0\n return\n", "opcode func_addr"),
        ("gv0 = symbol %x\nblock0:\n v0 = symbol_value.i32 gv0\n return\n", "opcode symbol_value"),
    ],
)
def test_raw_pointers_are_refused(tmp_path: Path, text: str, words: str) -> None:
    program = f';; fencepost: {{"fencepost": 1}}\n\nfunction %f() {{\n fn0 = %f()\n{text}}}\n'
    with pytest.raises(ModuleError, match=rf"{words} in function 0: a raw pointer \(.*case\.clif:3\)") as caught:
        read_case(write(tmp_path, program))
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("entity", ["v4294967294", "block4294967294", "ss4294967290", "sig99999999999999999999"])
def test_numbers_beyond_all_need_are_refused_before_memory_is_taken(tmp_path: Path, entity: str) -> None:
    text = f"function %f() {{\nblock0:\n  jump {entity}\n}}\n"
    with pytest.raises(ModuleError, match=rf"the number of {entity} is above .*case\.clif:3\)"):
        read_case(write(tmp_path, text))


def test_the_reference_runs_modules_only_when_it_is_asked_for(add: Case) -> None:
    assert Plan().for_case(add).executors == MODULE_EXECUTORS
    assert Plan().for_case(case(ADD)).executors == EXECUTORS
    asked = Plan(executors=("interpreter", "reference"), references=())
    executors = asked.for_case(add).all_executors()
    assert check(add, executors).verdict == CLEAN


def test_only_wasmtime_runs_the_translation_of_clif() -> None:
    asked = Plan(references=("wasmtime-pulley", "wasm-tools", "wasmtime-cli=wasmtime"))
    assert asked.for_case(case(ADD)).references == ("wasmtime-pulley",)


def test_references_say_nothing_of_clif_that_is_run_as_shipped() -> None:
    plan = Plan().for_case(case(ADD))
    drawn = [plan.drawn(PrngEntropy(1, index)) for index in range(50)]
    assert any(thin.references for thin in drawn if thin.modes == ("exact",))
    as_shipped = [thin for thin in drawn if thin.modes == ("as-shipped",)]
    assert as_shipped
    assert not any(thin.references for thin in as_shipped)
    assert all(len(thin.executors) == 2 for thin in as_shipped), "nobody sits out where no reference could stand in"


def test_a_program_that_is_no_wasm_is_counted_and_no_verdict() -> None:
    program = case("function %f(f32) -> f32 {\nblock0(v0: f32):\n v1 = fma v0, v0, v0\n return v1\n}\n")
    checked = check(program, Plan(executors=("jit", "reference")).for_case(program).all_executors())
    assert checked.verdict == CLEAN
    record = record_of(0, program, checked, (), verbose=False)
    assert record.untranslated == "no Wasm for fma.f32"


def test_a_confused_program_is_translated_as_it_is_confused() -> None:
    text = (
        "function %f(i32) -> i32 {\nblock0(v0: i32):\n v1 = iconst.i32 0x220000\n v2 = load.i32 v1+4\n return v2\n}\n"
    )
    plain = Subject(case(text))
    program_hash = plain.program.hash
    displaced = [place for place in plain.program.places() if place[2] == "displacement"]
    assert displaced
    function, site, kind = displaced[0]
    for params in plain.program.choices(function, site, kind):
        plan = [{"function": function, "site": site, "kind": kind, "params": json.loads(params)}]
        confused = Subject(replace(case(text), parts={"plan": plan, "program_hash": program_hash}))
        assert confused.program.to_wasm() != plain.program.to_wasm()
        verdict = check(confused.case, plan_of(confused.case)).verdict
        assert verdict == CLEAN or verdict.detail == PoisonReason.INTERRUPT.value, "a busy machine may be late"


def test_a_confused_program_is_explained_in_its_own_arena() -> None:
    text = "function %f(i32) {\nblock0(v0: i32):\n v1 = iconst.i32 0x210000\n store v0, v1+4\n return\n}\n"
    program_hash = Subject(case(text)).program.hash
    plan = [{"function": 0, "site": 1, "kind": "displacement", "params": {"displacement": 0x1004}}]
    confused = replace(case(text), parts={"plan": plan, "program_hash": program_hash})
    explanation = explain(confused, plan_of(confused))
    [change] = explanation.changes
    assert change.landed == "write of 4 bytes at 0x00211004, memory + 0x4"
    assert [mark.offset for mark in explanation.marks()] == [0x211004]


def test_modules_are_not_translated(add: Case) -> None:
    with pytest.raises(engine.Unsupported, match="a program with an instance"):
        Subject(add).program.to_wasm()


def test_generated_programs_differ_and_are_a_function_of_their_entropy() -> None:
    texts = [ClifGenerator().generate(PrngEntropy(7, index)) for index in range(50)]
    again = [ClifGenerator().generate(PrngEntropy(7, index)) for index in range(50)]
    assert texts == again
    assert len({made.wasm for made in texts}) == 50


def test_generated_programs_are_taken_by_the_engine_and_mostly_decided() -> None:
    kinds = []
    for index in range(40):
        made = ClifGenerator().generate(PrngEntropy(11, index))
        assert engine.Program.from_clif(made.wasm.decode()).exports
        kinds.append(check(made, plan_of(made)).verdict.kind)
    assert not any(kind.is_finding for kind in kinds)
    assert sum(kind.is_decided for kind in kinds) > 30
