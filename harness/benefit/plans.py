"""What is compared, by index: plans of one change or schedules of one write, in groups that share a module.

Half of the modules are those of a corpus, where there is one; the others are generated. Attack *i*
of a seed is a function of both alone, whatever the number of workers. What it does to raw pointers
depends a little on where the system puts things.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import engine
from generators.confuse import draw_plan
from generators.corpus import CorpusGenerator
from generators.corrupt import draw_write
from generators.entropy import PrngEntropy
from generators.wasm import WasmGenerator
from harness.benefit.share import OUTSIDE
from harness.benefit.spread import Spread
from harness.benefit.tally import Tally
from harness.executors import Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from engine._native import Compared
    from harness.case import Case

GROUP = 64
"""Plans that share a module, and the work of translating it twice and running it without a plan."""
WHOLE_PROGRAM = "a program with WASI, whose host functions take pointers"
DEADLINE_SECONDS = 0.3
"""For each call, by the clock: far more than one takes that ends, so that a busy machine changes no effect."""
WHERE = re.compile(r" in function \d+$")
"""What of a reason says where in a module: reasons are counted over modules."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What to compare; small, and sent to each worker.

    Attributes:
        generator: which attacks: ``confuse`` for plans, ``corrupt`` for schedules.
        corpus: modules that are drawn from (`taking_part`); may be empty.
        max_memory: bytes that a memory may grow to.
    """

    seed: int
    corpus: tuple[Case, ...]
    max_memory: int
    generator: Literal["confuse", "corrupt"] = "confuse"

    def part(self, number: int, first: int, plans: int) -> Tally:
        """Compares some plans of a group, from its ``first`` on."""
        tally = Tally(plans=plans)
        try:
            subject = Subject(self._module(PrngEntropy(self.seed, number, "module")))
            pair = self._pair(subject)
        except engine.Unsupported as error:
            tally.refused[_reason(error)] = plans
            return tally
        except engine.CompileFailure as error:
            tally.failures[_reason(error)] = plans
            return tally
        begin = number * GROUP + first
        for index in range(begin, begin + plans):
            entropy = PrngEntropy(self.seed, index, "plan")
            if self.generator == "confuse":
                _confuse(entropy, subject, pair, tally)
            else:
                _corrupt(entropy, subject, pair, tally)
        tally.spread = Spread.of(tally.tables)
        return tally

    def _module(self, entropy: PrngEntropy) -> Case:
        if self.corpus and entropy.chance(50):
            return CorpusGenerator(self.corpus).generate(entropy)
        return WasmGenerator().generate(entropy)

    def _pair(self, subject: Subject) -> engine.Pair:
        if subject.input is not None:
            raise engine.Unsupported(WHOLE_PROGRAM)
        calls = [(call.export, [value.bits for value in call.args]) for call in subject.calls]
        return engine.Pair(subject.case.wasm, calls, deadline=DEADLINE_SECONDS, max_memory=self.max_memory)


def taking_part(cases: Iterable[Case]) -> tuple[Case, ...]:
    """The modules of a corpus that can be compared by what an attack adds.

    Programs in CLIF have no VM data, and those of the attack interface corrupt their own: without
    any attack of ours they already reach what they should not, differently on each layout.
    """
    return tuple(case for case in cases if not (case.is_clif or case.attacks))


def _confuse(entropy: PrngEntropy, subject: Subject, pair: engine.Pair, tally: Tally) -> None:
    plan = draw_plan(entropy, subject.case.wasm, pair.program, longest=1)
    if plan:
        _count(plan[0]["kind"], lambda: pair.compare(json.dumps(plan)), tally)
    else:
        tally.empty += 1


def _corrupt(entropy: PrngEntropy, subject: Subject, pair: engine.Pair, tally: Tally) -> None:
    schedule = draw_write(entropy, subject.case.wasm, subject.calls)
    if schedule:
        _count(f"at {schedule[0]['event']}", lambda: pair.corrupt(json.dumps(schedule)), tally)
    else:
        tally.empty += 1


def _count(kind: str, compare: Callable[[], Compared], tally: Tally) -> None:
    try:
        compared = compare()
    except engine.PlanError:
        tally.unmapped[kind, "the change does not fit there"] += 1
    except engine.ScheduleError:
        tally.unmapped[kind, "there is no such field"] += 1
    except engine.Unsupported as error:
        tally.refused[_reason(error)] += 1
    except engine.CompileFailure as error:
        tally.failures[_reason(error)] += 1
    else:
        if (why := compared.get("unmapped")) is not None:
            tally.unmapped[kind, why] += 1
        elif compared["lost"]:
            tally.lost += 1
        else:
            tally.plausible += compared["plausible"] and compared["raw64"] == OUTSIDE
            tally.effects[kind, compared["object"], (compared["arena32"], compared["raw64"])] += 1


def _reason(error: Exception) -> str:
    return WHERE.sub("", str(error))
