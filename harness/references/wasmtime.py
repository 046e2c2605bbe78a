"""Wasmtime, native and with its own interpreter (Pulley), as the PyPI package has it.

It gets what our engine gets: the same stubs for imports, the same limits of memories and
tables, canonical NaNs. Its traps are mapped to our names here, once. What it cannot show
(memories, tables and globals that are not exported) is not compared.
"""

from __future__ import annotations

import ctypes
import re
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import wasmtime
from xxhash import xxh3_64_intdigest

import engine
from harness.limits import Limits, near_limit
from harness.outcome import (
    CallOutcome,
    Exited,
    HostCall,
    NotRun,
    Outcome,
    Ran,
    Returned,
    State,
    Trapped,
    Value,
)
from harness.program_input import WASI
from harness.references import EXHAUSTED, LOGGED_CALLS, STACK_BYTES, UNCAUGHT
from harness.references import wasmtime_raw as raw
from harness.references.wasmtime_wasi import NoSuchImportError, filled, world_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from engine._native import Extern, ValType
    from harness.case import Call
    from harness.executors import Subject

SHOWN_ELEMENTS = 1024


@dataclass(frozen=True, slots=True)
class _Compiler:
    """How a reference compiles. Two that differ see more than two alike."""

    target: str | None
    opt_level: str


COMPILERS = {"wasmtime": _Compiler(None, "speed"), "wasmtime-pulley": _Compiler("pulley64", "none")}

FRAME = re.compile(r"^\s*0:\s+(0x[0-9a-f]+) - ", re.MULTILINE)

TRAPS = {
    wasmtime.TrapCode.STACK_OVERFLOW: "stack_overflow",
    wasmtime.TrapCode.MEMORY_OUT_OF_BOUNDS: "heap_out_of_bounds",
    wasmtime.TrapCode.HEAP_MISALIGNED: "heap_misaligned",
    wasmtime.TrapCode.TABLE_OUT_OF_BOUNDS: "table_out_of_bounds",
    wasmtime.TrapCode.INDIRECT_CALL_TO_NULL: "indirect_call_to_null",
    wasmtime.TrapCode.BAD_SIGNATURE: "bad_signature",
    wasmtime.TrapCode.INTEGER_OVERFLOW: "integer_overflow",
    wasmtime.TrapCode.INTEGER_DIVISION_BY_ZERO: "integer_division_by_zero",
    wasmtime.TrapCode.BAD_CONVERSION_TO_INTEGER: "bad_conversion_to_integer",
    wasmtime.TrapCode.UNREACHABLE: "unreachable",
    wasmtime.TrapCode.INTERRUPT: "interrupt",
    wasmtime.TrapCode.OUT_OF_FUEL: "out_of_fuel",
    wasmtime.TrapCode.ATOMIC_WAIT_NON_SHARED_MEMORY: "atomic_wait_non_shared_memory",
    wasmtime.TrapCode.NULL_REFERENCE: "null_reference",
    wasmtime.TrapCode.ARRAY_OUT_OF_BOUNDS: "array_out_of_bounds",
    wasmtime.TrapCode.ALLOCATION_TOO_LARGE: "allocation_too_large",
    wasmtime.TrapCode.CAST_FAILURE: "cast_failure",
}


