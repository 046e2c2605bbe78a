"""The pool: a worker that dies or hangs costs its case, nothing else."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import engine
from harness.case import Case
from harness.child import cause_of_death
from harness.errors import CaseError, EnvironmentFailure
from harness.plan import Plan
from harness.pool import STRIKES, Pool, WorkerLimits, records
from harness.position import Position
from harness.verdict import Kind

if TYPE_CHECKING:
    from harness.record import Record

PLAN = Plan(executors=(), references=("wasmtime",))
WASM = engine.assemble(b'(module (func (export "f")))')


KEPT: list[bytes] = []


@dataclass(frozen=True)
class DeadlySource:
    """Cases, one of which does something to the worker that asks for it."""

    deed: str = "nothing"
    at: int = 3
    length: int = 12
    seed: int = 0
    always_valid: bool = True
    mark: str = ""

    def where(self, index: int) -> str:
        return f"case {index}"

    def case(self, index: int) -> Case:
        if index == self.at and multiprocessing.parent_process() is not None:
            self._act()
        return Case(WASM)

    @staticmethod
    def _keep(length: int) -> None:
        KEPT.append(bytes(b"x" * length))

    def _act(self) -> None:
        match self.deed:
            case "die":
                ctypes.string_at(0)
            case "exit":
                os._exit(3)
            case "hang":
                time.sleep(600)
            case "killed once" | "killed":
                if self.deed == "killed" or not Path(self.mark).exists():
                    Path(self.mark).touch()
                    os.kill(os.getpid(), signal.SIGKILL)
            case "grow":
                self._keep(256 << 20)
            case "grow for good":
                self._keep(1 << 30)
                time.sleep(600)
            case "input":
                raise CaseError("no good", "here")
            case "bug":
                raise KeyError("oops")


def done(source: DeadlySource, *, jobs: int = 1, patience: float = 60.0) -> list[Record]:
    found = records(source, PLAN, jobs=jobs, limits=WorkerLimits(seconds=patience))
    return sorted((record for record in found if record is not None), key=lambda record: record.index)


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_case_gives_one_record(jobs: int) -> None:
    found = done(DeadlySource(), jobs=jobs)
    assert [record.index for record in found] == list(range(12))
    assert {record.verdict.kind for record in found} == {Kind.CLEAN}


@pytest.mark.parametrize(
    ("deed", "key"),
    [("die", "escape:pool:SIGSEGV"), ("exit", "runtime-fault:pool:exit"), ("hang", "hang:pool")],
)
def test_a_lost_worker_is_a_finding_and_the_campaign_goes_on(deed: str, key: str) -> None:
    found = done(DeadlySource(deed), patience=2.0)
    assert [record.index for record in found] == list(range(12))
    assert [record.verdict.key for record in found if record.verdict.kind is not Kind.CLEAN] == [key]
    assert found[3].verdict.key == key


def test_a_wrong_case_is_the_users_error() -> None:
    with pytest.raises(CaseError, match="no good"):
        done(DeadlySource("input"))


def test_a_bug_of_the_harness_is_not_a_finding() -> None:
    with pytest.raises(EnvironmentFailure, match="internal error: KeyError"):
        done(DeadlySource("bug"))


def test_only_signals_of_the_hardware_are_escapes() -> None:
    assert cause_of_death(-signal.SIGBUS).kind is Kind.ESCAPE
    assert cause_of_death(-signal.SIGILL).kind is Kind.ESCAPE
    assert cause_of_death(-signal.SIGABRT).kind is Kind.RUNTIME_FAULT
    assert cause_of_death(-signal.SIGKILL).kind is Kind.RUNTIME_FAULT
    assert cause_of_death(1).kind is Kind.RUNTIME_FAULT


def test_a_stop_stops_workers_that_would_go_on() -> None:
    ticks = iter([False, False, True])
    found = list(records(DeadlySource("hang", at=0), PLAN, stop=lambda: next(ticks)))
    assert found == [None, None]
    assert not multiprocessing.active_children()


def run(pool: Pool) -> list[str]:
    """The keys of all verdicts by index; every index once."""
    found = sorted((record for record in pool.records() if record), key=lambda record: record.index)
    assert [record.index for record in found] == list(range(pool.source.length or 0))
    return [record.verdict.key for record in found]


def test_a_kill_from_outside_says_nothing_about_the_case(tmp_path: Path) -> None:
    pool = Pool(DeadlySource("killed once", mark=str(tmp_path / "mark")), PLAN)
    assert set(run(pool)) == {"clean"}
    assert pool.ends == Counter(killed=1)


def test_a_case_that_is_killed_again_and_again_is_a_finding(tmp_path: Path) -> None:
    pool = Pool(DeadlySource("killed", mark=str(tmp_path / "mark")), PLAN)
    assert run(pool)[3] == "runtime-fault:pool:SIGKILL"
    assert pool.ends == Counter(killed=STRIKES)


def test_a_worker_that_has_grown_is_replaced_between_two_cases() -> None:
    pool = Pool(DeadlySource("grow", length=200), PLAN, limits=WorkerLimits(memory=400 << 20))
    assert set(run(pool)) == {"clean"}
    assert pool.ends == Counter(grown=1)


def test_a_case_that_takes_all_memory_is_a_finding() -> None:
    pool = Pool(DeadlySource("grow for good"), PLAN, limits=WorkerLimits(memory=512 << 20))
    assert run(pool)[3] == "runtime-fault:pool:memory"
    assert pool.ends == Counter(memory=STRIKES)


def test_a_pool_goes_on_where_another_ended() -> None:
    position = Position(2, {3, 7})
    pool = Pool(DeadlySource(), PLAN, jobs=3, position=position)
    assert sorted(record.index for record in pool.records() if record) == [2, 4, 5, 6, 8, 9, 10, 11]
    assert position == Position(12)


CHILD = """
import sys
sys.path[:0] = {path!r}
from test_pool import DeadlySource, PLAN
from harness.pool import Pool
if __name__ == "__main__":
    pool = Pool(DeadlySource("hang", at=0, length=10**9), PLAN, jobs=2)
    for turn, _ in enumerate(pool.records()):
        if all(child.at.value >= 0 for child in pool.children):
            print(*(child.process.pid for child in pool.children), flush=True)
"""


def test_workers_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(CHILD.format(path=[str(Path(__file__).parent), *sys.path]))
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        pids = parent.stdout.readline().split()
        parent.kill()
    assert len(pids) == 2
    deadline = time.monotonic() + 30
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < deadline, "a worker outlives its parent"
        time.sleep(0.05)
