"""Wasmtime's own WASI for whole programs: the same input as our engine gives, over a folder of its own.

Clocks, random bytes, and what files are numbered and dated are as Wasmtime has them; where a
program asks for those, the oracles do not expect the same answers. A program that waits is
stopped instead, since nothing would end a long wait.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import wasmtime

from harness.outcome import Effects
from harness.program_input import FOLDER, WASI, ProgramInput, digests_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine._native import Extern

BENCHMARK = "bench"
"""Module of two functions that mark what a benchmark measures, and do nothing."""
WAITING = "poll_oneoff"


class NoSuchImportError(Exception):
    """Nothing fills an import."""


@dataclass(frozen=True, slots=True)
class World:
    """What one program sees and leaves behind.

    Attributes:
        folder: its own.
        streams: where its streams are, as files.
    """

    given: ProgramInput
    folder: Path
    streams: Path

    def linker(self, wasmtime_engine: wasmtime.Engine, store: wasmtime.Store) -> wasmtime.Linker:
        """Gives the store its world, and what fills the imports of its program."""
        config = wasmtime.WasiConfig()
        config.argv = self.given.argv
        config.env = list(self.given.env.items())
        (self.streams / "stdin").write_bytes(self.given.stdin)
        config.stdin_file = str(self.streams / "stdin")
        config.stdout_file = str(self.streams / "stdout")
        config.stderr_file = str(self.streams / "stderr")
        config.preopen_dir(str(self.folder), FOLDER)
        store.set_wasi(config)
        linker = wasmtime.Linker(wasmtime_engine)
        linker.define_wasi()
        return linker

    def effects(self) -> Effects:
        """What the program did; its store must be closed."""
        stdout, stderr = ((self.streams / name).read_bytes() for name in ("stdout", "stderr"))
        return Effects(stdout, stderr, digests_of(self.folder))


@contextmanager
def world_of(given: ProgramInput) -> Iterator[World]:
    """A world for one run."""
    with given.folder() as folder, TemporaryDirectory(prefix="fencepost-") as streams:
        yield World(given, folder, Path(streams))


def filled(linker: wasmtime.Linker, store: wasmtime.Store, extern: Extern, kind: Any) -> Any:
    """What fills an import of a program.

    Raises:
        NoSuchImportError: nothing does.
    """
    module, name = extern.get("module", ""), extern["name"]
    if (module, name) == (WASI, WAITING):
        return wasmtime.Func(store, kind, _refuse_to_wait)
    if module == BENCHMARK and isinstance(kind, wasmtime.FuncType) and not (kind.params or kind.results):
        return wasmtime.Func(store, kind, lambda: None)
    try:
        return linker.get(store, module, name)
    except wasmtime.WasmtimeError:
        raise NoSuchImportError(f"import {module}.{name}") from None


def _refuse_to_wait(*_: int) -> int:
    raise wasmtime.WasmtimeError("a program that waits is stopped")
