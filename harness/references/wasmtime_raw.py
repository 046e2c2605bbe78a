"""Values and calls of the `wasmtime` package, bit for bit.

The package's own calls go through Python floats, which quiet signalling NaNs, and know no
vectors. Its C interface, which it ships as `wasmtime._ffi`, has neither flaw and is
faster. All use of that interface is here.
"""

from __future__ import annotations

import ctypes
import struct
from typing import TYPE_CHECKING, Any

import wasmtime
from wasmtime import _ffi as ffi

from harness.outcome import UNKNOWN_REFERENCE, Value

if TYPE_CHECKING:
    from collections.abc import Sequence

KINDS: dict[str, int] = {
    "i32": ffi.WASMTIME_I32.value,
    "i64": ffi.WASMTIME_I64.value,
    "f32": ffi.WASMTIME_F32.value,
    "f64": ffi.WASMTIME_F64.value,
    "v128": ffi.WASMTIME_V128.value,
    "funcref": ffi.WASMTIME_FUNCREF.value,
    "externref": ffi.WASMTIME_EXTERNREF.value,
    "anyref": 7,  # the package has no names for these two: `wasmtime/val.h`
    "exnref": 8,
}
NAMES = {kind: name for name, kind in KINDS.items()}
WIDTHS = {"i32": 4, "f32": 4, "i64": 8, "f64": 8, "v128": 16}

Raw = Any  # `wasmtime_val_t`; the package has no type for it that mypy can follow
Functions = dict[int, int]
"""Identity of a function in its store to its index in the module."""


def identity(func: wasmtime.Func) -> int:
    """What is equal for two references to one function of a store."""
    return _identity(func._func)  # noqa: SLF001


def _identity(raw: Any) -> int:
    return getattr(raw, "__private") or 0


def to_raw(store: wasmtime.Store, value: Value, raw: Raw) -> None:
    """Writes a value into ``raw``. Function references must be null.

    Raises:
        ValueError: a function reference that is not null.
    """
    raw.kind = KINDS[value.type]
    if value.bits is None:
        return  # zeroed is null
    if width := WIDTHS.get(value.type):
        ctypes.memmove(ctypes.addressof(raw.of), value.bits.to_bytes(width, "little"), width)
    elif value.type == "anyref":
        ffi.wasmtime_anyref_from_i31(store._context(), value.bits, ctypes.byref(raw.of.anyref))  # noqa: SLF001
    elif value.type == "externref":
        boxed = wasmtime.Val.externref(value.bits)._new_raw(store)  # noqa: SLF001
        ctypes.memmove(ctypes.addressof(raw), ctypes.addressof(boxed), ctypes.sizeof(raw))
    else:
        raise ValueError("a function reference cannot be an argument")


def from_raw(store: wasmtime.Store, raw: Raw, functions: Functions) -> Value:
    """Reads a value; the reference in it is given up."""
    name = NAMES[raw.kind]
    if width := WIDTHS.get(name):
        return Value(name, int.from_bytes(ctypes.string_at(ctypes.addressof(raw.of), width), "little"))
    if name == "funcref":
        func = raw.of.funcref
        return Value(name, functions.get(_identity(func), UNKNOWN_REFERENCE) if func.store_id else None)
    bits = _reference(store, name, raw)
    ffi.wasmtime_val_unroot(ctypes.byref(raw))
    return Value(name, bits)


def _reference(store: wasmtime.Store, name: str, raw: Raw) -> int | None:
    """The bits of a reference to the host or to an object. All three kinds have one layout."""
    if not raw.of.anyref.store_id:
        return None
    if name == "externref":
        number = wasmtime.Val._from_raw(store, raw, owned=False).value  # noqa: SLF001
        return UNKNOWN_REFERENCE if number is None else int(number)
    small = ctypes.c_uint32()
    context = store._context()  # noqa: SLF001
    if name == "anyref" and ffi.wasmtime_anyref_i31_get_u(context, ctypes.byref(raw.of.anyref), ctypes.byref(small)):
        return small.value
    return UNKNOWN_REFERENCE


def call(
    store: wasmtime.Store, func: wasmtime.Func, args: Sequence[Value], results: int, functions: Functions
) -> tuple[Value, ...]:
    """Calls ``func``, which gives ``results`` values.

    Raises:
        wasmtime.Trap: it trapped.
        wasmtime.WasmtimeError: it could not be called.
        Exception: whatever a host function in Python raised.
    """
    raw_args = (ffi.wasmtime_val_t * len(args))()
    raw_results = (ffi.wasmtime_val_t * results)()
    for value, raw in zip(args, raw_args, strict=True):
        to_raw(store, value, raw)
    try:
        with wasmtime._func.enter_wasm(store) as trap:  # noqa: SLF001
            error = ffi.wasmtime_func_call(
                store._context(),  # noqa: SLF001
                ctypes.byref(func._func),  # noqa: SLF001
                raw_args,
                len(args),
                raw_results,
                results,
                trap,
            )
            if error:
                raise wasmtime.WasmtimeError._from_ptr(error)  # noqa: SLF001
    finally:
        for raw in raw_args:
            ffi.wasmtime_val_unroot(ctypes.byref(raw))
    return tuple(from_raw(store, raw, functions) for raw in raw_results)


def host_value(store: wasmtime.Store, kind: str, argument: Any, functions: Functions) -> Value:
    """The value of an argument as the package gives it to a host function."""
    if isinstance(argument, wasmtime.Func):
        return Value(kind, functions.get(identity(argument), UNKNOWN_REFERENCE))
    if argument is None or kind == "externref":
        return Value(kind, argument)
    number = ffi.wasmtime_val_t()
    number.kind = ffi.wasmtime_valkind_t(KINDS[kind])
    setattr(number.of, kind, argument)
    return from_raw(store, number, functions)


def host_result(kind: str, bits: int) -> int | float | None:
    """What a host function in Python gives the package for a result that is no NaN and no reference but null."""
    match kind:
        case "f32":
            (number,) = struct.unpack("<f", bits.to_bytes(4, "little"))
            return float(number)
        case "f64":
            (number,) = struct.unpack("<d", bits.to_bytes(8, "little"))
            return float(number)
        case "i32":
            return bits - (bits >> 31 << 32)
        case "i64":
            return bits - (bits >> 63 << 64)
    return None if kind.endswith("ref") else bits


def global_value(store: wasmtime.Store, item: wasmtime.Global, functions: Functions) -> Value:
    """The value of a global."""
    raw = ffi.wasmtime_val_t()
    context = store._context()  # noqa: SLF001
    ffi.wasmtime_global_get(context, ctypes.byref(item._global), ctypes.byref(raw))  # noqa: SLF001
    return from_raw(store, raw, functions)


def table_element(store: wasmtime.Store, table: wasmtime.Table, index: int, functions: Functions) -> int | None:
    """The bits of an element; ``index`` is in bounds."""
    raw = ffi.wasmtime_val_t()
    context = store._context()  # noqa: SLF001
    ffi.wasmtime_table_get(context, ctypes.byref(table._table), index, ctypes.byref(raw))  # noqa: SLF001
    return from_raw(store, raw, functions).bits
