"""The pool: a worker that dies or hangs costs its case, nothing else."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

import engine
from harness.case import Case
from harness.errors import CaseError, EnvironmentFailure
from harness.plan import Plan
from harness.pool import cause_of_death, records
from harness.verdict import Kind

if TYPE_CHECKING:
    from harness.record import Record

PLAN = Plan(executors=(), references=("wasmtime",))
WASM = engine.assemble(b'(module (func (export "f")))')


@dataclass(frozen=True)
class DeadlySource:
    """Cases, one of which does something to the worker that asks for it."""

    deed: str = "nothing"
    at: int = 3
    length: int = 12
    seed: int = 0
    always_valid: bool = True

    def where(self, index: int) -> str:
        return f"case {index}"

    def case(self, index: int) -> Case:
        if index == self.at and multiprocessing.parent_process() is not None:
            self._act()
        return Case(WASM)

    def _act(self) -> None:
        match self.deed:
            case "die":
                ctypes.string_at(0)
            case "exit":
                os._exit(3)
            case "hang":
                time.sleep(600)
            case "input":
                raise CaseError("no good", "here")
            case "bug":
                raise KeyError("oops")


def done(source: DeadlySource, *, jobs: int = 1, patience: float = 60.0) -> list[Record]:
    found = records(source, PLAN, jobs=jobs, patience=patience)
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
