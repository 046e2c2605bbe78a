"""The pytest plugin in a project of its own: what it collects, what it leaves alone, what it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import engine

ROOT = Path(__file__).parents[2]
TIMEOUT_SECONDS = 120
CLEAN = '(module (func (export "f") (result i32) (i32.const 7)))'
STORE = '(module (memory 1) (func (export "f") (i32.store (i32.const 8) (i32.const 1))))'
UNDECIDED = "(module (type $run (func)) (type (cont $run)))"
PLANTED = '"options": {"fault": "02"}'
ESCAPE = '"expect": {"verdict": "escape", "reason": "planted"}'

RunPytest = Callable[..., "subprocess.CompletedProcess[str]"]


def case(module: str, *parts: str) -> str:
    header = ", ".join(['"fencepost": 1', *parts])
    return f";; fencepost: {{{header}}}\n{module}"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a test and a module of its own, and three cases of which none fails."""
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    (tmp_path / "test_own.py").write_text("def test_own() -> None:\n    assert True\n")
    (tmp_path / "own.wat").write_text("(this is some other project's")
    cases = tmp_path / "cases"
    cases.mkdir()
    (cases / "headed.wat").write_text(case(CLEAN))
    (cases / "plain.wat").write_text(CLEAN)
    (cases / "known.wat").write_text(case(STORE, PLANTED, ESCAPE))
    (cases / "plain.wasm").write_bytes(engine.assemble(CLEAN.encode()))
    return tmp_path


@pytest.fixture
def run_pytest(project: Path) -> RunPytest:
    def run(*arguments: str, code: str = "raise SystemExit(pytest.main())") -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        return subprocess.run(
            [sys.executable, "-c", f"import sys, pytest; {code}", "-p", "no:cacheprovider", *arguments],
            cwd=project,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
            env=environment | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
        )

    return run


def collected(result: subprocess.CompletedProcess[str]) -> set[str]:
    return set(re.findall(r"^(\S+)::", result.stdout, re.MULTILINE))


def test_without_being_asked_it_collects_headed_cases_only(run_pytest: RunPytest) -> None:
    result = run_pytest("--collect-only", "-q")
    assert collected(result) == {"test_own.py", "cases/headed.wat", "cases/known.wat"}, result.stdout


@pytest.mark.parametrize("asking", [("--fencepost",), ("-p", "fencepost")])
def test_asked_it_collects_all_cases_of_a_folder(run_pytest: RunPytest, asking: tuple[str, ...]) -> None:
    result = run_pytest("--collect-only", "-q", *asking, "cases")
    names = {"headed.wat", "known.wat", "plain.wasm", "plain.wat"}
    assert collected(result) == {f"cases/{name}" for name in names}, result.stdout


def test_a_file_that_is_named_is_collected(run_pytest: RunPytest) -> None:
    assert collected(run_pytest("--collect-only", "-q", "cases/plain.wasm")) == {"cases/plain.wasm"}


def test_a_project_without_cases_pays_nothing(run_pytest: RunPytest) -> None:
    code = "code = pytest.main(); raise SystemExit(bool(code or sys.modules.keys() & {'engine', 'harness.pool'}))"
    result = run_pytest("test_own.py", code=code)
    assert result.returncode == 0, result.stdout + result.stderr


def test_cases_pass_as_in_a_gate(run_pytest: RunPytest) -> None:
    result = run_pytest("--fencepost", "cases", "-rA")
    assert result.returncode == 0, result.stdout
    assert "4 passed" in result.stdout
    assert "escape:containment:access write, as expected (planted)" in result.stdout


def test_an_escape_is_a_failed_test_and_no_crash(run_pytest: RunPytest, project: Path) -> None:
    (project / "cases" / "escape.wat").write_text(case(STORE, PLANTED))
    result = run_pytest()
    assert result.returncode == 1, result.stdout + result.stderr
    assert "1 failed, 3 passed" in result.stdout
    assert "fencepost: escape:containment:access write" in result.stdout
    assert re.search(r"\| \S+/\S+: .*access write base-0x7ffffff8", result.stdout)
    assert re.search(r"see it again: fencepost check -v .*cases/escape\.wat", result.stdout)
    assert "Fatal Python error" not in result.stderr


HANDLERS_TEST = """
import faulthandler

import engine
from harness.case import Call, Case
from harness.check import check
from harness.outcome import Value
from harness.plan import Plan
from harness.verdict import Kind

STORE = b'(module (memory 1) (func (export "f") (param i32) (i32.store8 (local.get 0) (i32.const 1))))'


def test_handlers():
    assert faulthandler.is_enabled()
    plan = Plan(executors=("jit", "jit-unoptimized"), references=("wasmtime",), fault="02")
    executors = plan.all_executors()
    for _ in range(2):
        case = Case(engine.assemble(STORE), calls=(Call("f", (Value("i32", 8),)),))
        assert check(case, executors).verdict.kind is Kind.ESCAPE
        faulthandler.disable()
        faulthandler.enable()
"""


def test_native_code_under_pytest_meets_our_handler_first(run_pytest: RunPytest, project: Path) -> None:
    # In a process of its own: disabling the fault handler also takes Wasmtime's handlers away.
    (project / "test_handlers.py").write_text(HANDLERS_TEST)
    result = run_pytest("test_handlers.py")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "1 passed" in result.stdout


def test_a_changed_case_fails_with_both(run_pytest: RunPytest, project: Path) -> None:
    (project / "cases" / "mended.wat").write_text(case(STORE, ESCAPE))
    result = run_pytest("cases/mended.wat")
    assert result.returncode == 1
    assert "fencepost: clean, expected escape (planted)" in result.stdout


def test_an_undecided_case_is_skipped_with_its_reason(run_pytest: RunPytest, project: Path) -> None:
    (project / "cases" / "continuation.wat").write_text(case(UNDECIDED))
    result = run_pytest("cases/continuation.wat", "-rs")
    assert result.returncode == 0, result.stdout
    assert re.search(r"SKIPPED .*incomplete:front end:", result.stdout)


def test_a_case_that_does_not_fit_its_module_fails_alone(run_pytest: RunPytest, project: Path) -> None:
    (project / "cases" / "a.wat").write_text(case(CLEAN, '"calls": [{"export": "nope"}]'))
    (project / "cases" / "invalid.wat").write_text(case("(module (func (result i32)))"))
    result = run_pytest("cases")
    assert result.returncode == 1, result.stdout
    assert "2 failed, 2 passed" in result.stdout
    assert "fencepost: the case does not fit its module: there is no exported function 'nope'" in result.stdout
    assert "fencepost: not a valid module: " in result.stdout
    assert "Traceback" not in result.stdout + result.stderr


def test_a_broken_header_is_one_line(run_pytest: RunPytest, project: Path) -> None:
    (project / "cases" / "broken.wat").write_text(";; fencepost: {\n(module)")
    result = run_pytest("cases/broken.wat")
    assert result.returncode == 2
    assert "fencepost: broken case header: not JSON" in result.stdout
    assert "Traceback" not in result.stdout


def test_a_hostile_name_breaks_no_line(run_pytest: RunPytest, project: Path) -> None:
    (project / "cases" / "x\n::error::y.wat").write_text(case(STORE, PLANTED))
    result = run_pytest("cases", "-q")
    assert result.returncode == 1, result.stdout
    said = {line for line in result.stdout.splitlines() if "see it again" in line}  # under CI pytest says it twice
    assert said == {f"see it again: fencepost check -v {project}/cases/x\\n::error::y.wat"}
