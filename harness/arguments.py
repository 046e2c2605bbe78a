"""Edge-case arguments for cases that do not say what to call.

Deterministic: the calls depend on the exports' signatures and a salt (the module's
digest, so that equal signatures in other modules get other arguments) alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.case import Call
from harness.outcome import Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine._native import ExportItem

MAX_CALLS = 64
CALLS_PER_FUNCTION = 2

EDGES: dict[str, tuple[int | None, ...]] = {
    "i8": (0, 1, 0xFF, 0x7F, 0x80, 2),
    "i16": (0, 1, 0xFFFF, 0x7FFF, 0x8000, 0xFF),
    "i128": (0, 1, 2**128 - 1, 2**127, 2**64, 2**64 - 1),
    "i32": (0, 1, 0xFFFF_FFFF, 0x7FFF_FFFF, 0x8000_0000, 2, 0xFFFF, 0x1_0000, 0xFFFF_FFF8, 31, 32),
    "i64": (0, 1, 2**64 - 1, 2**63 - 1, 2**63, 2**32 - 1, 2**32, 2**31, 63, 64),
    "f32": (0, 0x3F80_0000, 0x8000_0000, 0x7F80_0000, 0x7FC0_0000, 1, 0x4F00_0000, 0xCF00_0001, 0x7F7F_FFFF),
    "f64": (
        0,
        0x3FF0_0000_0000_0000,
        0x8000_0000_0000_0000,
        0x7FF0_0000_0000_0000,
        0x7FF8_0000_0000_0000,
        1,
        0x41E0_0000_0000_0000,
        0xC3E0_0000_0000_0001,
        0x7FEF_FFFF_FFFF_FFFF,
    ),
    "v128": (0, 2**128 - 1, int.from_bytes(bytes(range(16)), "little"), 0x7F80_0000_8000_0000 << 64),
    "funcref": (None,),
    "externref": (None, 1, 7),
}


def edge_calls(exports: Sequence[ExportItem], salt: int) -> tuple[Call, ...]:
    """Calls of every exported function, at most `MAX_CALLS` in all.

    Args:
        exports: as `engine.Program.exports`.
        salt: any number; it chooses among the edge values.
    """
    functions = [export for export in exports if export["kind"] == "function"]
    calls = (call for nth in range(CALLS_PER_FUNCTION) for call in _round(functions, salt, nth))
    return tuple(call for call, _ in zip(calls, range(MAX_CALLS), strict=False))


def _round(functions: list[ExportItem], salt: int, nth: int) -> Iterator[Call]:
    """The ``nth`` call of each function. A function without parameters is called once."""
    for position, function in enumerate(functions):
        params = function["params"]
        if params or nth == 0:
            args = (_edge(kind, salt >> 8 * (index % 7), position + index + nth) for index, kind in enumerate(params))
            yield Call(function["name"], tuple(args))


def _edge(kind: str, salt: int, step: int) -> Value:
    edges = EDGES[kind]
    return Value(kind, edges[(salt + step) % len(edges)])
