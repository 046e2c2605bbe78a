"""Edge-case arguments for cases that do not say what to call.

Deterministic: the calls depend on the exports' signatures and a salt (the module's
digest, so that equal signatures in other modules get other arguments) alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from generators.edges import EDGES
from harness.case import Call
from harness.outcome import Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine._native import ExportItem

MAX_CALLS = 64
CALLS_PER_FUNCTION = 2


def edge_calls(exports: Sequence[ExportItem], salt: int) -> tuple[Call, ...]:
    """Calls of every exported function, at most `MAX_CALLS` in all.

    Args:
        exports: as `engine.Program.exports`.
        salt: any number; it chooses among the edge values.
    """
    functions = [export for export in exports if export["kind"] == "function" and export["callable"]]
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
