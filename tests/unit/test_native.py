"""Where native code runs: what is asked for, what the machine has, and what a case says."""

from __future__ import annotations

import pytest

import engine
from generators.entropy import PrngEntropy
from harness.case import CaseOptions
from harness.errors import EnvironmentFailure, UsageError
from harness.executors import EngineExecutor
from harness.native import chosen_native, default_native
from harness.plan import Plan

REFUSAL = "the cell did not start: system calls cannot be filtered"


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without cells."""
    monkeypatch.setattr(engine, "cell_refusal", lambda: REFUSAL)


@pytest.fixture
def granted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with cells."""
    monkeypatch.setattr(engine, "cell_refusal", lambda: None)


@pytest.mark.usefixtures("granted")
def test_cells_are_the_default_where_there_are_any(capsys: pytest.CaptureFixture[str]) -> None:
    assert chosen_native(None, "guard") == chosen_native("cell", "guard") == default_native() == "cell"
    assert chosen_native("in-process", "guard") == "in-process"
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("refused")
def test_without_cells_native_code_runs_in_the_workers_and_one_line_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert chosen_native(None, "guard") == default_native() == "in-process"
    [line] = capsys.readouterr().err.splitlines()
    assert REFUSAL in line
    with pytest.raises(EnvironmentFailure, match=REFUSAL):
        chosen_native("cell", "guard")
    assert chosen_native("in-process", "guard") == "in-process"
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("granted")
def test_decoys_are_for_native_code_in_the_workers() -> None:
    assert chosen_native(None, "decoy") == chosen_native("in-process", "decoy") == "in-process"
    with pytest.raises(UsageError, match="decoys"):
        chosen_native("cell", "decoy")


def places(plan: Plan) -> set[str]:
    return {executor.native for executor in plan.all_executors() if isinstance(executor, EngineExecutor)}


def test_every_run_of_a_plan_is_in_its_place() -> None:
    plan = Plan(native="cell")
    assert places(plan) == places(plan.drawn(PrngEntropy(1, 2, "plan"))) == {"cell"}
    assert places(Plan()) == {"in-process"}


def test_a_case_says_where_it_must_run() -> None:
    cell = Plan(native="cell")
    assert places(cell.with_options(CaseOptions())) == {"cell"}
    assert places(cell.with_options(CaseOptions(native="in-process"))) == {"in-process"}
    assert places(cell.with_options(CaseOptions(guard="decoy"))) == {"in-process"}
    assert places(Plan().with_options(CaseOptions(native="cell"))) == {"cell"}


def test_a_finding_remembers_that_it_was_not_made_in_a_cell() -> None:
    cell = Plan(native="cell")
    assert cell.options(CaseOptions(), ()).native is None
    assert cell.with_options(Plan().options(CaseOptions(), ())).native == "in-process"
