"""The attack interface: what documents say of it is so, and cases that use it are judged as attacks."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from runs import ran, returned

import engine
from engine import _native
from harness.case import Call, Case
from harness.case_file import assemble, read_case
from harness.check import check
from harness.outcome import Outcome, Ran, Returned, RuntimeFault, Trapped, Value
from harness.plan import Plan
from harness.verdict import CLEAN, Kind
from oracles.expectation import ExpectationOracle
from oracles.protocol import is_reference

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "attacks.md").read_text(encoding="utf-8")
HEADER = (ROOT / "docs" / "fencepost.h").read_text(encoding="utf-8")
FUNCTIONS = {function["name"]: function for function in engine.attack_functions()}
REFERENCES = ("funcref", "anyref", "exnref")
C_TYPES = {"i32": "uint32_t", "i64": "uint64_t", None: "void"}
ONE = Value("i32", 1)
POKE = """(module
  (import "fencepost" "{name}" (func $attack {type}))
  (memory (export "memory") 1 2)
  (func (export "f") (result i32) {body}))"""


def wat_type(function: _native.AttackFunction) -> str:
    """A type as the page writes it."""
    params = ", ".join(f"{name}: {kind}" for name, kind in function["params"])
    return f"({params})" + (f" -> {function['result']}" if function["result"] else "")


def attack(name: str, kind: str, body: str, *calls: Call) -> Case:
    return Case(assemble(POKE.format(name=name, type=kind, body=body), "test"), calls=calls or (Call("f"),))


def rows(section: str) -> list[list[str]]:
    """The cells of a section's tables, without their heads."""
    text = PAGE.partition(f"## {section}\n")[2].partition("\n## ")[0]
    cells = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in cells[2:]]


def test_the_page_lists_every_function_with_its_type() -> None:
    listed = {name: row[1].strip("`") for row in rows("The imports") for name in re.findall(r"`([^`]+)`", row[0])}
    fields = {"STRUCTURE.FIELD": "(instance: i32, index: i32) -> i32", "STRUCTURE+FIELD": "() -> i32"}
    assert listed == {name: wat_type(function) for name, function in FUNCTIONS.items()} | fields


def test_the_page_lists_every_attack() -> None:
    names = [name for row in rows("The attacks that are there") for name in re.findall(r"`(\w+)`", row[1])]
    assert sorted(names) == sorted(path.stem for path in (ROOT / "corpus" / "attacks").glob("*.wat"))


def test_the_example_of_the_page_does_what_its_header_says(tmp_path: Path) -> None:
    (tmp_path / "example.wat").write_text(PAGE.partition("```wat\n")[2].partition("```")[0])
    case = read_case(tmp_path / "example.wat")
    assert [type(call.expect) for call in case.calls or ()] == [Returned, Trapped]
    assert check(case, Plan().for_case(case).all_executors()).verdict == CLEAN


def test_the_header_for_c_declares_all_that_c_has_types_for() -> None:
    declared = re.findall(r'^FENCEPOST\("(\w+)"\) (\w+) fencepost_(\w+)\((.*)\);$', HEADER, re.MULTILINE)
    expected = []
    for name, function in FUNCTIONS.items():
        kinds = [function["result"], *(kind for _, kind in function["params"])]
        if not set(kinds).intersection(REFERENCES):
            params = ", ".join(f"{C_TYPES[kind]} {param}" for param, kind in function["params"])
            expected.append((name, C_TYPES[function["result"]], name, params or "void"))
    assert declared == expected


def test_fields_are_those_of_the_catalogue() -> None:
    for field in engine.catalogue()["fields"]:
        structure, _, name = field.rpartition(".")
        for mark, kind in ((".", "(param i32 i32) (result i32)"), ("+", "(result i32)")):
            case = attack(f"{structure}{mark}{name}", kind, "(i32.const 0)")
            assert engine.Program(case.wasm).imports[0]["name"] == f"{structure}{mark}{name}"


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("load32", "(param i64) (result i32)", r"load32 as \(i64\) -> \(i32\), since it is \(i32\) -> \(i32\)"),
        ("store", "(param i32 i32)", "store: the attack interface has no such function or field, but store8"),
        ("VMFuncRef.magic", "(param i32 i32) (result i32)", "VMFuncRef.magic: the attack interface has no"),
    ],
)
def test_a_wrong_import_is_invalid(name: str, kind: str, message: str) -> None:
    with pytest.raises(engine.InvalidInput, match=message):
        engine.Program(attack(name, kind, "(i32.const 0)").wasm)


