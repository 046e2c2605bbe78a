"""Mutants of known modules, by wasm-mutate.

A seed is a case of the corpus or, without one, a module from wasm-smith. wasm-mutate
changes instructions, functions, tables and data, or removes them; the result is valid. What
ended in the seed may run without end in the mutant, so fuel is woven in: every engine stops
it at the same point.

A mutant keeps the calls of its seed that still fit, before others that are drawn.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import engine
from generators.calls import draw_calls
from generators.wasm import FUEL, WasmGenerator
from harness.case import Case

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generators.entropy import Entropy
    from harness.case import Call

ROUNDS = (1, 2, 4, 8)
FRESH_CALLS = 4

STRESSED = 25
"""How many of 100 mutants collect before each allocation, whatever their seed does."""


class MutateGenerator:
    """Mutants of cases.

    Args:
        cases: the seeds; if there are none, modules from `WasmGenerator` are.
    """

    name = "mutate"

    def __init__(self, cases: Sequence[Case] = ()) -> None:
        self._cases = cases

    def generate(self, entropy: Entropy) -> Case:
        """Makes one mutant; the options of its seed stay, but for collections, and nothing is expected of it."""
        seed = entropy.choice(self._cases) if self._cases else WasmGenerator().generate(entropy)
        mutant = engine.mutate(seed.wasm, seed=entropy.integer(0, 2**64 - 1), rounds=entropy.choice(ROUNDS))
        woven = engine.weave(
            mutant,
            seed=entropy.integer(0, 2**64 - 1),
            indirect=entropy.choice((None, 0, 50)),
            fuel=entropy.choice(FUEL),
            soften=entropy.chance(25),
            traffic=entropy.choice((0, 2)),
        )
        kept = _fitting(seed.calls or (), woven)
        calls = kept + draw_calls(entropy, woven, longest=FRESH_CALLS)
        stress = entropy.chance(STRESSED) or seed.options.gc_stress
        return Case(woven, options=replace(seed.options, gc_stress=stress or None), calls=calls)


def _fitting(calls: Sequence[Call], wasm: bytes) -> tuple[Call, ...]:
    signatures = dict(engine.signatures(wasm))
    fitting = (call for call in calls if signatures.get(call.export) == [value.type for value in call.args])
    return tuple(replace(call, expect=None) for call in fitting)
