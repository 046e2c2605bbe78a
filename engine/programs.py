"""Programs that are translated once, however often they run.

Both functions depend on their arguments alone; they remember the latest results, so that
one run of the front end serves thousands of plans.
"""

from __future__ import annotations

from functools import lru_cache

from engine import _native
from engine._native import Program

TRANSLATED = 64
CONFUSED = 64
COMMENT = b";"
"""What begins a comment of CLIF, which a run line is: text without any need not be read again."""


@lru_cache(maxsize=TRANSLATED)
def translated(wasm: bytes) -> Program:
    """The program of a module, or of CLIF text.

    Raises:
        engine.InvalidInput: it is not valid.
        engine.Unsupported: it needs something that the engine does not have.
        engine.CompileFailure: the front end failed on it.
    """
    return Program(wasm) if wasm.startswith(b"\0") else Program.from_clif(wasm.decode())


@lru_cache(maxsize=TRANSLATED)
def run_lines(clif: bytes) -> tuple[_native.RunLine, ...]:
    """The run lines of CLIF text.

    Raises:
        engine.InvalidInput: the text is not valid, and has comments.
    """
    if COMMENT not in clif:
        return ()
    return tuple(_native.run_lines(clif.decode()))


@lru_cache(maxsize=CONFUSED)
def confused(wasm: bytes, plan: str) -> Program:
    """The program of a module as a plan changes it.

    Args:
        wasm: the module.
        plan: a JSON array, as in a case's header.

    Raises:
        engine.PlanError: the plan does not fit the program.
        Exception: whatever `translated` raises.
    """
    return translated(wasm).confused(plan)
