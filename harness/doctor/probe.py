"""`python -m harness.doctor.probe EXECUTOR GUARD NATIVE`: ends with 0 if the executor works here."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Literal, cast

import engine

if TYPE_CHECKING:
    from engine import _native

MODULE = b"""(module (memory 1)
  (func (export "f") (param i32) (result i32)
    (i32.store (local.get 0) (i32.const 42))
    (i32.load (local.get 0))))"""
INSIDE, OUTSIDE = 65532, 65533


def main(executor: str, guard: str, native: str) -> str:
    """What is wrong, in words; empty if nothing is."""
    program = engine.Program(engine.assemble(MODULE))
    try:
        result = program.run(
            [("f", [INSIDE]), ("f", [OUTSIDE])],
            executor=cast("_native.Executor", executor),
            guard=cast("Literal['guard', 'decoy']", guard),
            native=cast("Literal['cell', 'in-process']", native),
        )
    except (MemoryError, engine.Unsupported, engine.CompileFailure) as error:
        return str(error)
    inside, outside = result["calls"]
    if inside.get("values") != [{"type": "i32", "bits": 42}]:
        return f"wrong answer: {inside}"
    if outside.get("trap") != "heap_out_of_bounds":
        return f"no trap: {outside}"
    return ""


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) or 0)
