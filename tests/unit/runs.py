"""Hand-made runs for the tests of oracles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.outcome import Ran, Returned, State, Trapped, Value

if TYPE_CHECKING:
    from harness.outcome import CallOutcome

NAN = Value("f32", 0x7FC0_0000)
OTHER_NAN = Value("f32", 0xFFC0_0001)


def ran(*calls: CallOutcome, **fields: Any) -> Ran:
    """A run whose instantiation succeeded."""
    return Ran(Returned(), calls, **fields)


def returned(bits: int, kind: str = "i32") -> Returned:
    """A call that returned one value."""
    return Returned((Value(kind, bits),))


def trapped(trap: str) -> Ran:
    """A run of one call that trapped."""
    return ran(Trapped(trap))


def with_global(value: Value, *calls: CallOutcome) -> Ran:
    """A run that left one global."""
    return ran(*calls, state=State(globals={0: value}))
