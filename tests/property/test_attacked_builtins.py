"""Whatever fields of the VM structures are corrupted before a builtin, or as it is called: the runtime copes.

One module has every instruction that becomes a builtin, and an export for each field that writes to
it, at once or when the next builtin is called. Drawn sequences of both must be contained, and come to
the same in every executor.
"""

from __future__ import annotations

from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

import engine
from harness.case import Call, Case
from harness.case_file import assemble
from harness.check import check
from harness.outcome import Value
from harness.plan import Plan
from harness.verdict import Kind

FIELDS = tuple(engine.catalogue()["fields"])
BUILTINS = {
    "grow": "(param i32) (result i32) (memory.grow $own (local.get 0))",
    "grow_imported": "(param i32) (result i32) (memory.grow $imported (local.get 0))",
    "copy": "(param i32) (memory.copy $own $own (i32.const 64) (i32.const 0) (local.get 0))",
    "fill": "(param i32) (memory.fill $imported (i32.const 8) (i32.const 1) (local.get 0))",
    "init": "(param i32) (memory.init $own $data (i32.const 0) (i32.const 0) (local.get 0))",
    "table_grow": "(param i32) (result i32) (table.grow $table (ref.func $wide) (local.get 0))",
    "table_get": "(param i32) (result i32) (ref.is_null (table.get $table (local.get 0)))",
    "table_init": "(param i32) (table.init $table $elements (i32.const 0) (i32.const 0) (local.get 0))",
    "table_copy": "(param i32) (table.copy $table $imports (i32.const 0) (i32.const 0) (local.get 0))",
    "drop": "(param i32) (elem.drop $elements)",
    "call": "(param i32) (result i32) (call_indirect $table (type $nullary) (local.get 0))",
    "call_import": "(param i32) (result i32) (call $import (local.get 0))",
    "object": "(param i32) (result i32) (struct.get $box 1 (struct.new $box (ref.func $seven) (local.get 0)))",
    "array": "(param i32) (result i32) (array.len (array.new $row (i32.const 1) (local.get 0)))",
    "field": """(param i32) (result i32)
        (call_ref $nullary (struct.get $box 0 (struct.new $box (ref.func $seven) (local.get 0))))""",
    "cast": """(param i32) (result i32)
        (ref.test (ref $below) (global.get $object))""",
    "throw": """(param i32) (result i32)
        (block $caught (result i32) (try_table (catch $tag $caught) (throw $tag (local.get 0))) (unreachable))""",
    "throw_imported": """(param i32) (result i32)
        (block $caught (result i32)
          (try_table (catch $imported_tag $caught) (throw $imported_tag (local.get 0))) (unreachable))""",
    "global": "(param i32) (result i32) (global.set $global (local.get 0)) (global.get $global)",
    "many": f"(param i32) (result i32) (call $ten) {'i32.add ' * 9}",
}
INTERESTING = (0, 1, 2, 0xFFFF, 0x1_0000, 0x1_2000, 0x7FFF_FFFF, 0x8000_0000, 0x8000_1000, 0xFFFF_0000, 0xFFFF_FFFF)


@cache
def attacked() -> bytes:
    """The module."""
    imports = "".join(
        f'(import "fencepost" "{field}" (func $field{number} (param i32 i32) (result i32)))'
        for number, field in enumerate(FIELDS)
    )
    writes = "".join(
        f"""(func (export "write {field}") (param $instance i32) (param $index i32) (param $value i32)
              (call $store32 (call $field{number} (local.get $instance) (local.get $index)) (local.get $value)))
            (func (export "ambush {field}") (param $instance i32) (param $index i32) (param $value i32)
              (call $later (i32.const 0) (call $field{number} (local.get $instance) (local.get $index))
                (local.get $value)))"""
        for number, field in enumerate(FIELDS)
    )
    builtins = "".join(f'(func (export "{name}") {body})' for name, body in BUILTINS.items())
    return assemble(
        f"""(module
          (type $nullary (func (result i32)))
          (type $box (struct (field (ref null $nullary)) (field i32)))
          (type $row (array (mut i32)))
          (type $above (sub (struct)))
          (type $below (sub $above (struct (field i32))))
          (import "env" "memory" (memory $imported 1 3))
          (import "env" "table" (table $imports 2 4 funcref))
          (import "env" "global" (global $global (mut i32)))
          (import "env" "tag" (tag $imported_tag (param i32)))
          (import "env" "function" (func $import (param i32) (result i32)))
          (import "fencepost" "store32" (func $store32 (param i32 i32)))
          (import "fencepost" "store32_in_builtin" (func $later (param i32 i32 i32)))
          {imports}
          (tag $tag (param i32))
          (memory $own (export "memory") 1 3)
          (data $data "sixteen letters!")
          (table $table 4 8 funcref)
          (elem (table $table) (i32.const 1) func $seven $wide)
          (elem $elements func $seven $wide)
          (global $object (mut (ref null $above)) (struct.new $below (i32.const 1)))
          (func $seven (type $nullary) (i32.const 7))
          (func $wide (param i64) (result i64) (local.get 0))
          (func $ten (result i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
            {" ".join(f"(i32.const {number})" for number in range(10))})
          {writes} {builtins})""",
        "test",
    )


def i32(number: int) -> Value:
    return Value("i32", number)


numbers = st.one_of(st.sampled_from(INTERESTING), st.integers(0, 40), st.integers(0, 2**32 - 1)).map(i32)
places = st.tuples(st.sampled_from((1, 1, 1, 0)).map(i32), st.sampled_from((0, 0, 0, 1, 2)).map(i32), numbers)
writes = st.builds(
    lambda how, field, place: Call(f"{how} {field}", place),
    st.sampled_from(("write", "ambush")),
    st.sampled_from(FIELDS),
    places,
)
builtins = st.builds(lambda name, argument: Call(name, (argument,)), st.sampled_from(sorted(BUILTINS)), numbers)
sequences = st.lists(st.one_of(writes, builtins), min_size=4, max_size=24).map(tuple)


@settings(max_examples=60, deadline=None)
@given(calls=sequences)
def test_no_corrupted_field_gets_the_better_of_a_builtin(calls: tuple[Call, ...]) -> None:
    case = Case(attacked(), calls=calls)
    verdict = check(case, Plan().for_case(case).all_executors()).verdict
    assert verdict.kind in (Kind.CLEAN, Kind.POISONED), verdict


def test_every_builtin_works_while_nothing_is_corrupted() -> None:
    case = Case(attacked(), calls=tuple(Call(name, (i32(1),)) for name in BUILTINS))
    checked = check(case, Plan().for_case(case).all_executors())
    assert checked.verdict.kind is Kind.CLEAN
