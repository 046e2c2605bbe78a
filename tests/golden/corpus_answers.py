"""What Wasmtime answers to the calls of a seed of the corpus, as lines of text.

Only the `wasmtime` package takes part: this is what says that a seed does what its reason
claims, before any engine of ours sees it. Imports get stubs: functions return zeros,
globals are zero, memories and tables have their least size.
"""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

import pytest
import wasmtime

from harness.program_input import input_from_json
from harness.references.wasmtime_wasi import world_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

HEADER = ";; fencepost:"
UNCAUGHT = "thrown Wasm exception"
FLOATS = {"f32": ("<f", "<I"), "f64": ("<d", "<Q")}


def header_of(path: Path) -> dict[str, Any]:
    """The header lines of a seed."""
    lines = path.read_text(encoding="utf-8").splitlines()
    header: dict[str, Any] = json.loads(
        " ".join(line.removeprefix(HEADER) for line in lines if line.startswith(HEADER))
    )
    return header


def calls_of(path: Path) -> list[dict[str, Any]]:
    """The calls that a seed's header names; none for a whole program."""
    calls: list[dict[str, Any]] = header_of(path).get("calls", [])
    return calls


def answers(path: Path) -> Iterator[str]:
    """One line for each call: its arguments and its results or trap; one line if instantiation traps.

    A whole program gives its output, its exit code and the files that it left.
    """
    config = wasmtime.Config()
    config.wasm_custom_page_sizes = True
    config.wasm_wide_arithmetic = True
    config.wasm_relaxed_simd_deterministic = True
    config.wasm_function_references = True
    config.wasm_gc = True
    config.wasm_exceptions = True
    config.wasm_threads = True
    config.shared_memory = True
    engine = wasmtime.Engine(config)
    module = wasmtime.Module(engine, path.read_text(encoding="utf-8"))
    if (given := header_of(path).get("wasi")) is not None:
        yield from _program(engine, module, given)
        return
    store = wasmtime.Store(engine)
    try:
        exports = wasmtime.Instance(store, module, _stubs(store, module)).exports(store)
    except wasmtime.Trap as trap:
        yield f"instantiation traps: {_name(trap)}"
        return
    for call in calls_of(path):
        function = exports[call["export"]]
        assert isinstance(function, wasmtime.Func)
        shown = " ".join(str(next(iter(arg.values()))) for arg in call["args"])
        yield f"{call['export']}({shown}) {_answer(store, function, [_argument(arg) for arg in call['args']])}"


def _program(engine: wasmtime.Engine, module: wasmtime.Module, part: dict[str, Any]) -> Iterator[str]:
    given = input_from_json(part)
    store = wasmtime.Store(engine)
    with world_of(given) as world:
        instance = world.linker(engine, store).instantiate(store, module)
        start = instance.exports(store)["_start"]
        assert isinstance(start, wasmtime.Func)
        with pytest.raises(wasmtime.ExitTrap) as ended:
            start(store)
        store.close()
        effects = world.effects()
    yield f"prints {effects.stdout!r}"
    yield f"exits {ended.value.code}"
    yield from (f"leaves {name}: {what}" for name, what in effects.files.items())


def _answer(store: wasmtime.Store, function: wasmtime.Func, args: Sequence[Any]) -> str:
    try:
        results = function(store, *args)
    except wasmtime.Trap as trap:
        return f"traps: {_name(trap)}"
    types = function.type(store).results
    values = [] if not types else results if len(types) > 1 else [results]
    return " ".join(["=", *map(_shown, values)]) if values else "returns"


def _name(trap: wasmtime.Trap) -> str:
    if (code := trap.trap_code) is not None:
        return code.name.lower()
    assert UNCAUGHT in str(trap)
    return "uncaught_exception"


def _argument(arg: dict[str, str | None]) -> Any:
    [(kind, text)] = arg.items()
    if text is None:
        return None
    if kind in FLOATS:
        number, bits = FLOATS[kind]
        return struct.unpack(number, struct.pack(bits, int(text, 16)))[0]
    return text if kind == "externref" else _signed(int(text), int(kind[1:]))


def _signed(number: int, width: int) -> int:
    return number - (1 << width) if number >= 1 << (width - 1) else number


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, float):
        return value.hex()
    return "function" if isinstance(value, wasmtime.Func) else str(value)


def _stubs(store: wasmtime.Store, module: wasmtime.Module) -> list[Any]:
    return [_stub(store, item.type) for item in module.imports]


def _stub(store: wasmtime.Store, kind: Any) -> Any:
    match kind:
        case wasmtime.FuncType():
            return wasmtime.Func(store, kind, _zeros(kind))
        case wasmtime.MemoryType():
            return wasmtime.Memory(store, kind)
        case wasmtime.TableType():
            return wasmtime.Table(store, kind, None)
        case wasmtime.GlobalType():
            return wasmtime.Global(store, kind, _zero(kind.content))
    raise AssertionError(kind)


def _zeros(kind: wasmtime.FuncType) -> Callable[..., Any]:
    results = [_zero(result) for result in kind.results]
    return lambda *_: results[0] if len(results) == 1 else (results or None)


def _zero(kind: wasmtime.ValType) -> int | float:
    return 0.0 if str(kind).startswith("f") else 0
