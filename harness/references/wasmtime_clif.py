"""Wasmtime as a reference for programs in CLIF: it runs their translation to WebAssembly.

The engine writes the program, as its plan changes it, as a module whose memory is the
arena (`engine/src/clif/translate`). Neither our lowering nor our executors have a part in
what Wasmtime makes of that. What has no translation is `untranslated`, which is counted
and no verdict.
"""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

import wasmtime
from xxhash import xxh3_64_intdigest

import engine
from harness.limits import Limits
from harness.outcome import CallOutcome, NotRun, Outcome, Ran, Returned, State, Trapped, Value
from harness.references import wasmtime_raw as raw
from harness.references.wasmtime import COMPILERS, engine_of, interrupt_after, stopped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from engine._native import ClifArena, ValType
    from harness.case import Call
    from harness.executors import Subject

PARTS: dict[str, tuple[str, ...]] = {"i8": ("i32",), "i16": ("i32",), "i128": ("i64", "i64")}
"""What a value of a type is in Wasm, where that is not one value of this type; low half first."""
HALF_BITS = 64

BAD_CODE_REFERENCE = "bad_code_reference"
NAMES = dict.fromkeys(("table_out_of_bounds", "indirect_call_to_null", "bad_signature"), BAD_CODE_REFERENCE)
"""Wasm's own traps that have another name in an arena: a module's tables stand for the one code table."""


@dataclass(frozen=True, slots=True)
class WasmtimeClifReference:
    """One configuration of Wasmtime."""

    name: str = "wasmtime"
    limits: Limits = field(default_factory=Limits)

    def run(self, subject: Subject) -> Outcome:
        """Translates the subject and runs it in a fresh store."""
        start = time.perf_counter()
        try:
            wasm = subject.program.to_wasm()
        except engine.Unsupported as error:
            return NotRun("untranslated", str(error))
        translated = time.perf_counter()
        wasmtime_engine = engine_of(COMPILERS[self.name])
        try:
            module = wasmtime.Module(wasmtime_engine, wasm)
        except wasmtime.WasmtimeError as error:
            return NotRun("invalid", f"the translation: {str(error).splitlines()[0]}")
        compiled = time.perf_counter()
        limits = self.limits.of(subject)
        with closing(wasmtime.Store(wasmtime_engine)) as store:
            outcome = _Session(wasmtime_engine, store, module, subject, limits).run()
        times = {"translate": translated - start, "compile": compiled - translated}
        outcome.times.update(times, run=time.perf_counter() - compiled)
        return outcome


@cache
def _arena() -> ClifArena:
    return engine.clif_arena()


class _Session:
    """One store with one instance."""

    def __init__(
        self,
        wasmtime_engine: wasmtime.Engine,
        store: wasmtime.Store,
        module: wasmtime.Module,
        subject: Subject,
        limits: Limits,
    ) -> None:
        self.engine = wasmtime_engine
        self.subject = subject
        self.limits = limits
        self.store = store
        self.exports: Any = wasmtime.Instance(self.store, module, []).exports(self.store)

    def run(self) -> Ran:
        """Makes the calls and looks at what is left."""
        results = {export["name"]: export.get("results", []) for export in self.subject.exports}
        calls = tuple(self._call(call, results[call.export]) for call in self.subject.calls)
        state = State(memories={0: (_arena()["memory"][1] >> 16, self._digest(*_arena()["memory"]))})
        return Ran(Returned(), calls, state, arena_digest=self._digest(*_arena()["digested"]), times={})

    def _call(self, call: Call, results: list[ValType]) -> CallOutcome:
        args = [part for value in call.args for part in parts(value)]
        count = sum(len(PARTS.get(kind, (kind,))) for kind in results)
        try:
            interrupt_after(self.limits.deadline, self.engine, self.store)
            values = raw.call(self.store, self.exports[call.export], args, count, {})
        except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
            return self._named(stopped(error))
        return Returned(tuple(whole(values, results)))

    def _named(self, step: CallOutcome) -> CallOutcome:
        """A trap by its name in an arena: the module says which one `unreachable` was."""
        if not isinstance(step, Trapped):
            return step
        number = self.exports[_arena()["trap_export"]].value(self.store)
        if step.trap == "unreachable" and number > 0:
            return Trapped(_arena()["traps"][number - 1])
        return Trapped(NAMES.get(step.trap, step.trap))

    def _digest(self, offset: int, length: int) -> int:
        memory = self.exports[_arena()["memory_export"]]
        return xxh3_64_intdigest(memory.get_buffer_ptr(self.store, length, offset))


def parts(value: Value) -> tuple[Value, ...]:
    """The Wasm values that a value is passed as."""
    kinds = PARTS.get(value.type, (value.type,))
    if len(kinds) == 1:
        return (Value(kinds[0], value.bits),)
    bits = value.bits or 0
    return tuple(Value(kind, bits >> HALF_BITS * nth & (1 << HALF_BITS) - 1) for nth, kind in enumerate(kinds))


def whole(values: Iterable[Value], types: Iterable[ValType]) -> Iterator[Value]:
    """The values of some types, of the Wasm values that they came as."""
    left = iter(values)
    for kind in types:
        bits = [value.bits or 0 for value in islice(left, len(PARTS.get(kind, (kind,))))]
        yield Value(kind, sum(part << HALF_BITS * nth for nth, part in enumerate(bits)))
