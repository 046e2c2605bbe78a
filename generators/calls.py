"""Sequences of calls: what a case does with what its module exports.

One export after the other, in any order and again, with what the calls before left in
memories, tables and globals. Fuel is filled up before each call (`engine.weave`), so that
an endless loop early on does not end all that follows.

Arguments are addresses more often than not: small, around a page boundary, around the
sizes of memories and tables; the rest are edges of their type, or anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import engine
from generators.edges import EDGES
from harness.case import Call
from harness.outcome import Value

if TYPE_CHECKING:
    from engine._native import ValType
    from generators.entropy import Entropy

REFUEL, TABLE = "fencepost.refuel", "fencepost.table."
MAX_CALLS = 12
PAGE = 1 << 16

BITS = {"i32": 32, "i64": 64, "f32": 32, "f64": 64, "v128": 128}
CANONICAL_NAN = {"f32": 0x7FC0_0000, "f64": 0x7FF8 << 48}


def draw_calls(entropy: Entropy, wasm: bytes, *, longest: int = MAX_CALLS) -> tuple[Call, ...]:
    """From one to ``longest`` calls of what a valid module exports; none if it exports no function."""
    functions = engine.signatures(wasm)
    refuel = [Call(name) for name, _ in functions if name == REFUEL]
    callable_ones = [(name, params) for name, params in functions if name != REFUEL]
    if not callable_ones:
        return ()
    calls: list[Call] = []
    for _ in range(entropy.integer(longest // 4 or 1, longest)):
        name, params = entropy.choice(callable_ones)
        values = (draw_value(entropy, kind, in_table=name.startswith(TABLE)) for kind in params)
        calls += [*refuel, Call(name, tuple(values))]
    return tuple(calls)


def draw_value(entropy: Entropy, kind: ValType, *, in_table: bool = False) -> Value:
    """A value of a type; ``in_table`` makes numbers small. References to what is inside are null."""
    if kind == "funcref":
        return Value(kind, None)
    if kind in ("externref", "anyref", "exnref"):
        return Value(kind, entropy.choice(EDGES[kind]))
    if kind == "i32" and in_table and entropy.chance(80):
        return Value(kind, entropy.integer(0, 3))
    if kind == "i32" and entropy.chance(60):
        return Value(kind, _address(entropy))
    if entropy.chance(60):
        return Value(kind, entropy.choice(EDGES[kind]))
    value = Value(kind, entropy.integer(0, (1 << BITS[kind]) - 1))
    return Value(kind, CANONICAL_NAN[kind]) if value.is_nan else value


def _address(entropy: Entropy) -> int:
    """Where something is likely to be, or to end."""
    match entropy.integer(0, 3):
        case 0:
            return entropy.integer(0, 16)
        case 1:
            return entropy.integer(0, 255)
        case 2:
            return entropy.integer(0, PAGE - 1)
        case _:
            return entropy.integer(0, 4) * PAGE - entropy.integer(0, 16) & 0xFFFF_FFFF
