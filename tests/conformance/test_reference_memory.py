"""A reference that ran many cases keeps none of them."""

from __future__ import annotations

import gc

import engine
from harness.case import Call, Case
from harness.executors import Subject
from harness.outcome import HostCall
from harness.references.wasmtime import WasmtimeReference

CALLS_HOST = """
(module (import "host" "f" (func $f (param i32))) (func (export "g") (call $f (i32.const 1))))
"""


def test_the_log_of_a_store_ends_with_its_outcome() -> None:
    case = Case(engine.assemble(CALLS_HOST.encode()), calls=(Call("g", ()),))
    subject = Subject(case)
    gc.collect()
    before = sum(isinstance(thing, HostCall) for thing in gc.get_objects())
    for _ in range(5):
        WasmtimeReference().run(subject)
    gc.collect()
    assert sum(isinstance(thing, HostCall) for thing in gc.get_objects()) == before
