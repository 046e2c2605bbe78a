"""Real programs, compiled from C, C++, Rust and Go: the expected output in every executor.

Interpreting some of them takes many seconds, so those turns are marked `slow`, which `make
soak` runs and `make test` does not.
"""

from __future__ import annotations

import pytest

import engine
from harness.case import Case
from harness.check import check
from harness.plan import Plan
from harness.program_input import FOLDER, ProgramInput, input_to_json
from harness.verdict import Kind
from tests.bench.whole_programs import DATA, LONG_SECONDS, PROGRAMS, WholeProgram

OUTPUT_BYTES = 16 << 20
FUEL = 1 << 62
DEADLINE = 600.0
QUICKLY_CHECKED = ("blake3-simd", "noop", "quicksort", "rust-json", "shootout-keccak")
CASE_SECONDS = 3600.0


def turns() -> list[object]:
    """Each program in each executor."""
    return [
        pytest.param(program, executor, id=f"{program.name}-{executor}", marks=_marks(program, executor))
        for program in PROGRAMS
        for executor in ("jit", "interpreter")
    ]


def _marks(program: WholeProgram, executor: str) -> list[pytest.MarkDecorator]:
    if executor == "interpreter" and program.interpreted_seconds > LONG_SECONDS:
        return [pytest.mark.slow]
    return []


@pytest.mark.parametrize(("program", "executor"), turns())
def test_a_program_prints_what_it_should(program: WholeProgram, executor: engine._native.Executor) -> None:
    given = ProgramInput(files=program.files)
    with given.folder() as folder:
        result = engine.run_wasi(
            engine.Program(program.wasm),
            args=[program.stem],
            preopens=[(folder, FOLDER)],
            stdin=b"",
            capture=OUTPUT_BYTES,
            executor=executor,
            fuel=FUEL,
            deadline=DEADLINE,
        )
    [call] = result["calls"]
    assert "values" in call or call.get("exit") == 0, call
    assert result["escapes"] == []
    assert (result["stdout"], result["stderr"]) == (program.stdout, program.stderr)


def checks() -> list[object]:
    """Each program that the engine runs."""
    return [
        pytest.param(program, id=program.name, marks=[] if program.name in QUICKLY_CHECKED else [pytest.mark.slow])
        for program in PROGRAMS
    ]


@pytest.mark.parametrize("program", checks())
def test_a_program_is_clean_by_all_oracles(program: WholeProgram) -> None:
    """In every executor, in both kinds of run, and against Wasmtime, native and Pulley."""
    part = input_to_json(ProgramInput(files=program.files))
    case = Case(program.wasm, parts={"wasi": part})
    assert check(case, Plan().within(CASE_SECONDS).all_executors()).verdict.kind is Kind.CLEAN


def test_every_program_that_is_there_is_run() -> None:
    assert sorted(path.parent.name for path in DATA.glob("*/*.wasm")) == [program.name for program in PROGRAMS]
