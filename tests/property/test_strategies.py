"""The strategies give what users may rely on: valid, runnable, small when shrunk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, find, given, settings

import engine
from harness.case import Case
from harness.check import check
from harness.executors import Subject
from harness.files import read_all
from harness.strategies import cases, modules, plans

if TYPE_CHECKING:
    from harness.plan import Plan

CORPUS = read_all([Path(__file__).parents[2] / "corpus"])[1]
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=25, deadline=None, suppress_health_check=SLOW)
@given(case=cases(("wasm", "mutate", "corpus"), CORPUS), plan=plans())
def test_any_case_can_be_checked_with_any_plan(case: Case, plan: Plan) -> None:
    assert len(plan.modes) == 1
    assert len(plan.executors) + len(plan.references) == 2
    verdict = check(case, plan.with_options(case.options).all_executors()).verdict
    assert not verdict.kind.is_finding, verdict


@settings(max_examples=40, deadline=None, suppress_health_check=SLOW)
@given(modules())
def test_modules_are_what_the_engine_takes(wasm: bytes) -> None:
    assert Subject(Case(wasm)).program.defined_functions > 0


def test_a_module_shrinks_to_a_small_one() -> None:
    calls_indirectly = b"\x11"
    quick = settings(max_examples=200, deadline=None, suppress_health_check=SLOW, database=None)
    wasm = find(modules(), lambda wasm: calls_indirectly in wasm and len(engine.signatures(wasm)) > 3, settings=quick)
    assert len(wasm) < 700
