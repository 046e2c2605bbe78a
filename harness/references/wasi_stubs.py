"""What fills the imports of a module that runs in somebody else's process: modules of stubs, in text format.

A stub does not know what to answer. It writes a record of its call to standard output, and
reads the answers from standard input, so that whoever started the process gives the same as
every other executor gets. All of them write and read through one module, `EXCHANGE`, which
alone has WASI and a memory. Each record is 16 bytes that begin with `CALL` and hold the stub's
number in their second four, then 16 bytes for each argument, little-endian, of a reference
whether it is not null; an answer is 16 bytes for each result. Memories, tables and globals
are made as they are declared, and zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.program_input import WASI
from harness.references.wasi_caller import BUFFER, SLOT_BYTES, NotPossibleError, escaped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine._native import Extern, ValType

EXCHANGE = "fencepost exchange"
CALL = 2
EXCHANGE_TEXT = f"""(module
  (import "{WASI}" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "{WASI}" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (global $at (mut i32) (i32.const 0))
  (func $move (export "put") (param i64)
    (i64.store (global.get $at) (local.get 0)) (global.set $at (i32.add (global.get $at) (i32.const 8))))
  (func (export "begin") (param $number i32)
    (global.set $at (i32.const {BUFFER}))
    (call $move (i64.or (i64.const {CALL}) (i64.shl (i64.extend_i32_u (local.get $number)) (i64.const 32))))
    (call $move (i64.const 0)))
  (func (export "ask") (param $len i32)
    (i32.store (i32.const 0) (i32.const {BUFFER}))
    (i32.store (i32.const 4) (i32.sub (global.get $at) (i32.const {BUFFER})))
    (if (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)) (then unreachable))
    (global.set $at (i32.const {BUFFER}))
    (block $whole
      (loop $more
        (br_if $whole (i32.eqz (local.get $len)))
        (i32.store (i32.const 0) (global.get $at)) (i32.store (i32.const 4) (local.get $len))
        (if (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)) (then unreachable))
        (if (i32.eqz (i32.load (i32.const 8))) (then unreachable))
        (global.set $at (i32.add (global.get $at) (i32.load (i32.const 8))))
        (local.set $len (i32.sub (local.get $len) (i32.load (i32.const 8))))
        (br $more)))
    (global.set $at (i32.const {BUFFER})))
  (func (export "get") (result i64)
    (i64.load (global.get $at)) (global.set $at (i32.add (global.get $at) (i32.const 8)))))"""
PRELUDE = f"""
  (import "{EXCHANGE}" "begin" (func $begin (param i32)))
  (import "{EXCHANGE}" "put" (func $put (param i64)))
  (import "{EXCHANGE}" "ask" (func $ask (param i32)))
  (import "{EXCHANGE}" "get" (func $get (result i64)))"""

PUTS: dict[str, Callable[[str], str]] = {
    "i32": lambda local: f"(call $put (i64.extend_i32_u {local})) (call $put (i64.const 0))",
    "i64": lambda local: f"(call $put {local}) (call $put (i64.const 0))",
    "f32": lambda local: f"(call $put (i64.extend_i32_u (i32.reinterpret_f32 {local}))) (call $put (i64.const 0))",
    "f64": lambda local: f"(call $put (i64.reinterpret_f64 {local})) (call $put (i64.const 0))",
    "v128": lambda local: " ".join(f"(call $put (i64x2.extract_lane {lane} {local}))" for lane in (0, 1)),
}
GETS = {
    "i32": "(i32.wrap_i64 (call $get)) (drop (call $get))",
    "i64": "(call $get) (drop (call $get))",
    "f32": "(f32.reinterpret_i32 (i32.wrap_i64 (call $get))) (drop (call $get))",
    "f64": "(f64.reinterpret_i64 (call $get)) (drop (call $get))",
    "v128": "(i64x2.replace_lane 1 (i64x2.splat (call $get)) (call $get))",
}
ZEROS = {kind: f"({kind}.const 0)" for kind in ("i32", "i64", "f32", "f64")} | {"v128": "(v128.const i64x2 0 0)"}


@dataclass(frozen=True, slots=True)
class Stub:
    """An imported function."""

    module: str
    name: str
    params: Sequence[ValType]
    results: Sequence[ValType]


@dataclass(slots=True)
class Stubs:
    """What fills the imports of one module.

    Attributes:
        functions: the stubs, by number.
        modules: text of each module of stubs, by name, in the order in which they must be loaded.
    """

    functions: list[Stub] = field(default_factory=list)
    modules: dict[str, str] = field(default_factory=dict)


def stubs_for(imports: Sequence[Extern]) -> Stubs:
    """Stubs for all imports.

    Raises:
        NotPossibleError: an import has a type that cannot be given, or the name of another.
    """
    made = Stubs()
    fields: dict[str, dict[str, str]] = {}
    for item in imports:
        module = fields.setdefault(item.get("module", ""), {})
        if item["name"] in module:
            raise NotPossibleError("two imports of one name")
        module[item["name"]] = _field(item, made.functions)
    if WASI in fields:
        raise NotPossibleError("stubs of WASI")
    if made.functions:
        made.modules[EXCHANGE] = EXCHANGE_TEXT
    made.modules |= {name: _module(list(lines.values())) for name, lines in fields.items()}
    return made


def _module(lines: list[str]) -> str:
    prelude = PRELUDE if any("(call $begin" in line for line in lines) else ""
    return f"(module{prelude}\n  " + "\n  ".join(lines) + ")\n"


def _field(item: Extern, functions: list[Stub]) -> str:
    export = f'(export "{escaped(item["name"])}")'
    if item["specific"]:
        raise NotPossibleError("an import of a specific reference type")
    match item["kind"]:
        case "function":
            stub = Stub(item.get("module", ""), item["name"], item["params"], item["results"])
            functions.append(stub)
            return _function(export, stub, len(functions) - 1)
        case "memory":
            return f"(memory {export} {_limits(item)})"
        case "table":
            return f"(table {export} {_limits(item)} {item['type']})"
        case "global":
            kind = item["type"]
            declared = f"(mut {kind})" if item["mutable"] else kind
            return f"(global {export} {declared} {_zero(kind)})"
        case kind:
            raise NotPossibleError(f"an imported {kind}")


def _function(export: str, stub: Stub, number: int) -> str:
    params, results = " ".join(stub.params), " ".join(stub.results)
    puts = " ".join(_put(kind, f"(local.get {at})") for at, kind in enumerate(stub.params))
    gets = " ".join(GETS.get(kind) or f"(drop (call $get)) (drop (call $get)) {_zero(kind)}" for kind in stub.results)
    ask = f"(call $ask (i32.const {SLOT_BYTES * len(stub.results)}))"
    return f"(func {export} (param {params}) (result {results}) (call $begin (i32.const {number})) {puts} {ask} {gets})"


def _put(kind: ValType, local: str) -> str:
    if kind in PUTS:
        return PUTS[kind](local)
    return f"(call $put (i64.extend_i32_u (i32.eqz (ref.is_null {local})))) (call $put (i64.const 0))"


def _limits(item: Extern) -> str:
    maximum = item["maximum"]
    return f"{item['minimum']}" + ("" if maximum is None else f" {maximum}")


def _zero(kind: ValType) -> str:
    return ZEROS.get(kind) or f"(ref.null {kind.removesuffix('ref')})"
