"""Valid modules that are larger than life: judged or counted as unsupported, never a crash or a hang."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Fencepost

QUICK = ("--executor", "interpreter", "--mode", "exact", "--reference", "none")


def leb(number: int) -> bytes:
    """Unsigned LEB128."""
    low, high = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + leb(high) if high else bytes([low])


def section(number: int, body: bytes) -> bytes:
    return bytes([number]) + leb(len(body)) + body


def functions(count: int) -> bytes:
    """A module of so many functions that do nothing; the first is exported as ``f``."""
    return (
        b"\0asm\1\0\0\0"
        + section(1, b"\1\x60\0\0")
        + section(3, leb(count) + count * b"\0")
        + section(7, b"\1\1f\0\0")
        + section(10, leb(count) + count * b"\2\0\x0b")
    )


def test_a_hundred_thousand_functions(fencepost: Fencepost, tmp_path: Path) -> None:
    (tmp_path / "many.wasm").write_bytes(functions(100_000))
    result = fencepost("check", *QUICK, "many.wasm")
    assert (result.returncode, result.stdout) == (0, "many.wasm: clean\n"), result.stderr


@pytest.mark.parametrize("limit", ["256MiB", "4GiB"])
def test_a_memory_of_four_gibibytes_is_counted_as_unsupported(fencepost: Fencepost, tmp_path: Path, limit: str) -> None:
    (tmp_path / "memory.wat").write_text('(module (memory 65536) (func (export "f")))')
    result = fencepost("check", "--max-memory", limit, "memory.wat")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("memory.wat: incomplete:completion:memory limit")


def test_growing_to_four_gibibytes_fails_alike_everywhere(fencepost: Fencepost, tmp_path: Path) -> None:
    grow = '(module (memory 1 65536) (func (export "f") (result i32) (memory.grow (i32.const 65535))))'
    (tmp_path / "grow.wat").write_text(grow)
    result = fencepost("check", "grow.wat")
    assert (result.returncode, result.stdout) == (0, "grow.wat: clean\n"), result.stderr
