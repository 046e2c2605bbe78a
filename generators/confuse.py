"""Confused programs: modules of another generator, each with a plan that changes their CLIF.

What may be changed is what the engine finds in the program (`Program.places`). Kinds are
drawn first, then places of that kind, so that rare kinds such as a swapped function
reference are not lost among thousands of loads. Every plan that is given fits its program.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import engine
from engine.programs import confused, translated

if TYPE_CHECKING:
    from generators.entropy import Entropy
    from generators.protocol import Generator
    from harness.case import Case

MAX_ENTRIES = 4
ATTEMPTS = 8

Places = dict[str, list[tuple[int, int]]]


class ConfuseGenerator:
    """Draws a plan for a program.

    Args:
        programs: where the programs come from.
        module: what they are drawn from. Cases that share it share their program, and the
            work that it takes to translate it.
    """

    name = "confuse"

    def __init__(self, programs: Generator, module: Entropy) -> None:
        self._programs = programs
        self._module = module

    def generate(self, entropy: Entropy) -> Case:
        """A program with a plan of 1 to 4 entries; without one where nothing can be confused."""
        case = self._programs.generate(self._module)
        try:
            program = translated(case.wasm)
        except (engine.Unsupported, engine.CompileFailure):
            return case
        plan = draw_plan(entropy, case.wasm, program)
        if not plan:
            return case
        return replace(case, expect=None, parts={**case.parts, "plan": plan, "program_hash": program.hash})


@lru_cache(maxsize=8)
def _places(wasm: bytes) -> Places:
    """The places of a program by kind."""
    places: Places = {}
    for function, site, kind in translated(wasm).places():
        places.setdefault(kind, []).append((function, site))
    return places


def draw_plan(
    entropy: Entropy, wasm: bytes, program: engine.Program, *, longest: int = MAX_ENTRIES
) -> list[dict[str, Any]]:
    """A plan of 1 to ``longest`` entries that fits, empty if there is none."""
    places = _places(wasm)
    if not places:
        return []
    plan: list[dict[str, Any]] = []
    wanted = entropy.integer(1, longest)
    for _ in range(ATTEMPTS):
        entry = _entry(entropy, places, program)
        if entry is not None and all(_where(entry) != _where(other) for other in plan):
            plan.append(entry)
        if len(plan) == wanted:
            break
    while plan and not _fits(wasm, plan):
        plan.pop()
    return plan


def _entry(entropy: Entropy, places: Places, program: engine.Program) -> dict[str, Any] | None:
    """One entry; `None` where there is nothing to choose at the place drawn."""
    kind = entropy.choice(sorted(places))
    function, site = entropy.choice(places[kind])
    choices = program.choices(function, site, kind)
    if not choices:
        return None
    entry: dict[str, Any] = {"function": function, "site": site, "kind": kind}
    params = json.loads(entropy.choice(choices))
    return entry | ({"params": params} if params else {})


def _where(entry: dict[str, Any]) -> tuple[int, int]:
    return entry["function"], entry["site"]


def _fits(wasm: bytes, plan: list[dict[str, Any]]) -> bool:
    """Whether the changes go together: each alone fits, two may not."""
    try:
        confused(wasm, json.dumps(plan))
    except engine.PlanError:
        return False
    return True
