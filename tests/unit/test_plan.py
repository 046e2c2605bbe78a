"""Plans: what a full and a thin run use, and what a finding must remember."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from generators.entropy import PrngEntropy
from harness.case import CaseOptions
from harness.executors import EngineExecutor
from harness.limits import Limits
from harness.plan import JIT_SETTINGS, REFERENCES, REGISTER_ALLOCATORS, Plan

if TYPE_CHECKING:
    from harness.case import Case


def names(plan: Plan) -> list[str]:
    return [executor.name for executor in plan.all_executors()]


def test_a_full_plan_runs_every_executor_in_every_mode_and_every_reference() -> None:
    assert names(Plan()) == [
        *(f"{name}/{mode}" for mode in ("exact", "as-shipped") for name in ("interpreter", "jit", "jit-unoptimized")),
        "wasmtime",
        "wasmtime-pulley",
    ]


def side(name: str) -> str:
    return "reference" if name in REFERENCES else "jit" if name.startswith("jit") else "interpreter"


def test_a_thin_plan_has_two_of_three_sides_and_draws_all_over_time() -> None:
    seen: set[str] = set()
    settings = set()
    sides = set()
    for index in range(300):
        plan = Plan().drawn(PrngEntropy(1, index, "plan"))
        drawn = names(plan)
        assert len(drawn) == 2
        assert len({name.split("/")[1] for name in drawn if "/" in name}) == 1
        sides.add(tuple(map(side, drawn)))
        seen |= set(drawn)
        settings.add(plan.settings)
    assert sides == {("interpreter", "jit"), ("interpreter", "reference"), ("jit", "reference")}
    assert seen == set(names(Plan()))
    assert settings == {flags + allocator for flags in JIT_SETTINGS for allocator in REGISTER_ALLOCATORS}


@pytest.mark.parametrize(
    ("full", "drawn"),
    [
        (Plan(references=(), modes=("exact",)), {"interpreter/exact", "jit/exact", "jit-unoptimized/exact"}),
        (
            Plan(executors=("interpreter",), modes=("exact",), references=("wasmtime",)),
            {"interpreter/exact", "wasmtime"},
        ),
    ],
)
def test_nothing_sits_out_where_there_are_two_sides(full: Plan, drawn: set[str]) -> None:
    plans = [names(full.drawn(PrngEntropy(1, index, "plan"))) for index in range(50)]
    assert all(len(plan) == 2 for plan in plans)
    assert {name for plan in plans for name in plan} == drawn


def test_the_drawing_is_a_function_of_seed_and_index() -> None:
    assert Plan().drawn(PrngEntropy(3, 4, "plan")) == Plan().drawn(PrngEntropy(3, 4, "plan"))


def test_what_a_finding_remembers_makes_the_same_plan_again() -> None:
    plan = Plan(fault="02", guard="decoy", limits=Limits(max_memory=1 << 20), gc_stress=True)
    options = plan.options(CaseOptions(), (("opt_level", "none"),))
    again = Plan().with_options(options)
    assert (again.fault, again.guard, again.limits) == ("02", "decoy", plan.limits)
    assert again.settings == (("opt_level", "none"),)
    assert all(isinstance(it, EngineExecutor) and it.gc_stress for it in replace(again, references=()).all_executors())


def test_a_case_overrides_the_command_line() -> None:
    options = CaseOptions(mode="exact", executors=("jit",), references=())
    assert names(Plan().with_options(options)) == ["jit/exact"]


def test_cranelift_flags_do_not_reach_the_interpreters_name() -> None:
    executors = Plan(settings=(("opt_level", "none"),), references=()).all_executors()
    assert all(isinstance(executor, EngineExecutor) for executor in executors)
    assert len({executor.name for executor in executors}) == len(executors)


def test_one_thin_plan_in_some_goes_elsewhere_and_every_full_one() -> None:
    full = Plan(elsewhere=True)
    drawn = [full.drawn(PrngEntropy(1, index, "plan")) for index in range(1600)]
    assert 50 <= sum(plan.elsewhere for plan in drawn) <= 200
    assert not any(Plan().drawn(PrngEntropy(1, index, "plan")).elsewhere for index in range(100))
    alike = (replace(plan, elsewhere=False) for plan in drawn[:50])
    assert list(alike) == [Plan().drawn(PrngEntropy(1, index, "plan")) for index in range(50)]


def test_cases_and_options_leave_a_plan_where_it_is(add: Case) -> None:
    assert Plan(elsewhere=True).for_case(add).within(10).elsewhere
