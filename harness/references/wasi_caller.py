"""A WASI program that makes the calls of a case in another module, and prints what comes back.

It imports the functions to call from a module that is named `SUBJECT`. Each event is
printed as one record on standard output: 16 bytes that begin with 1, then 16 bytes for
each result, little-endian, of a reference whether it is null. The first record, without
results, says that everything is instantiated. So results arrive bit for bit, and what was
printed before a trap says which call it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.outcome import UNKNOWN_REFERENCE, Value
from harness.program_input import WASI

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine._native import ExportItem, ValType
    from harness.case import Call

SUBJECT = "fencepost subject"
SLOT_BYTES = 16
BUFFER = 1024
WIDTHS = {"i32": 4, "f32": 4, "i64": 8, "f64": 8, "v128": 16}
PRELUDE = f"""
  (import "{WASI}" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func $print (param $len i32)
    (i32.store (i32.const 0) (i32.const {BUFFER})) (i32.store (i32.const 4) (local.get $len))
    (i32.store8 (i32.const {BUFFER}) (i32.const 1))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))"""


class NotPossibleError(Exception):
    """A call cannot be made from Wasm."""


def caller_text(calls: Sequence[Call], functions: Mapping[str, ExportItem]) -> str:
    """The program, in text format.

    Raises:
        NotPossibleError: an argument cannot be made in Wasm.
    """
    used = sorted({call.export for call in calls})
    numbers = {name: number for number, name in enumerate(used)}
    lines = [_import(name, functions[name], number) for name, number in numbers.items()]
    lines.append(PRELUDE)
    lines += (_call(nth, call, numbers[call.export], functions[call.export]) for nth, call in enumerate(calls))
    made = " ".join(f"(call $c{nth})" for nth in range(len(calls)))
    lines.append(f'  (func (export "_start") (call $print (i32.const {SLOT_BYTES})) {made})')
    return "(module\n" + "\n".join(lines) + ")\n"


def value_of(kind: ValType, slot: bytes) -> Value:
    """The value of a result that was printed.

    Raises:
        NotPossibleError: it is a reference of the host.
    """
    bits = int.from_bytes(slot[: WIDTHS.get(kind, 4)], "little")
    if kind in WIDTHS:
        return Value(kind, bits)
    if not bits and kind == "externref":
        raise NotPossibleError("an externref that is not null was returned")
    return Value(kind, None if bits else UNKNOWN_REFERENCE)


def escaped(name: str) -> str:
    """A name in the text format."""
    return "".join(f"\\{byte:02x}" for byte in name.encode())


def _import(name: str, function: ExportItem, number: int) -> str:
    params, results = " ".join(function["params"]), " ".join(function["results"])
    return f'  (import "{SUBJECT}" "{escaped(name)}" (func $f{number} (param {params}) (result {results})))'


def _call(nth: int, call: Call, number: int, function: ExportItem) -> str:
    """A function that makes one call and prints its record."""
    results = function["results"]
    args = " ".join(map(_constant, call.args))
    places = list(enumerate(results))
    locals_ = " ".join(f"(local $r{position} {kind})" for position, kind in places)
    sets = " ".join(f"(local.set $r{position})" for position, _ in reversed(places))
    stores = " ".join(_store(position, kind) for position, kind in places)
    length = SLOT_BYTES * (1 + len(results))
    return f"  (func $c{nth} {locals_} (call $f{number} {args}) {sets} {stores} (call $print (i32.const {length})))"


def _constant(value: Value) -> str:
    match value.type, value.bits:
        case ("i32" | "i64") as kind, int(bits):
            return f"({kind}.const {bits})"
        case "f32", int(bits):
            return f"(f32.reinterpret_i32 (i32.const {bits}))"
        case "f64", int(bits):
            return f"(f64.reinterpret_i64 (i64.const {bits}))"
        case "v128", int(bits):
            return f"(v128.const i64x2 {bits & (1 << 64) - 1} {bits >> 64})"
        case ("funcref" | "externref") as kind, None:
            return f"(ref.null {kind.removesuffix('ref')})"
    raise NotPossibleError(f"an argument of type {value.type}")


def _store(position: int, kind: ValType) -> str:
    address, local = BUFFER + SLOT_BYTES * (1 + position), f"(local.get $r{position})"
    if kind in WIDTHS:
        return f"({kind}.store (i32.const {address}) {local})"
    return f"(i32.store (i32.const {address}) (ref.is_null {local}))"
