"""A case survives being written and read, whatever is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import engine
from harness.case import Call, Case, CaseOptions, Expectation, number_from_json, number_to_json
from harness.case_file import read_case, split_section, to_bytes, to_text
from harness.outcome import Returned, Trapped, Value

if TYPE_CHECKING:
    from pathlib import Path

    from hypothesis.strategies import SearchStrategy

WAT = '(module (func (export "f")))'
WASM = engine.assemble(WAT.encode())

WIDTHS = {"i32": 32, "i64": 64, "f32": 32, "f64": 64, "v128": 128}
numbers: SearchStrategy[Value] = st.sampled_from(sorted(WIDTHS)).flatmap(
    lambda kind: st.builds(Value, st.just(kind), st.integers(0, 2 ** WIDTHS[kind] - 1))
)
references = st.one_of(
    st.just(Value("funcref", None)),
    st.just(Value("exnref", None)),
    st.builds(Value, st.just("anyref"), st.one_of(st.none(), st.integers(0, 2**31 - 1))),
    st.builds(Value, st.just("externref"), st.one_of(st.none(), st.integers(0, 2**32 - 1))),
)
values = st.one_of(numbers, references)
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
some_values = st.lists(values, max_size=4).map(tuple)
expected = st.one_of(st.none(), st.builds(Returned, some_values), st.builds(Trapped, st.just("bad_signature")))
calls = st.lists(st.builds(Call, names, some_values, expected), max_size=4).map(tuple)
options = st.builds(
    CaseOptions,
    mode=st.sampled_from([None, "exact", "as-shipped", "both"]),
    guard=st.sampled_from([None, "guard", "decoy"]),
    executors=st.sampled_from([None, ("jit",), ("interpreter", "jit")]),
    references=st.sampled_from([None, (), ("wasmtime",)]),
    fault=st.sampled_from([None, "02"]),
    max_memory=st.one_of(st.none(), st.integers(0, 2**32)),
    gc_stress=st.one_of(st.none(), st.booleans()),
    settings=st.sampled_from([None, (("opt_level", "none"),)]),
)
kinds = st.sampled_from(["escape", "mismatch", "clean"])
json_values: SearchStrategy[Any] = st.one_of(names, st.integers(-(2**53), 2**53), st.booleans())
cases = st.builds(
    Case,
    wasm=st.just(WASM),
    options=options,
    calls=st.one_of(st.none(), calls),
    expect=st.one_of(st.none(), st.builds(Expectation, kinds, names, names)),
    parts=st.sampled_from([{}, {"plan": [{"function": 0, "site": 1, "kind": "drop_check"}], "program_hash": "ab"}]),
    history=st.dictionaries(names, json_values, max_size=3),
)
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(value=values)
def test_a_value_survives_its_json_form(value: Value) -> None:
    assert number_from_json(number_to_json(value)) == value


@quick
@given(case=cases)
def test_a_binary_case_survives_its_file(case: Case, tmp_path: Path) -> None:
    path = tmp_path / "case.wasm"
    path.write_bytes(to_bytes(case))
    assert read_case(path) == case


@quick
@given(case=cases)
def test_a_text_case_survives_its_file(case: Case, tmp_path: Path) -> None:
    path = tmp_path / "case.wat"
    case = Case(case.wasm, WAT, case.options, case.calls, case.expect, case.parts, case.history)
    path.write_text(to_text(case), encoding="utf-8")
    assert read_case(path) == case


@given(data=st.binary(max_size=200))
def test_arbitrary_bytes_behind_the_preamble_are_left_alone_or_split(data: bytes) -> None:
    module = WASM[:8] + data
    header, rest = split_section(module, "somewhere") if b"fencepost" not in data else (None, module)
    assert header is None
    assert rest == module
