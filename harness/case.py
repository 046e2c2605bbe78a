"""Cases: one program with everything needed to run it again.

The program itself is the truth; the seed that made it is history. Where a case is kept
as a file (`harness.case_file`), what is here besides the program is its header.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import engine
from harness.errors import CaseError
from harness.outcome import Returned, Trapped, Value

INTEGER_WIDTHS = {"i8": 8, "i16": 16, "i32": 32, "i64": 64, "i128": 128}
FLOAT_DIGITS = {"f32": 8, "f64": 16}
ATTACK_MODULE = b"fencepost"


@dataclass(frozen=True, slots=True)
class Call:
    """A call of an exported function with its arguments, and what exact runs must make of it, if that is known."""

    export: str
    args: tuple[Value, ...] = ()
    expect: Returned | Trapped | None = None


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a known case must come to; `key` and `reason` may be empty."""

    verdict: str
    key: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CaseOptions:
    """How a case must be run; `None` leaves it to the command line.

    Attributes:
        mode: ``exact``, ``as-shipped`` or ``both``.
        native: ``cell`` or ``in-process``.
        max_memory: bytes that a memory may grow to.
        settings: Cranelift flags for the JIT.
        gc_stress: whether garbage is collected before each allocation.
    """

    mode: str | None = None
    guard: str | None = None
    native: str | None = None
    executors: tuple[str, ...] | None = None
    references: tuple[str, ...] | None = None
    fault: str | None = None
    max_memory: int | None = None
    settings: tuple[tuple[str, str], ...] | None = None
    gc_stress: bool | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One program, what to call in it, and how.

    Attributes:
        wasm: the module in binary format, without our custom section; or a program in CLIF text.
        text: the source without header lines, if the case came as text.
        calls: in order; `None` makes the calls of the run lines of CLIF text, runs a program
            with WASI from its start, and else calls each exported function with edge-case arguments.
        parts: other parts of the header as they stand there (``plan`` and
            ``program_hash``; ``wasi``, which `harness.program_input` reads; ``schedule``, which
            the engine follows; ``modules``, which this version keeps but does not act on).
        history: where the case came from; never acted on.
    """

    wasm: bytes
    text: str | None = None
    options: CaseOptions = field(default_factory=CaseOptions)
    calls: tuple[Call, ...] | None = None
    expect: Expectation | None = None
    parts: dict[str, Any] = field(default_factory=dict)
    history: dict[str, Any] = field(default_factory=dict)

    @property
    def is_clif(self) -> bool:
        """Whether the program is CLIF text, not a module."""
        return not self.wasm.startswith(b"\0")

    @property
    def is_tampered_with(self) -> bool:
        """Whether a plan or a schedule changes the program or its data behind its back."""
        return bool(self.parts.get("plan") or self.parts.get("schedule"))

    @property
    def is_confused(self) -> bool:
        """Whether the program may find other data than it left: it is tampered with, or attacks its data itself."""
        return self.is_tampered_with or self.attacks

    @property
    def may_address_anything(self) -> bool:
        """Whether its accesses need not be those of a compiler, so that a null base may reach the null page."""
        return self.is_confused or self.is_clif

    @property
    def attacks(self) -> bool:
        """Whether the program imports the functions by which it corrupts VM data itself."""
        return ATTACK_MODULE in self.wasm and not self.is_clif and engine.attacks(self.wasm)

    @property
    def is_corrupted(self) -> bool:
        """Whether somebody writes to its data while it runs, which only the engine can do."""
        return bool(self.parts.get("schedule"))

    @property
    def is_corrupted_alike(self) -> bool:
        """Whether every executor makes the same of the schedule, if there is one."""
        schedule = self.parts.get("schedule", ())
        return not any("executors" in entry or entry["event"] == "program_load" for entry in schedule)


def number_to_json(value: Value) -> dict[str, str | None]:
    """A value in the header's canonical form.

    Integers are signed decimals, floats ``0x`` bit patterns, v128 32 hexadecimal digits
    (the number, most significant digit first), references `None` or ``host:N``.
    """
    bits = value.bits
    if bits is None:
        return {value.type: None}
    if width := INTEGER_WIDTHS.get(value.type):
        return {value.type: str(bits - (bits >> (width - 1) << width))}
    if digits := FLOAT_DIGITS.get(value.type):
        return {value.type: f"0x{bits:0{digits}x}"}
    if value.type == "v128":
        return {value.type: f"{bits:032x}"}
    return {value.type: f"i31:{bits}" if value.type == "anyref" else f"host:{bits}"}


def number_from_json(data: dict[str, str | None]) -> Value:
    """The value that the header's form stands for; integers may also be unsigned.

    Raises:
        CaseError: not a value, or out of its type's range.
    """
    [(kind, text)] = data.items()
    if text is None:
        return Value(kind, None)
    if width := INTEGER_WIDTHS.get(kind):
        number = int(text)
        if not -(1 << (width - 1)) <= number < 1 << width:
            raise CaseError(f"{text} is no {kind}")
        return Value(kind, number % (1 << width))
    match = re.fullmatch(r"(?:0x|host:|i31:)?([0-9a-f]+)", text)
    if match is None:
        raise CaseError(f"{text!r} is no {kind}")
    return Value(kind, int(match[1], 10 if kind in ("externref", "anyref") else 16))