class _Exit(Exception):
    """WASI's proc_exit was called."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class WasmtimeReference:
    """One configuration of Wasmtime."""

    name: str = "wasmtime"
    limits: Limits = field(default_factory=Limits)

    def run(self, subject: Subject) -> Outcome:
        """Runs the subject in a fresh store."""
        if any(map(_cannot_cross, subject.program.imports)):
            return NotRun("unsupported", "wasmtime: the package aborts where imports have vectors or new references")
        wasmtime_engine = engine_of(COMPILERS[self.name])
        if subject.program.may_wait:
            return NotRun("unsupported", "wasmtime: a wait would not end before its time")
        start = time.perf_counter()
        try:
            module = wasmtime.Module(wasmtime_engine, subject.case.wasm)
        except wasmtime.WasmtimeError as error:
            return NotRun("unsupported", f"wasmtime: {_root_cause(error)}")
        if any(isinstance(kind := item.type, wasmtime.MemoryType) and kind.is_shared for item in module.imports):
            return NotRun("unsupported", "wasmtime: the package cannot give a shared memory")
        compiled = time.perf_counter()
        limits = self.limits.of(subject)
        try:
            outcome = _run(wasmtime_engine, module, subject, limits)
        except NoSuchImportError as error:
            return NotRun("unsupported", f"wasmtime: {error}")
        outcome.times.update(compile=compiled - start, run=time.perf_counter() - compiled)
        return outcome


def _run(wasmtime_engine: wasmtime.Engine, module: wasmtime.Module, subject: Subject, limits: Limits) -> Ran:
    if subject.input is None:
        with _store(wasmtime_engine) as store:
            return _Session(wasmtime_engine, store, module, subject, limits).run()
    with world_of(subject.input) as world:
        with _store(wasmtime_engine) as store:
            linker = world.linker(wasmtime_engine, store)
            ran = _Session(wasmtime_engine, store, module, subject, limits, linker=linker).run()
        return replace(ran, effects=world.effects())  # complete once the store is closed


def _store(wasmtime_engine: wasmtime.Engine) -> closing[wasmtime.Store]:
    """A store to close by hand: it keeps the stubs, which keep the session, which keeps it."""
    return closing(wasmtime.Store(wasmtime_engine))


@cache
def engine_of(compiler: _Compiler) -> wasmtime.Engine:
    """Engines are costly and safe to share, so there is one for each configuration."""
    config = wasmtime.Config()
    config.parallel_compilation = False
    config.epoch_interruption = True
    config.cranelift_nan_canonicalization = True
    config.wasm_relaxed_simd_deterministic = True
    config.wasm_custom_page_sizes = True
    config.wasm_wide_arithmetic = True
    config.wasm_function_references = True
    config.wasm_gc = True
    config.wasm_exceptions = True
    config.native_unwind_info = False
    config.max_wasm_stack = STACK_BYTES
    config.cranelift_opt_level = compiler.opt_level
    config.cranelift_flag_set("regalloc_algorithm", "single_pass")  # cases are compiled for longer than they run
    if compiler.target is None:
        config.wasm_threads = True
        config.shared_memory = True
    else:
        config.target = compiler.target  # Pulley, which has no atomics
    return wasmtime.Engine(config)


class _Session:
    """One store with one instance."""

    def __init__(
        self,
        wasmtime_engine: wasmtime.Engine,
        store: wasmtime.Store,
        module: wasmtime.Module,
        subject: Subject,
        limits: Limits,
        *,
        linker: wasmtime.Linker | None = None,
    ) -> None:
        self.engine = wasmtime_engine
        self.store = store
        self.module = module
        self.subject = subject
        self.limits = limits
        self.linker = linker
        self.store.set_limits(memory_size=limits.max_memory, table_elements=limits.max_table)
        self.log: list[HostCall] = []
        self.host_calls = 0
        self.functions: raw.Functions = {}

    def run(self) -> Ran:
        """Instantiates, calls and looks at what is left."""
        try:
            imports = self._imports()
            interrupt_after(self.limits.deadline, self.engine, self.store)
            instance = wasmtime.Instance(self.store, self.module, imports)
        except (wasmtime.Trap, wasmtime.WasmtimeError, _Exit) as error:
            return Ran(stopped(error), host_calls=tuple(self.log), times={})
        items = list(instance.exports(self.store).by_index)
        self._learn_functions(items)
        calls = tuple(self._calls(dict(zip((export["name"] for export in self.subject.exports), items, strict=True))))
        state = self._state(items)
        near = near_limit(state, self.limits)
        return Ran(Returned(), calls, state, tuple(self.log), near_limit=near, times={})

    def _imports(self) -> list[Any]:
        """What our engine gives: WASI to a whole program, else stubs and empty memories, tables and globals."""
        pairs = zip(self.subject.program.imports, self.module.imports, strict=True)
        return [self._import(ours, theirs) for ours, theirs in pairs]

    def _import(self, ours: Extern, theirs: wasmtime.ImportType) -> Any:
        kind = theirs.type
        if self.linker is not None:
            return filled(self.linker, self.store, ours, kind)
        if isinstance(kind, wasmtime.FuncType):
            return wasmtime.Func(self.store, kind, self._host(ours))
        if isinstance(kind, wasmtime.MemoryType):
            return wasmtime.Memory(self.store, kind)
        if isinstance(kind, wasmtime.TableType):
            return wasmtime.Table(self.store, kind, None)
        assert isinstance(kind, wasmtime.GlobalType)
        zero = 0.0 if ours["type"] in ("f32", "f64") else 0
        return wasmtime.Global(self.store, kind, None if ours["type"].endswith("ref") else zero)

    def _host(self, extern: Extern) -> Callable[..., Any]:
        """A stub: it logs its call and gives what our engine's stub gives."""
        module, name, params, results = extern.get("module", ""), extern["name"], extern["params"], extern["results"]
        exits = (module, name, params, results) == (WASI, "proc_exit", ["i32"], [])

        def host(*args: Any) -> Any:
            pairs = zip(params, args, strict=True)
            values = tuple(raw.host_value(self.store, kind, arg, self.functions) for kind, arg in pairs)
            if len(self.log) < LOGGED_CALLS:
                self.log.append(HostCall(module, name, values))
            if exits:
                raise _Exit(args[0])
            answers = self._answers(module, name, values, results)
            return answers[0] if len(answers) == 1 else answers or None

        return host

    def _answers(
        self, module: str, name: str, args: Sequence[Value], results: Sequence[ValType]
    ) -> list[int | float | None]:
        seen = [_seen(value) for value in args]
        bits = engine.answers(module, name, seen, self.host_calls, results)
        self.host_calls += 1
        return [raw.host_result(kind, answer) for kind, answer in zip(results, bits, strict=True)]

    def _learn_functions(self, items: list[Any]) -> None:
        """Functions are known by their exports; others cannot be told apart from outside."""
        for export, item in zip(self.subject.exports, items, strict=True):
            if isinstance(item, wasmtime.Func):
                self.functions[raw.identity(item)] = export["index"]

    def _calls(self, items: dict[str, Any]) -> Iterator[CallOutcome]:
        results = {export["name"]: len(export.get("results", ())) for export in self.subject.exports}
        for call in self.subject.calls:
            outcome = self._call(items[call.export], call, results[call.export])
            yield outcome
            if isinstance(outcome, Exited):
                return

    def _call(self, func: wasmtime.Func, call: Call, results: int) -> CallOutcome:
        try:
            interrupt_after(self.limits.deadline, self.engine, self.store)
            return Returned(raw.call(self.store, func, call.args, results, self.functions))
        except (wasmtime.Trap, wasmtime.WasmtimeError, _Exit) as error:
            return stopped(error)

    def _state(self, items: list[Any]) -> State:
        state = State()
        for export, item in zip(self.subject.exports, items, strict=True):
            index = export["index"]
            if isinstance(item, wasmtime.Memory):
                length = item.data_len(self.store)
                data: Any = item.get_buffer_ptr(self.store, length) if length else b""
                state.memories[index] = (item.size(self.store), xxh3_64_intdigest(data))
            elif isinstance(item, wasmtime.SharedMemory):
                length = item.data_len()
                data = ctypes.string_at(item.data_ptr(), length)
                state.memories[index] = (length // item.type().page_size, xxh3_64_intdigest(data))
            elif isinstance(item, wasmtime.Table):
                size = item.size(self.store)
                shown = range(min(size, SHOWN_ELEMENTS))
                elements = (raw.table_element(self.store, item, nth, self.functions) for nth in shown)
                state.tables[index] = (size, tuple(elements))
            elif isinstance(item, wasmtime.Global):
                state.globals[index] = raw.global_value(self.store, item, self.functions)
        return state


def _cannot_cross(item: Extern) -> bool:
    """Whether the package has no values of a type that an import has, or no such imports."""
    types = {item.get("type"), *item.get("params", ()), *item.get("results", ())}
    return item["kind"] == "tag" or item["specific"] or not types.isdisjoint(("v128", "anyref", "exnref"))


def _seen(value: Value) -> int:
    """What a stub sees of an argument: of a reference, whether it is null."""
    if value.type.endswith("ref"):
        return int(value.bits is not None)
    return value.bits or 0


def stopped(error: Exception) -> CallOutcome:
    """What a call came to that raised ``error``."""
    if isinstance(error, _Exit | wasmtime.ExitTrap):
        return Exited(error.code)
    if UNCAUGHT in str(error):
        return Trapped("uncaught_exception", UNCAUGHT)
    if EXHAUSTED in str(error):
        return Trapped("allocation_too_large", EXHAUSTED)
    code = error.trap_code if isinstance(error, wasmtime.Trap) else None
    return Trapped(TRAPS.get(code, "host") if code is not None else "host", _site(str(error)))


def _root_cause(error: wasmtime.WasmtimeError) -> str:
    """What an error comes from, without its place: the last line of the chain."""
    return str(error).strip().splitlines()[-1].strip().partition(" (at offset")[0]


def _site(message: str) -> str:
    """The innermost frame of a trap's backtrace, by its offset in the module; of another error, its first line."""
    frame = FRAME.search(message)
    return f"wasm {frame[1]}" if frame else message.split("\n", 1)[0]


class _Ticker:
    """Stops calls that run too long: a thread that advances the epoch of one engine."""

    TICK = 0.1

    def __init__(self, wasmtime_engine: wasmtime.Engine) -> None:
        self._engine = wasmtime_engine
        threading.Thread(target=self._tick, daemon=True, name="fencepost-epoch").start()

    def _tick(self) -> None:
        while True:
            time.sleep(self.TICK)
            self._engine.increment_epoch()


_TICKERS: dict[int, _Ticker] = {}


def interrupt_after(seconds: float, wasmtime_engine: wasmtime.Engine, store: wasmtime.Store) -> None:
    """Interrupts what runs in the store ``seconds`` from now, give or take a tick."""
    if id(wasmtime_engine) not in _TICKERS:
        _TICKERS[id(wasmtime_engine)] = _Ticker(wasmtime_engine)
    store.set_epoch_deadline(max(1, round(seconds / _Ticker.TICK)))
