"""Runs in two parts: who goes on with whose, where, and what becomes of one that cannot."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

import harness.restorer
from harness.case import Case
from harness.case_file import read_case
from harness.check import Checked, check
from harness.executors import EngineExecutor, Subject
from harness.outcome import NotRun, Outcome, Ran, RuntimeFault
from harness.plan import Plan
from harness.record import record_of
from harness.restorer import resumed_elsewhere
from harness.resumption import ResumedExecutor, in_two_parts
from harness.snapshot_file import write_snapshot
from harness.verdict import CLEAN
from oracles.snapshot import SnapshotOracle
from tests.unit.runs import ran

CORPUS = Path(__file__).parents[2] / "corpus"
INTERPRETER, JIT = EngineExecutor("interpreter"), EngineExecutor("jit")


def two_parts() -> ResumedExecutor:
    return next(in_two_parts([INTERPRETER, JIT]))


def test_exact_runs_go_on_in_the_next_executor_and_others_in_their_own() -> None:
    exact = [(part.first.executor, part.second.executor) for part in in_two_parts([INTERPRETER, JIT])]
    assert exact == [("interpreter", "jit"), ("jit", "interpreter")]
    shipped = [EngineExecutor("interpreter", "as-shipped"), EngineExecutor("jit", "as-shipped")]
    assert [part.second.executor for part in in_two_parts(shipped)] == ["interpreter", "jit"]
    assert all(part.second.relocated for part in in_two_parts(shipped))


def test_a_plan_that_goes_elsewhere_makes_every_run_three_times() -> None:
    names = [executor.name for executor in Plan(elsewhere=True, references=()).all_executors()]
    own = [name for name in names if name.count("/") == 1]
    assert len(own) == 6
    assert sorted(names) == sorted(own + [f"{name}/{way}" for name in own for way in ("relocated", "resumed")])


def test_a_plan_with_decoys_does_not() -> None:
    names = [executor.name for executor in Plan(elsewhere=True, guard="decoy", references=()).all_executors()]
    assert all(name.count("/") == 1 for name in names)


@pytest.mark.parametrize(
    "name", ["table_copy_init_drop.wat", "memory_grow_in_loop.wat", "references_host.wat", "gc_structs.wat"]
)
def test_a_case_comes_to_the_same_elsewhere(name: str) -> None:
    checked = check(read_case(CORPUS / name), Plan(elsewhere=True, references=()).all_executors())
    assert checked.verdict == CLEAN
    ways = [
        name.split("/")[2] for name, run in checked.outcomes.items() if name.count("/") == 2 and isinstance(run, Ran)
    ]
    assert (ways.count("relocated"), ways.count("resumed")) == (6, 6)


def test_another_process_goes_on() -> None:
    run = two_parts().run(Subject(read_case(CORPUS / "table_many.wat")))
    assert isinstance(run, Ran)
    [restorer] = harness.restorer._running
    assert restorer.process.poll() is None
    assert restorer.process.pid != os.getpid()
    assert run.base is not None


def test_a_process_that_dies_is_a_runtime_fault_and_the_next_case_runs() -> None:
    subject = Subject(read_case(CORPUS / "table_many.wat"))
    two_parts().run(subject)
    [restorer] = harness.restorer._running
    restorer.process.send_signal(signal.SIGKILL)
    restorer.process.wait()
    died = two_parts().run(subject)
    assert isinstance(died, Ran)
    assert died.instantiation == RuntimeFault("the process that went on with a snapshot ended with exit code -9")
    again = two_parts().run(subject)
    assert (
        SnapshotOracle().judge(
            subject.case, {INTERPRETER.name: INTERPRETER.run(subject), f"{INTERPRETER.name}/resumed": again}
        )
        == CLEAN
    )


def test_a_snapshot_of_ours_that_is_refused_is_a_runtime_fault() -> None:
    subject = Subject(read_case(CORPUS / "table_many.wat"))
    _, snapshot = INTERPRETER.save(subject, 1)
    assert snapshot is not None
    wrong = snapshot | {"record": snapshot["record"].replace('"mode":"exact"', '"mode":"as-shipped"')}
    outcome = resumed_elsewhere(write_snapshot(subject.case, wrong), JIT)
    assert isinstance(outcome, Ran)
    assert outcome.instantiation == RuntimeFault("a snapshot was refused: it is of another kind of run")


def test_what_cannot_be_taken_apart_is_counted_and_no_verdict() -> None:
    program = Subject(read_case(CORPUS / "wasi_files.wat"))
    empty = Subject(Case(b"\0asm\1\0\0\0"))
    for subject, reason in [(program, "snapshot of a whole program"), (empty, "there is no call")]:
        assert two_parts().run(subject) == NotRun("not-resumed", reason)


def test_a_record_says_which_runs_were_made_elsewhere() -> None:
    outcomes: dict[str, Outcome] = {
        "jit/exact": ran(),
        "jit/exact/relocated": ran(),
        "jit/exact/resumed": NotRun("not-resumed", "there is no call"),
        "wasmtime": ran(),
    }
    record = record_of(0, Case(b"\0asm"), Checked(CLEAN, outcomes), (), verbose=False)
    assert record.elsewhere == ("relocated", "not resumed")
