"""Confused programs in the real engine: applied, refused, watched, and the rest as it was."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import engine
from engine.programs import translated
from generators.confuse import MAX_ENTRIES, ConfuseGenerator
from generators.corpus import CorpusGenerator
from generators.entropy import PrngEntropy
from generators.wasm import WasmGenerator
from harness.case import Call, Case
from harness.check import check
from harness.executors import EngineExecutor, Subject
from harness.explanation import explain, place_of
from harness.layout import Area, Field, Layout, Structure
from harness.outcome import Ran, Value
from harness.source import GeneratedSource

if TYPE_CHECKING:
    from engine._native import Executor

MEMORY = """(module (memory 1 1)
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "one") (result i32) (i32.const 1)))"""


@pytest.fixture
def memory() -> Case:
    """A module whose function ``load`` reads its memory."""
    return Case(engine.assemble(MEMORY.encode()), calls=(call(16), Call("one")))


def call(address: int) -> Call:
    return Call("load", (Value("i32", address),))


def site(case: Case, kind: str, nth: int = 0) -> tuple[int, int]:
    """The n-th place of a kind."""
    return [(function, site) for function, site, name in translated(case.wasm).places() if name == kind][nth]


def planned(case: Case, *entries: dict[str, Any]) -> Case:
    return replace(case, parts={"plan": list(entries), "program_hash": translated(case.wasm).hash})


def entry(case: Case, kind: str, nth: int = 0, **params: Any) -> dict[str, Any]:
    function, position = site(case, kind, nth)
    return {"function": function, "site": position, "kind": kind} | ({"params": params} if params else {})


def run(case: Case, executor: Executor = "interpreter") -> Ran:
    outcome = EngineExecutor(executor).run(Subject(case))
    assert isinstance(outcome, Ran)
    return outcome


@pytest.mark.parametrize("executor", ["interpreter", "jit", "jit-unoptimized"])
def test_a_dropped_check_reads_past_the_memory_and_no_further(memory: Case, executor: Executor) -> None:
    past = replace(memory, calls=(call(1 << 16), call(0xFFFF_FFF0)))
    checked = run(past, executor)
    assert [str(step) for step in checked.calls] == ["trapped heap_out_of_bounds at " + SITE] * 2
    dropped = run(planned(past, entry(memory, "drop-check")), executor)
    assert str(dropped.calls[0]).startswith("returned i32")


SITE = "load DefinedMemory(StaticModuleIndex(0), DefinedMemoryIndex(0)) width 4 at wasm 0x36"


def test_the_interpreter_sees_where_a_change_took_effect(memory: Case) -> None:
    case = planned(memory, entry(memory, "integer", 1, value=2), entry(memory, "field", 0, displacement=24))
    witnesses = run(case).witnesses
    assert all(witness.known for witness in witnesses)
    assert [witness.executed for witness in witnesses] == [1, 1]
    assert not witnesses[1].in_object or witnesses[1].offset is not None


def test_unchanged_functions_do_what_they_did(memory: Case) -> None:
    confused = planned(memory, entry(memory, "integer", 1, value=2))
    for executor in ("interpreter", "jit"):
        assert run(confused, executor).calls[-1] == run(memory, executor).calls[-1]


def test_plans_refer_to_the_unchanged_program(memory: Case) -> None:
    program = translated(memory.wasm)
    first, second = entry(memory, "drop-check"), entry(memory, "displacement", 0, displacement=-1)
    once = program.confused(json.dumps([first]))
    assert once.hash == program.hash
    again = once.confused(json.dumps([second]))
    assert [change["kind"] for change in json.loads(again.describe_plan())] == ["displacement"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"program_hash": "0" * 16}, "the plan is for the program 0000000000000000, this one is"),
        ({"program_hash": None}, "a plan needs the hash of its program"),
        ({"plan": [{"function": 9, "site": 0, "kind": "field"}]}, "the program has no such function"),
        ({"plan": [{"function": 0, "site": 999, "kind": "field"}]}, "the function has no such site"),
        ({"plan": [{"function": 0, "site": 0, "kind": "wish"}]}, 'there is no kind "wish"'),
    ],
)
def test_a_plan_that_does_not_fit_is_refused(memory: Case, changes: dict[str, Any], words: str) -> None:
    case = planned(memory, entry(memory, "drop-check"))
    case = replace(case, parts={name: part for name, part in (case.parts | changes).items() if part is not None})
    with pytest.raises(engine.PlanError, match=words):
        check(case, [])


def test_the_generator_gives_plans_that_fit_and_are_all_kinds() -> None:
    kinds = set()
    for index in range(120):
        case = GeneratedSource(5, ("confuse",)).case(index)
        plan = case.parts.get("plan", [])
        assert len(plan) <= MAX_ENTRIES
        kinds |= {change["kind"] for change in plan}
        assert case.parts.get("program_hash") == (translated(case.wasm).hash if plan else None)
        Subject(case)
    assert kinds >= {"pointer", "integer", "displacement", "field", "width", "drop-check", "invert-check"}


def test_cases_that_share_a_module_differ_in_their_plan(memory: Case) -> None:
    generator = ConfuseGenerator(CorpusGenerator([memory]), PrngEntropy(1, 1))
    plans = {json.dumps(generator.generate(PrngEntropy(1, index)).parts["plan"]) for index in range(30)}
    assert len(plans) > 20


def test_a_module_without_places_is_left_alone() -> None:
    empty = Case(engine.assemble(b"(module)"))
    assert ConfuseGenerator(CorpusGenerator([empty]), PrngEntropy(1, 1)).generate(PrngEntropy(1, 1)) == empty
    assert WasmGenerator.name == "wasm"


def test_an_explanation_names_field_pointer_and_place(memory: Case) -> None:
    case = planned(memory, entry(memory, "field", 0, displacement=24))
    explanation = explain(case, [EngineExecutor("interpreter"), EngineExecutor("jit")])
    [change] = explanation.changes
    assert change.meant.startswith("VMMemoryDefinition.")
    assert "offset of VMContext" in change.pointer
    assert change.executed == {"interpreter/exact": 1}
    assert change.landed.startswith("read of 4 bytes at 0x")
    assert [mark.offset for mark in explanation.marks()] == [change.offset]
    assert [line.split(":")[0] for line in explanation.outcomes] == ["interpreter/exact", "jit/exact"]


def test_places_are_named_by_field_then_by_area() -> None:
    fields = (Field("base", 0, 4, "offset of linear memory"), Field("length", 4, 4, "length"))
    layout = Layout((Area("vmctx", 0x1000, 0x100, "instance"),), (Structure("VMTable", 0x1020, 8, 2, fields),))
    assert place_of(0x1024, layout) == "VMTable[0].length"
    assert place_of(0x102A, layout) == "VMTable[1].base+2"
    assert place_of(0x1040, layout) == "vmctx + 0x40"
    assert place_of(0x2000, layout) == "past the arena"
