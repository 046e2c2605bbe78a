"""The worker: thin runs, every tenth case in full, findings confirmed by everything."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

import engine
from generators.entropy import PrngEntropy
from harness import worker
from harness.case import Case
from harness.check import prepare
from harness.executors import EngineExecutor
from harness.outcome import Ran
from harness.plan import JIT_SETTINGS, REGISTER_ALLOCATORS, Plan, Settings
from harness.source import MODULE_CASES, ListSource
from harness.verdict import Kind
from harness.worker import FULL_EVERY, Job, check_one, is_full, plan_of_case

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.check import Checked
    from harness.executors import Executor
    from harness.record import Record

LOAD = engine.assemble(b'(module (memory 1) (func (export "f") (result i32) (i32.load (i32.const 16))))')
"""Linear memories lie above 2 GiB, so that sign extension shows in every access."""
PLAN = Plan(fault="02")
ENGINE = {executor.name for executor in Plan(references=()).all_executors()}


@dataclass(frozen=True, slots=True)
class SameSource(ListSource):
    """One case at every index."""

    seed: int = 3

    def case(self, _index: int) -> Case:
        return self.cases[0]

    def where(self, index: int) -> str:
        return f"case {index}"


def job(case: Case, plan: Plan) -> Job:
    return Job(SameSource((case,), ("case",)), plan, 0, 1)


def run(case: Case, plan: Plan, index: int) -> Record:
    return check_one(job(case, plan), index, SimpleNamespace(value=-1))


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The executors of each check that is made, in order."""
    made: list[list[str]] = []
    original = worker.check

    def check(case: Case, executors: Sequence[Executor]) -> Checked:
        made.append([executor.name for executor in executors])
        return original(case, executors)

    monkeypatch.setattr(worker, "check", check)
    return made


def test_every_tenth_case_is_run_in_full_and_the_others_draw(checks: list[list[str]], add: Case) -> None:
    everything = [executor.name for executor in Plan().all_executors()]
    drawn: set[str] = set()
    for index in range(3 * FULL_EVERY):
        run(add, Plan(), index)
        [names] = checks
        checks.clear()
        if is_full(index):
            assert names == everything
        else:
            assert len(names) == 2
            assert names[0] in ENGINE
            drawn |= set(names)
    assert drawn == set(everything)


@pytest.mark.parametrize("jobs", range(1, 9))
def test_no_worker_has_more_than_its_share_of_full_runs(jobs: int) -> None:
    cases = 100 * jobs * FULL_EVERY
    shares = [sum(map(is_full, range(first, cases, jobs))) for first in range(jobs)]
    assert sum(shares) == cases / FULL_EVERY
    assert max(shares) <= 1.5 * min(shares)


def test_cases_that_attack_one_module_share_a_configuration_of_the_jit(add: Case) -> None:
    corrupted = replace(add, parts={"schedule": [{"event": "entry"}]})
    plan, indices = Plan(), [index for index in range(8 * MODULE_CASES) if not is_full(index)]

    def configurations(case: Case, module: int) -> set[tuple[str, Settings]]:
        plans = [plan_of_case(job(case, plan), case, index) for index in indices if index // MODULE_CASES == module]
        return {(name, drawn.settings) for drawn in plans for name in drawn.executors if name != "interpreter"}

    shared = [configurations(corrupted, module) for module in range(8)]
    assert {len(one) for one in shared} == {1}
    assert len(set.union(*shared)) > 3
    assert max(len(configurations(add, module)) for module in range(8)) > 3


def test_a_finding_of_a_thin_run_is_confirmed_by_a_full_one() -> None:
    everything = {executor.name for executor in PLAN.all_executors()}
    for index in range(1, FULL_EVERY):
        record = run(Case(LOAD), PLAN, index)
        assert record.verdict.key == "escape:containment:access read"
        assert {line.split(":")[0] for line in record.lines} == everything
        assert record.case == Case(LOAD)
        drawn = PLAN.drawn(PrngEntropy(3, index, "plan"))
        assert record.settings == drawn.settings, "a replay must make the code that was wrong"


def test_a_clean_case_leaves_neither_lines_nor_itself(add: Case) -> None:
    record = run(add, Plan(), 1)
    assert (record.verdict.kind, record.lines, record.case) == (Kind.CLEAN, (), None)


def test_a_worker_says_where_it_is(add: Case) -> None:
    place = SimpleNamespace(value=-1)
    check_one(job(add, Plan()), 6, place)
    assert place.value == 2 * 6 + 1


def test_jobs_share_out_what_is_left() -> None:
    source = ListSource((Case(b""),) * 20, ("",) * 20)
    left = Job(source, PLAN, 9, 3, before=(2, 5), skip=frozenset({12}))
    assert list(left.indices()) == [2, 5, 9, 15, 18]
    assert list(left.after(2).indices()) == [5, 9, 15, 18]
    assert list(left.after(5).indices()) == [9, 15, 18]
    assert list(left.after(15).indices()) == [18]


@pytest.mark.parametrize("allocator", REGISTER_ALLOCATORS)
@pytest.mark.parametrize("settings", JIT_SETTINGS)
def test_every_drawn_configuration_is_one_that_the_engine_takes(
    add: Case, settings: Settings, allocator: Settings
) -> None:
    subject = prepare(add)
    for executor in Plan(settings=settings + allocator, references=()).all_executors():
        assert isinstance(executor, EngineExecutor)
        outcome = executor.run(subject)
        assert isinstance(outcome, Ran), outcome
