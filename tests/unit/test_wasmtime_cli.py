"""`--reference wasmtime-cli=PATH`: a binary's answers in our terms."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

import engine
from harness.case import Call, Case
from harness.cli import run as fencepost
from harness.errors import EnvironmentFailure
from harness.executors import EngineExecutor, Subject
from harness.files import read_all
from harness.limits import Limits
from harness.outcome import CallOutcome, Effects, Exited, NotRun, Outcome, Ran, Returned, Trapped, Value
from harness.references.wasmtime_cli import WasmtimeCli
from harness.verdict import Kind
from oracles.wasmtime import WasmtimeOracle

FAKE = Path(__file__).with_name("fake_wasmtime.py")
CORPUS = Path(__file__).parents[2] / "corpus"
REAL = shutil.which("wasmtime")

TEXT = """(module (memory 1) (global $g (mut i32) (i32.const 0))
    (func (export "add \\22\\c3\\a9") (param i32) (result i32)
        (global.set $g (i32.add (global.get $g) (local.get 0))) (global.get $g))
    (func (export "all") (param i32 i64 f32 f64 v128 externref) (result f64 v128 externref funcref i64 f32)
        (local.get 3) (local.get 4) (local.get 5) (ref.func 0) (local.get 1) (local.get 2))
    (func (export "bad") (result i32) (i32.load (i32.const -1))))"""


@pytest.fixture(params=["fake", "real"])
def binary(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "real":
        if REAL is None:
            pytest.skip("no wasmtime binary is installed")
        return REAL
    script = tmp_path / "wasmtime"
    script.write_text(f"#!{sys.executable}\n{FAKE.read_text()}")
    script.chmod(0o755)
    return str(script)


def subject(*calls: Call, text: str = TEXT) -> Subject:
    return Subject(Case(engine.assemble(text.encode()), calls=calls))


def run(binary: str, *calls: Call, text: str = TEXT) -> Outcome:
    return WasmtimeCli(binary).run(subject(*calls, text=text))


def test_calls_share_an_instance_and_results_keep_their_bits(binary: str) -> None:
    add = Call('add "é', (Value("i32", 5),))
    values = {"i32": 1, "i64": 2**63, "f32": 0x7FA0_0001, "f64": 0xFFF0_0000_0000_0001, "v128": 2**127 + 3}
    args = (*(Value(kind, bits) for kind, bits in values.items()), Value("externref", None))
    ran = run(binary, add, add, Call("all", args))
    assert isinstance(ran, Ran)
    assert ran.calls[:2] == (Returned((Value("i32", 5),)), Returned((Value("i32", 10),)))
    ours = EngineExecutor("jit").run(subject(add, add, Call("all", args)))
    assert not ran.is_prefix
    assert not WasmtimeOracle().judge(Case(b""), {"jit/exact": ours, "wasmtime-cli": ran}).kind.is_finding


def test_a_run_ends_at_its_first_trap_and_is_compared_up_to_there(binary: str) -> None:
    calls = Call('add "é', (Value("i32", 5),)), Call("bad"), Call('add "é', (Value("i32", 5),))
    ran = run(binary, *calls)
    assert isinstance(ran, Ran)
    assert ran.is_prefix
    assert ran.calls == (Returned((Value("i32", 5),)), Trapped("heap_out_of_bounds"))
    ours = EngineExecutor("interpreter").run(subject(*calls))
    assert WasmtimeOracle().judge(Case(b""), {"interpreter/exact": ours, "wasmtime-cli": ran}).kind is Kind.CLEAN


def test_a_wrong_answer_is_a_mismatch(binary: str) -> None:
    ran = run(binary, Call('add "é', (Value("i32", 6),)))
    ours = EngineExecutor("interpreter").run(subject(Call('add "é', (Value("i32", 5),))))
    assert WasmtimeOracle().judge(Case(b""), {"interpreter/exact": ours, "wasmtime-cli": ran}).kind is Kind.MISMATCH


def test_a_trapping_start_function_is_a_trap_of_instantiation(binary: str) -> None:
    ran = run(binary, Call("f"), text='(module (func (export "f")) (func $s unreachable) (start $s))')
    assert isinstance(ran, Ran)
    assert ran.instantiation == Trapped("unreachable")


def test_what_it_cannot_show_is_unsupported(binary: str) -> None:
    tag = run(binary, Call("f"), text='(module (import "a" "b" (tag)) (func (export "f")))')
    assert tag == NotRun("unsupported", "wasmtime-cli: an imported tag")
    same = '(import "a" "b" (func)) (import "a" "b" (func (param i32)))'
    twice = run(binary, Call("f"), text=f'(module {same} (func (export "f")))')
    assert twice == NotRun("unsupported", "wasmtime-cli: two imports of one name")
    externref = run(
        binary,
        Call("f", (Value("externref", 1),)),
        text='(module (func (export "f") (param externref)))',
    )
    assert externref == NotRun("unsupported", "wasmtime-cli: an argument of type externref")


def test_stubs_answer_as_they_do_everywhere(binary: str) -> None:
    stub = "(func $s (param i32 i64 f32 f64 v128 externref funcref) (result f64 i64 f32 i32 v128 externref))"
    text = f"""(module (import "a\\22" "s" {stub}) (import "b" "m" (memory 1 2)) (import "b" "t" (table 3 funcref))
        (import "b" "g" (global $g (mut i64))) (import "c" "h" (func $h)) (func $own) (elem declare func $own)
        (func (export "ask") (param i32) (result f64 i64 f32 i32 v128 externref)
            (call $h)
            (call $s (local.get 0) (i64.const -2) (f32.const 3.5) (f64.const -0) (v128.const i64x2 5 -6)
                (ref.null extern) (ref.func $own)))
        (func (export "rest") (result i32 i64 i32) (memory.size) (global.get $g) (table.size)))"""
    calls = Call("ask", (Value("i32", 7),)), Call("rest"), Call("ask", (Value("i32", 7),))
    theirs = run(binary, *calls, text=text)
    ours = EngineExecutor("interpreter").run(subject(*calls, text=text))
    assert isinstance(theirs, Ran)
    assert isinstance(ours, Ran)
    assert [step for step in theirs.calls if not isinstance(step, Returned)] == []
    assert len(theirs.host_calls) == 4
    assert theirs.calls[0] != theirs.calls[2]
    assert WasmtimeOracle().judge(Case(b""), {"interpreter/exact": ours, "wasmtime-cli": theirs}).kind is Kind.CLEAN


def test_a_trap_after_a_stub_is_told(binary: str) -> None:
    text = '(module (import "a" "f" (func $f (result i32))) (func (export "g") (drop (call $f)) unreachable))'
    ran = run(binary, Call("g"), text=text)
    assert isinstance(ran, Ran)
    assert (ran.calls, len(ran.host_calls)) == ((Trapped("unreachable"),), 1)


@pytest.mark.parametrize("seed", ["wasi_streams", "wasi_files"])
def test_a_whole_program_does_the_same(binary: str, seed: str) -> None:
    _, [case] = read_all([CORPUS / f"{seed}.wat"])
    made = Subject(case)
    outcomes = {"jit/exact": EngineExecutor("jit").run(made), "wasmtime-cli": WasmtimeCli(binary).run(made)}
    assert isinstance(outcomes["wasmtime-cli"], Ran)
    assert WasmtimeOracle().judge(case, outcomes).kind is Kind.CLEAN


@pytest.mark.parametrize(
    ("body", "end"),
    [("nop", Returned()), ("(call $exit (i32.const 3))", Exited(3)), ("unreachable", Trapped("unreachable"))],
)
def test_a_program_returns_exits_or_traps(binary: str, body: str, end: CallOutcome) -> None:
    exit_import = '(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))'
    text = f'(module {exit_import} (memory (export "memory") 1) (func (export "_start") {body}))'
    ran = WasmtimeCli(binary).run(Subject(Case(engine.assemble(text.encode()))))
    assert isinstance(ran, Ran)
    assert ran.calls == (end,)
    assert ran.effects == Effects()


def test_the_corpus_agrees(binary: str) -> None:
    names, cases = read_all([CORPUS])
    decided = 0
    for name, case in list(zip(names, cases, strict=True))[::6]:
        made = Subject(case)
        theirs = WasmtimeCli(binary).run(made)
        outcomes = {"interpreter/exact": EngineExecutor("interpreter").run(made), "wasmtime-cli": theirs}
        assert not WasmtimeOracle().judge(case, outcomes).kind.is_finding, name
        decided += isinstance(theirs, Ran)
    assert decided > 5


def test_what_may_wait_is_not_given_to_it(binary: str) -> None:
    wait = "(memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))"
    ran = run(binary, Call("w"), text=f'(module (memory 1 1 shared) (func (export "w") (result i32) {wait}))')
    assert ran == NotRun("unsupported", "wasmtime-cli: a wait would not end before its time")


def test_a_binary_that_dies_while_it_is_answered_is_unsupported(tmp_path: Path) -> None:
    path = tmp_path / "wasmtime"
    call = r"\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
    path.write_text(f"#!/bin/sh\nexec 0<&-\nprintf '{call}'\necho out of luck >&2\n")
    path.chmod(0o755)
    text = '(module (import "a" "f" (func $f (result i32))) (func (export "g") (drop (call $f))))'
    assert run(str(path), Call("g"), text=text) == NotRun("unsupported", "wasmtime-cli: out of luck")


@pytest.mark.parametrize(("limits", "seconds"), [(Limits(), 5), (Limits().within(120), 10)])
def test_a_whole_program_has_the_time_of_a_program(tmp_path: Path, limits: Limits, seconds: int) -> None:
    path = tmp_path / "wasmtime"
    path.write_text("""#!/bin/sh\necho "$@" >&2\nexit 1\n""")
    path.chmod(0o755)
    exit_import = b'(import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))'
    text = b'(module %s (memory (export "memory") 1) (func (export "_start")))' % exit_import
    ran = WasmtimeCli(str(path), limits).run(Subject(Case(engine.assemble(text))))
    assert isinstance(ran, Ran)
    assert ran.effects is not None
    assert f"timeout={seconds}s" in ran.effects.stderr.decode()


def test_a_binary_that_cannot_run_is_the_environments_fault(tmp_path: Path) -> None:
    path = tmp_path / "wasmtime"
    path.write_text("no program")
    with pytest.raises(EnvironmentFailure, match="cannot run it"):
        run(str(path), Call("bad"))


def test_a_binary_that_is_not_there_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert fencepost(["check", "--reference", "wasmtime-cli=/no/such", str(CORPUS / "call_deep.wat")]) == 2
    assert "there is no such binary (/no/such)" in capsys.readouterr().err


def test_the_command_line_takes_it(binary: str, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(CORPUS / "integer_bits.wat")
    assert fencepost(["check", "--reference", f"wasmtime-cli={binary}", "--executor", "interpreter", file]) == 0
    assert "clean" in capsys.readouterr().out
