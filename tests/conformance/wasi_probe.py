"""Single calls of WASI with arguments of one's choice, in our engine and in Wasmtime.

A probe is a module that makes each call in a function of its own and returns its error
number. Texts and structures that the calls point to are its data.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import wasmtime

import engine
from harness.program_input import ProgramInput
from harness.references.wasmtime_wasi import world_of

if TYPE_CHECKING:
    from pathlib import Path

MEMORY_BYTES = 65536
FOLDER = 3
RESULT = 64
DATA = 1024
TRAP = "trap"

ERRORS = {
    0: "success",
    8: "badf",
    20: "exist",
    21: "fault",
    22: "fbig",
    25: "ilseq",
    28: "inval",
    31: "isdir",
    32: "loop",
    37: "nametoolong",
    44: "noent",
    48: "nomem",
    54: "notdir",
    55: "notempty",
    58: "notsup",
    61: "overflow",
    63: "perm",
    70: "spipe",
}
"""Of `errno` of preview 1, those that come up."""

INPUT = ProgramInput(stdin=b"input", files={"file": b"hello world", "sub/": b""})
LINKS = {"out": "../secret", "absolute": "/etc/passwd", "round": "round", "link": "file", "folder_link": "sub"}


@dataclass(slots=True)
class Probe:
    """A probe in the making.

    Attributes:
        calls: name, parameter types (``i`` and ``I``) and arguments of each call.
        data: what lies where in memory.
    """

    calls: list[tuple[str, str, tuple[int, ...]]] = field(default_factory=list)
    data: dict[int, bytes] = field(default_factory=dict)
    _end: int = DATA

    def put(self, data: bytes) -> int:
        """Where some data are, aligned to 8 bytes."""
        at, self._end = self._end, (self._end + len(data) + 7) & ~7
        self.data[at] = data
        return at

    def buffer(self, at: int, length: int) -> int:
        """Where a buffer descriptor is."""
        return self.put(at.to_bytes(4, "little") + length.to_bytes(4, "little"))

    def path(self, path: str | bytes) -> tuple[int, int]:
        """Where a path is, and how long."""
        data = path.encode() if isinstance(path, str) else path
        return self.put(data), len(data)

    def wasm(self) -> bytes:
        """The module; call ``n`` is the export ``c<n>``."""
        types = {"i": "i32", "I": "i64"}
        lines = ["(module"]
        for name, params in sorted({(name, params) for name, params, _ in self.calls}):
            signature = " ".join(types[param] for param in params)
            lines.append(f'(import "wasi_snapshot_preview1" "{name}" (func ${name} (param {signature}) (result i32)))')
        lines.append('(memory (export "memory") 1)')
        for at, data in self.data.items():
            escaped = "".join(f"\\{byte:02x}" for byte in data)
            lines.append(f'(data (i32.const {at}) "{escaped}")')
        for nth, (name, params, args) in enumerate(self.calls):
            constants = " ".join(f"({types[kind]}.const {arg})" for kind, arg in zip(params, args, strict=True))
            lines.append(f'(func (export "c{nth}") (result i32) (call ${name} {constants}))')
        return engine.assemble("\n".join([*lines, ")"]).encode())


def _add_links(folder: Path) -> None:
    for name, target in LINKS.items():
        (folder / name).symlink_to(target)


def ours(probe: Probe) -> list[str]:
    """What our engine answers to each call."""
    with INPUT.folder() as folder:
        _add_links(folder)
        result = engine.run_wasi(
            engine.Program(probe.wasm()),
            args=INPUT.argv,
            stdin=INPUT.stdin,
            preopens=[(folder, ".")],
            capture=1 << 16,
            calls=[(f"c{nth}", []) for nth in range(len(probe.calls))],
        )
    return [ERRORS[call["values"][0]["bits"] or 0] for call in result["calls"]]


def theirs(probe: Probe) -> list[str]:
    """What Wasmtime answers to each call; it traps where the standard forbids the arguments."""
    host = wasmtime.Engine()
    store = wasmtime.Store(host)
    with world_of(INPUT) as world:
        _add_links(world.folder)
        instance = world.linker(host, store).instantiate(store, wasmtime.Module(host, probe.wasm()))
        answers = [_answer(instance.exports(store)[f"c{nth}"], store) for nth in range(len(probe.calls))]
        store.close()
    return answers


def _answer(call: object, store: wasmtime.Store) -> str:
    assert isinstance(call, wasmtime.Func)
    try:
        return ERRORS[call(store)]
    except wasmtime.WasmtimeError:
        return TRAP
