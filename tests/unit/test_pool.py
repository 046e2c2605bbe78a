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
from harness.pool import STRIKES, Pool, WorkerLimits
from harness.position import Position
from harness.verdict import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.record import Record

PLAN = Plan(executors=(), references=("wasmtime",))
WASM = engine.assemble(b'(module (func (export "f")))')


KEPT: list[bytes] = []
AT_ONCE = ("input", "bug", "panic", "generator dies")


class Parts(dict[str, object]):
    """Parts of a case that act once, when the case is about to run."""

    def __init__(self, act: Callable[[], None]) -> None:
        super().__init__()
        self.act = act

    def get(self, _name: object, default: object = None) -> object:
        act, self.act = self.act, lambda: None
        act()
        return default


@dataclass(frozen=True)
class DeadlySource:
    """Cases, one of which does something to the worker that runs it, or asks for it."""

    deed: str = "nothing"
    at: int = 3
    length: int = 12
    seed: int = 0
    always_valid: bool = True
    driver: str = "prng"
    mark: str = ""

    def where(self, index: int) -> str:
        return f"case {index}"

    def case(self, index: int) -> Case:
        if KEPT and self.deed == "die later":
            ctypes.string_at(0)
        if index != self.at or multiprocessing.parent_process() is None:
            return Case(WASM)
        if self.deed in AT_ONCE:
            self._act()
        return Case(WASM, parts=Parts(self._act))

    def _act(self) -> None:
        DEEDS[self.deed](self)

    def kill_itself(self) -> None:
        Path(self.mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)

    def kill_itself_once(self) -> None:
        if not Path(self.mark).exists():
            self.kill_itself()


def keep(length: int) -> None:
    KEPT.append(bytes(b"x" * length))


def fail(error: BaseException) -> None:
    raise error


DEEDS: dict[str, Callable[[DeadlySource], object]] = {
    "nothing": lambda _: None,
    "die": lambda _: ctypes.string_at(0),
    "generator dies": lambda _: ctypes.string_at(0),
    "die later": lambda _: keep(1),
    "panic": lambda _: fail(engine.PanicException("index out of bounds: 7")),
    "exit": lambda _: os._exit(3),
    "hang": lambda _: time.sleep(600),
    "killed": DeadlySource.kill_itself,
    "killed once": DeadlySource.kill_itself_once,
    "grow": lambda _: keep(256 << 20),
    "grow for good": lambda _: (keep(1 << 30), time.sleep(600)),
    "input": lambda _: fail(CaseError("no good", "here")),
    "bug": lambda _: fail(KeyError("oops")),
}


def done(source: DeadlySource, *, jobs: int = 1, patience: float = 60.0) -> list[Record]:
    found = Pool(source, PLAN, jobs, limits=WorkerLimits(seconds=patience)).records()
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
    found = done(DeadlySource(deed), patience=1.0)
    assert [record.index for record in found] == list(range(12))
    assert [record.verdict.key for record in found if record.verdict.kind is not Kind.CLEAN] == [key]
    assert found[3].verdict.key == key


@pytest.mark.parametrize(("deed", "words"), [("panic", "index out of bounds"), ("generator dies", "SIGSEGV")])
def test_a_generator_that_fails_is_no_finding_and_counted(deed: str, words: str) -> None:
    found = done(DeadlySource(deed))
    assert [record.index for record in found] == list(range(12))
    assert found[3].verdict.kind is Kind.INCOMPLETE
    assert found[3].verdict.oracle == "generator"
    assert words in found[3].verdict.evidence


def test_a_worker_that_dies_before_the_next_case_died_of_the_one_before() -> None:
    found = done(DeadlySource("die later"))
    assert {record.index for record in found} == set(range(12))
    [finding] = [record for record in found if record.verdict.kind is not Kind.CLEAN]
    assert (finding.index, finding.verdict.key) == (3, "escape:pool:SIGSEGV after the case")
    assert finding.case is not None


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
    found = list(Pool(DeadlySource("hang", at=0), PLAN, stop=lambda: next(ticks)).records())
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
