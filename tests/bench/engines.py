"""One timed call in our executors and in Wasmtime.

A time is that of the call alone, in seconds: translation, compilation and instantiation
come before the clock starts. Every call gets a fresh instance, in both.
"""

from __future__ import annotations

import struct
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import wasmtime

import engine

if TYPE_CHECKING:
    from engine._native import Executor
    from tests.bench.programs import Job

UNLIMITED_FUEL = 1 << 62
DEADLINE = 120.0
STACK_DEPTH = 10_000


@dataclass(frozen=True, slots=True)
class Timed:
    """A call's time, and what it returned (bit patterns, or how it ended), to compare."""

    seconds: float
    answer: object


class Contestant(Protocol):
    """Something that runs jobs."""

    def time(self, job: Job) -> Timed:
        """Runs a job once."""


@dataclass(slots=True)
class Ours:
    """An executor of the arena engine, running programs as shipped."""

    executor: Executor
    _programs: dict[str, engine.Program] = field(default_factory=dict)

    def time(self, job: Job) -> Timed:
        """Runs a job once.

        Raises:
            RuntimeError: the call did not end as programs do.
        """
        program = self._programs.setdefault(job.file, engine.Program(job.wasm))
        result = program.run(
            [(job.export, job.arguments)],
            executor=self.executor,
            mode="as-shipped",
            fuel=UNLIMITED_FUEL,
            deadline=DEADLINE,
            depth=STACK_DEPTH,
        )
        [call] = result["calls"]
        seconds = result["times"]["run"]
        if "values" in call:
            return Timed(seconds, [value["bits"] for value in call["values"]])
        if "exit" in call:
            return Timed(seconds, _exited(call["exit"]))
        raise RuntimeError(f"{job.name} in {self.executor}: {call}")


@dataclass(slots=True)
class Wasmtime:
    """The package as it is.

    Attributes:
        target: ``pulley64`` for its interpreter; `None` for native code.
    """

    target: str | None = None
    _host: wasmtime.Engine = field(init=False)
    _modules: dict[str, wasmtime.Module] = field(default_factory=dict)

    def __post_init__(self) -> None:
        config = wasmtime.Config()
        if self.target is not None:
            config.target = self.target
        self._host = wasmtime.Engine(config)

    def time(self, job: Job) -> Timed:
        """Runs a job once."""
        if job.file not in self._modules:
            self._modules[job.file] = wasmtime.Module(self._host, job.wasm)
        store = wasmtime.Store(self._host)
        instance = _linker(self._host, store).instantiate(store, self._modules[job.file])
        function = instance.exports(store)[job.export]
        assert isinstance(function, wasmtime.Func)
        start = time.perf_counter()
        try:
            result = function(store, *job.arguments)
        except wasmtime.ExitTrap as exited:
            return Timed(time.perf_counter() - start, _exited(exited.code))
        return Timed(time.perf_counter() - start, _bits(function.type(store), result))


def _exited(code: int) -> object:
    return [] if code == 0 else f"exit {code}"


def _linker(host: wasmtime.Engine, store: wasmtime.Store) -> wasmtime.Linker:
    store.set_wasi(wasmtime.WasiConfig())
    linker = wasmtime.Linker(host)
    linker.define_wasi()
    nothing = wasmtime.FuncType([], [])
    for edge in ("start", "end"):
        linker.define_func("bench", edge, nothing, lambda: None)
    return linker


def _bits(signature: wasmtime.FuncType, result: object) -> list[int]:
    if not signature.results:
        return []
    if isinstance(result, int):
        return [result & (1 << 32) - 1]
    assert isinstance(result, float), "the kernels return i32 and f64"
    return [int.from_bytes(struct.pack("<d", result), "little")]
