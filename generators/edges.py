"""Values at the edges of their types, as bit patterns: zeros, ones, limits, sizes of pages and shifts."""

from __future__ import annotations

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
    "anyref": (None, 0, 1, 0x3FFF_FFFF, 0x4000_0000, 0x7FFF_FFFF),
    "exnref": (None,),
}
