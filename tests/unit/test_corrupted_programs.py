"""Schedules as parts of cases: generated, followed, judged and refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import engine
from harness.case import Call, Case
from harness.case_file import read_case
from harness.case_header import read_header, write_header
from harness.check import check
from harness.errors import CaseError
from harness.executors import EngineExecutor
from harness.files import read_all
from harness.outcome import Ran, Trapped, Value
from harness.plan import Plan
from harness.source import GeneratedSource
from harness.verdict import CLEAN

CORPUS = Path(__file__).parents[2] / "corpus"
MEMORY = """(module (memory 1 4)
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "grow") (result i32) (memory.grow (i32.const 1))))"""
LENGTH = {"structure": "VMMemoryDefinition", "field": "current_length"}


def entry(**parts: Any) -> dict[str, Any]:
    return {"event": "entry", "nth": 0, "target": LENGTH, "width": 4, "value": "8"} | parts


def case(*schedule: dict[str, Any], text: str = MEMORY) -> Case:
    wasm = engine.assemble(text.encode())
    parts = {"schedule": list(schedule), "program_hash": engine.Program(wasm).hash}
    return Case(wasm, calls=(Call("load", (Value("i32", 16),)), Call("grow")), parts=parts)


def ran(corrupted: Case, name: str) -> Ran:
    outcome = check(corrupted, Plan().for_case(corrupted).all_executors()).outcomes[name]
    assert isinstance(outcome, Ran)
    return outcome


def test_a_schedule_is_followed_in_every_executor_and_judged() -> None:
    corrupted = case(entry())
    checked = check(corrupted, Plan().for_case(corrupted).all_executors())
    assert checked.verdict == CLEAN
    assert len(checked.outcomes) == 6, "Wasmtime sits out"
    for name, outcome in checked.outcomes.items():
        assert isinstance(outcome, Ran)
        [stopped, _] = outcome.calls
        assert isinstance(stopped, Trapped), name
        assert stopped.trap == "heap_out_of_bounds"
        [written] = outcome.written
        assert (written.before, written.after) == (65536, 8)


def test_executors_that_make_different_writes_are_not_compared() -> None:
    assert not case(entry(executors=["jit"])).is_corrupted_alike
    alone = case(entry(event="program_load"))
    assert not alone.is_corrupted_alike
    verdict = check(alone, Plan().for_case(alone).all_executors()).verdict
    assert verdict == CLEAN
    assert ran(alone, "interpreter/exact").written[0].offset is not None
    assert ran(alone, "jit/exact").written[0].offset is None
    assert case(entry()).is_corrupted_alike


def test_a_schedule_survives_its_header() -> None:
    values = ["7", {"len": -1}, {"code": 3}, {"old": -4}, {"flip": 31}, {"offset_of": LENGTH | {"index": 0}}]
    corrupted = case(*(entry(value=value) for value in values), entry(event="load", target={"loaded": True}))
    header = write_header(corrupted)
    assert read_header(header, corrupted.wasm, None, "here") == corrupted
    assert check(corrupted, Plan().for_case(corrupted).all_executors()).verdict == CLEAN


@pytest.mark.parametrize(
    "wrong",
    [
        {"event": "exit"},
        {"width": 3},
        {"value": "0x10"},
        {"value": {"flip": 1, "old": 1}},
        {"target": {"offset": -1}},
        {"target": {"structure": "VMFuncRef"}},
        {"executors": ["wasmtime"]},
        {"more": 1},
    ],
)
def test_a_header_whose_schedule_is_none_is_refused(wrong: dict[str, Any]) -> None:
    corrupted = case(entry(**wrong))
    with pytest.raises(CaseError, match=r"broken case header: schedule\[0\]"):
        read_header(write_header(corrupted), corrupted.wasm, None, "here")


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"target": LENGTH | {"index": 1}}, r"there is no VMMemoryDefinition\[1\]"),
        ({"target": LENGTH | {"instance": 1}}, "there is no instance 1"),
        ({"target": {"offset": 65535}}, "lie outside the arena"),
        ({"value": {"offset_of": LENGTH | {"structure": "VMThing"}}}, "there is no VMThing"),
        ({"value": {"flip": 32}}, "4 bytes have no bit 32"),
        ({"target": {"loaded": True}}, "nothing is loaded"),
    ],
)
def test_a_schedule_that_does_not_fit_says_where(wrong: dict[str, Any], why: str) -> None:
    corrupted = case(entry(), entry(**wrong))
    with pytest.raises(engine.ScheduleError, match=f"schedule entry 1: .*{why}"):
        check(corrupted, [EngineExecutor("interpreter")])


def test_a_schedule_belongs_to_one_program() -> None:
    corrupted = case(entry())
    without = {name: part for name, part in corrupted.parts.items() if name != "program_hash"}
    with pytest.raises(engine.ScheduleError, match="a schedule needs the hash of its program"):
        check(replace(corrupted, parts=without), [])
    other = corrupted.parts | {"program_hash": "0" * 16}
    with pytest.raises(engine.ScheduleError, match="the schedule is for the program 0000000000000000"):
        check(replace(corrupted, parts=other), [])


def test_generated_schedules_fit_and_most_writes_are_made() -> None:
    _, seeds = read_all(sorted(CORPUS.glob("*.wat")))
    source = GeneratedSource(7, ("corrupt",), seeds)
    made = entries = 0
    events = set()
    for index in range(200):
        corrupted = source.case(index)
        schedule = corrupted.parts.get("schedule", [])
        if not schedule:
            continue
        read_header(write_header(corrupted), corrupted.wasm, None, "here")
        outcome = check(corrupted, [EngineExecutor("interpreter")]).outcomes["interpreter/exact"]
        if isinstance(outcome, Ran):
            entries += len(schedule)
            made += sum(written.offset is not None for written in outcome.written)
            events |= {entry["event"] for entry in schedule}
    assert events == {"entry", "builtin", "host_call", "load", "program_load"}
    assert entries > 200
    assert made / entries > 0.5


def test_objects_and_frames_are_corrupted_where_a_collector_reads_them() -> None:
    source = GeneratedSource(7, ("corrupt",))
    cases = [source.case(index) for index in range(300)]
    structures = [entry["target"].get("structure") for case in cases for entry in case.parts.get("schedule", [])]
    assert structures.count("GC heap") > 5
    assert structures.count("shadow stack") > 5


def test_the_same_index_gives_the_same_schedule() -> None:
    first, second = (GeneratedSource(3, ("corrupt",)).case(5) for _ in range(2))
    assert json.dumps(first.parts) == json.dumps(second.parts)
    assert first.wasm == second.wasm


def test_a_corrupted_case_is_read_from_a_file(tmp_path: Path) -> None:
    corrupted = case(entry())
    header = {"fencepost": 1, "schedule": corrupted.parts["schedule"], "program_hash": corrupted.parts["program_hash"]}
    path = tmp_path / "case.wat"
    path.write_text(f";; fencepost: {json.dumps(header)}\n{MEMORY}")
    assert read_case(path).is_corrupted
