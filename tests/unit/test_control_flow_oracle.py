"""The control-flow oracle, and what it leaves to containment."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from runs import ran, returned

from harness.outcome import Escape, Escaped
from harness.verdict import CLEAN
from oracles.containment import ContainmentOracle
from oracles.control_flow import ControlFlowOracle

if TYPE_CHECKING:
    from harness.case import Case

ONE = ran(returned(1))
JUMP = Escape("access", "execute", 1 << 40)


@pytest.fixture
def confused(add: Case) -> Case:
    return replace(add, parts={"plan": [{"function": 0, "site": 1, "kind": "drop-check"}]})


@pytest.mark.parametrize("kind", ["entry", "return"])
def test_what_a_monitor_reports_is_an_escape_in_every_kind_of_run(add: Case, confused: Case, kind: str) -> None:
    run = replace(ONE, escapes=(Escape(kind, "execute", site="indirect call"),))
    for case in (add, confused):
        for name in ("interpreter/exact", "jit/as-shipped"):
            verdict = ControlFlowOracle().judge(case, {"jit/exact": ONE, name: run})
            assert verdict.key == f"escape:control flow:{kind}"
            assert name in verdict.evidence
            assert ContainmentOracle().judge(case, {name: run}) == CLEAN


def test_a_jump_that_faulted_is_control_flow_and_an_access_is_not(add: Case) -> None:
    jumped, wrote = ran(Escaped(JUMP)), ran(Escaped(Escape("access", "write", -8)))
    assert ControlFlowOracle().judge(add, {"jit/exact": jumped}).key == "escape:control flow:jump"
    assert ContainmentOracle().judge(add, {"jit/exact": jumped}) == CLEAN
    assert ControlFlowOracle().judge(add, {"jit/exact": wrote}) == CLEAN


@pytest.mark.parametrize("kind", ["canary", "object"])
def test_a_confused_program_may_hit_anything_inside_the_arena(add: Case, confused: Case, kind: str) -> None:
    run = replace(ONE, escapes=(Escape(kind, "write", 0x1_0000),))
    assert ContainmentOracle().judge(add, {"jit/exact": run}).key == f"escape:containment:{kind} write"
    assert ContainmentOracle().judge(confused, {"jit/exact": run}) == CLEAN
    outside = replace(ONE, escapes=(Escape("decoy", "write"),))
    assert ContainmentOracle().judge(confused, {"jit/exact": outside}).key == "escape:containment:decoy write"
