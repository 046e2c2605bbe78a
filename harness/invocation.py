"""Arguments and results of one function as people type and read them: ``fencepost run --invoke``."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from harness.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine import _native

INTEGERS = {"i32": 32, "i64": 64}
FLOATS = {"f32": ("<f", "<I"), "f64": ("<d", "<Q")}


def bits_of(
    export: str, params: Sequence[_native.ValType] | None, arguments: Sequence[str], where: str
) -> list[int | None]:
    """The arguments of a call as bit patterns.

    Args:
        export: the function.
        params: its parameters; `None` if there is no such function.
        arguments: decimal or ``0x`` numbers, floats as Python writes them, ``null`` for references.
        where: the file, for errors.

    Raises:
        UsageError: they do not fit.
    """
    if params is None:
        raise UsageError(f"there is no exported function {export!r}", where)
    if len(params) != len(arguments):
        raise UsageError(f"{export!r} takes ({' '.join(params)}), not {len(arguments)} arguments", where)
    return [_bits(kind, text, where) for kind, text in zip(params, arguments, strict=True)]


def _bits(kind: _native.ValType, text: str, where: str) -> int | None:
    try:
        if width := INTEGERS.get(kind):
            number = int(text, 0)
            if -(1 << (width - 1)) <= number < 1 << width:
                return number % (1 << width)
        elif kind in FLOATS:
            number_format, bits_format = FLOATS[kind]
            return int(struct.unpack(bits_format, struct.pack(number_format, float(text)))[0])
        elif kind == "v128" and 0 <= int(text, 0) < 1 << 128:
            return int(text, 0)
        elif text == "null":
            return None
    except (ValueError, OverflowError):
        pass
    raise UsageError(f"{text!r} is no {kind}", where)


def text_of(value: _native.Value) -> str:
    """A result: integers as signed decimals, vectors in hexadecimal, references as what they refer to."""
    kind, bits = value["type"], value["bits"]
    if bits is None:
        return "null"
    if width := INTEGERS.get(kind):
        return str(bits - (bits >> (width - 1) << width))
    if kind in FLOATS:
        number_format, bits_format = FLOATS[kind]
        return repr(struct.unpack(number_format, struct.pack(bits_format, bits))[0])
    return f"0x{bits:032x}" if kind == "v128" else f"{kind} {bits}"
