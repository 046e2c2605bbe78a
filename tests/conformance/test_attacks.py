"""Each attack of `corpus/attacks` comes to what its header says, in every executor, and would not without attacking.

Exact runs do precisely that. As-shipped runs keep flags such as "nobody writes this field", so that a
few do not notice what an attack has changed; these are listed here. Contained they are all.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import engine
from harness.case import Call, Case
from harness.case_file import assemble, read_case
from harness.check import ORACLES
from harness.executors import EXECUTORS, EngineExecutor, Subject
from harness.outcome import NotRun, Ran
from harness.plan import MODES
from harness.verdict import Kind, worst

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.executors import Native
    from harness.outcome import Outcome

ATTACKS = sorted((Path(__file__).parents[2] / "corpus" / "attacks").glob("*.wat"))
LEAST_ATTACKS = 25
UNNOTICED_AS_SHIPPED = ("during_host_call", "shadow_stack_frame")
"""The base of a memory that never moves is read once; a frame does not begin as zeroes."""
IN_CELLS = pytest.mark.skipif(engine.cell_refusal() is not None, reason=f"no cells here: {engine.cell_refusal()}")
WRITE = re.compile(r'"fencepost" ("store\w*"|"\w+_at" .*)')


@pytest.fixture(params=ATTACKS, ids=lambda path: path.stem)
def attack(request: pytest.FixtureRequest) -> Path:
    """One attack."""
    path: Path = request.param
    return path


def test_there_are_attacks() -> None:
    assert len(ATTACKS) >= LEAST_ATTACKS


def test_an_attack_says_what_it_stands_for_and_what_each_call_comes_to(attack: Path) -> None:
    case = read_case(attack)
    assert case.attacks
    assert case.text is not None
    assert case.text.startswith(";; ")
    assert case.calls
    assert all(call.expect is not None for call in case.calls)


@pytest.mark.parametrize("native", ["in-process", pytest.param("cell", marks=IN_CELLS)])
def test_an_attack_is_contained_and_comes_to_what_it_should(attack: Path, native: Native) -> None:
    case = read_case(attack)
    outcomes = dict(runs(Subject(case), native))
    verdict = worst(oracle.judge(case, outcomes) for oracle in ORACLES)
    assert verdict.kind in (Kind.CLEAN, Kind.INCOMPLETE), verdict
    for name, outcome in outcomes.items():
        if isinstance(outcome, NotRun):
            assert name.startswith("reference/"), "the slow reference alone lacks something"
        elif name.endswith("/exact") or attack.stem not in UNNOTICED_AS_SHIPPED:
            assert list(outcome.calls) == [call.expect for call in case.calls or ()], name


def test_an_attack_changes_something(attack: Path) -> None:
    case = read_case(attack)
    attacked, unharmed = (run(Subject(case)) for case in (case, disarmed(case)))
    assert (attacked.calls, attacked.arena_digest) != (unharmed.calls, unharmed.arena_digest)


def runs(subject: Subject, native: Native) -> Iterator[tuple[str, Outcome]]:
    """What every executor makes of a case in both kinds of run."""
    for mode in MODES["both"]:
        for name in EXECUTORS:
            executor = EngineExecutor(name, mode, native=native)
            yield executor.name, executor.run(subject)


def run(subject: Subject) -> Ran:
    """What the interpreter makes of a case."""
    outcome = EngineExecutor("interpreter").run(subject)
    assert isinstance(outcome, Ran)
    return outcome


def disarmed(case: Case) -> Case:
    """The same program, whose writes and forged references are stubs that write nothing and give null."""
    assert case.text is not None
    text, writes = WRITE.subn(lambda found: f'"env" {found[1].replace("(ref $", "(ref null $")}', case.text)
    assert writes
    calls = tuple(Call(call.export, call.args) for call in case.calls or ())
    return replace(case, wasm=assemble(text, "disarmed"), calls=calls)