def test_what_lies_outside_or_is_not_there_traps() -> None:
    body = "(call $attack (i32.const {}))"
    for offset, trap in ((0, "arena_out_of_bounds"), (-3, "arena_out_of_bounds")):
        assert outcome(attack("load32", "(param i32) (result i32)", body.format(offset))) == Trapped(trap)
    field = "(call $attack (i32.const {}) (i32.const {}))"
    for instance, index in ((0, 1), (1, 0), (-1, -1)):
        case = attack("VMMemoryDefinition.base", "(param i32 i32) (result i32)", field.format(instance, index))
        assert outcome(case) == Trapped("host")
    assert outcome(attack("gc_heap", "(result i32)", "(call $attack)")) == Trapped("host")


def outcome(case: Case) -> object:
    """What the one call of a case comes to, in every executor."""
    checked = check(case, Plan().for_case(case).all_executors())
    assert checked.verdict == CLEAN
    [result] = {step for run in checked.outcomes.values() if isinstance(run, Ran) for step in run.calls}
    return result


def test_wasmtime_sits_out_and_accesses_are_not_held_to_their_objects() -> None:
    case = attack("length", "(result i32)", "(call $attack)")
    assert case.attacks
    assert case.is_confused
    plan = Plan().for_case(case)
    assert not any(is_reference(executor.name) for executor in plan.all_executors())


def test_a_module_that_only_mentions_the_name_attacks_nobody(add: Case) -> None:
    assert not add.attacks
    text = '(module (memory 1) (data (i32.const 0) "fencepost") (func (export "fencepost")))'
    case = Case(assemble(text, "test"))
    assert b"fencepost" in case.wasm
    assert not case.attacks


def test_bytes_that_a_builtin_moves_cost_the_interpreter_fuel() -> None:
    text = '(module (memory 16) (func (export "f") (memory.fill (i32.const 0) (i32.const 1) (i32.const 1048576))))'
    program = engine.Program(assemble(text, "test"))
    moved = (1 << 20) // 64
    spent, kept = (program.run([("f", [])], fuel=fuel)["calls"][0] for fuel in (moved, moved + 1000))
    assert (spent.get("trap"), kept.get("values")) == ("out_of_fuel", [])


def expecting(add: Case, *expected: Returned | Trapped | None) -> Case:
    return replace(add, calls=tuple(Call("add", (ONE, ONE), expect) for expect in expected))


def judge(case: Case, run: Outcome, name: str = "jit/exact") -> str:
    return ExpectationOracle().judge(case, {name: run}).key


def test_an_exact_run_must_do_what_the_header_expects(add: Case) -> None:
    two = returned(2)
    assert judge(expecting(add, two), ran(two)) == "clean"
    assert judge(expecting(add, None, two), ran(returned(9), two)) == "clean"
    for expected, got in ((two, returned(3)), (two, Trapped("host")), (Trapped("host"), two)):
        assert judge(expecting(add, expected), ran(got)) == "mismatch:expectation:call"
        assert judge(expecting(add, expected), ran(got), "jit/as-shipped") == "clean"


def test_an_expectation_ends_where_a_limit_or_another_oracle_takes_over(add: Case) -> None:
    case = expecting(add, returned(2), returned(2))
    assert judge(case, ran(Trapped("out_of_fuel"), returned(9))) == "clean"
    assert judge(case, ran(returned(2), RuntimeFault("panic"))) == "mismatch:expectation:call"
    assert judge(expecting(add, Trapped("stack_overflow")), ran(Trapped("stack_overflow"))) == "clean"


def test_nothing_meets_an_expectation_without_an_instance(add: Case) -> None:
    never = Ran(Trapped("unreachable"))
    assert judge(expecting(add, returned(2)), never) == "mismatch:expectation:call"
    assert judge(expecting(add, None), never) == "clean"


def test_a_plan_ends_all_expectations(add: Case) -> None:
    planned = replace(expecting(add, returned(2)), parts={"plan": [{}]})
    assert ExpectationOracle().judge(planned, {"jit/exact": ran(returned(3))}).kind is Kind.CLEAN
