"""What is compared: plans by index, each of one change, in groups that share a module.

Half of the modules are those of a corpus, where there is one; the others are generated. Plan *i*
of a seed is a function of both alone, whatever the number of workers.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import engine
from generators.confuse import draw_plan
from generators.corpus import CorpusGenerator
from generators.entropy import PrngEntropy
from generators.wasm import WasmGenerator
from harness.benefit.tally import OUTSIDE, Tally
from harness.executors import CONFUSED_DEADLINE, Subject

if TYPE_CHECKING:
    from harness.case import Case

GROUP = 64
"""Plans that share a module, and the work of translating it twice and running it without a plan."""
WHOLE_PROGRAM = "a program with WASI, whose host functions take pointers"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What to compare; small, and sent to each worker.

    Attributes:
        corpus: modules that are drawn from; may be empty.
        max_memory: bytes that a memory may grow to.
    """

    seed: int
    corpus: tuple[Case, ...]
    max_memory: int

    def group(self, number: int, plans: int) -> Tally:
        """Compares the first ``plans`` plans of a group."""
        tally = Tally(plans=plans)
        case = self._module(PrngEntropy(self.seed, number, "module"))
        try:
            pair = self._pair(case)
        except engine.Unsupported as error:
            tally.refused[str(error)] = plans
            return tally
        except engine.CompileFailure as error:
            tally.failures[str(error)] = plans
            return tally
        program = pair.program
        for index in range(number * GROUP, number * GROUP + plans):
            plan = draw_plan(PrngEntropy(self.seed, index, "plan"), case.wasm, program, longest=1)
            if plan:
                _compare(pair, plan[0]["kind"], json.dumps(plan), tally)
            else:
                tally.empty += 1
        return tally

    def _module(self, entropy: PrngEntropy) -> Case:
        if self.corpus and entropy.chance(50):
            return CorpusGenerator(self.corpus).generate(entropy)
        return WasmGenerator().generate(entropy)

    def _pair(self, case: Case) -> engine.Pair:
        subject = Subject(case)
        if subject.input is not None:
            raise engine.Unsupported(WHOLE_PROGRAM)
        calls = [(call.export, [value.bits for value in call.args]) for call in subject.calls]
        return engine.Pair(case.wasm, calls, deadline=CONFUSED_DEADLINE, max_memory=self.max_memory)


def _compare(pair: engine.Pair, kind: str, plan: str, tally: Tally) -> None:
    try:
        compared = pair.compare(plan)
    except engine.PlanError:
        tally.unmapped[kind, "the change does not fit there"] += 1
    except engine.Unsupported as error:
        tally.refused[str(error)] += 1
    except engine.CompileFailure as error:
        tally.failures[str(error)] += 1
    else:
        if (why := compared.get("unmapped")) is not None:
            tally.unmapped[kind, why] += 1
        elif compared["lost"]:
            tally.lost += 1
        else:
            tally.plausible += compared["plausible"] and compared["raw64"] == OUTSIDE
            tally.effects[kind, compared["object"], (compared["arena32"], compared["raw64"])] += 1
