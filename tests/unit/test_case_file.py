"""Case files: what is read, and one clear error for each way of being wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import engine
import harness
from harness.case import Call, Case, number_to_json
from harness.case_file import read_case, to_bytes
from harness.errors import CaseError, FencepostError, FileError, ModuleError
from harness.input_size import MAX_FILE_BYTES
from harness.outcome import Value

WAT = '(module (func (export "f") (param i32)))\n'

BROKEN_HEADERS = {
    "{": "not JSON",
    "[]": "not of type 'object'",
    "{}": "'fencepost' is a required property",
    '{"fencepost": "1"}': "1 was expected",
    '{"fencepost": 1, "cals": []}': "'cals' was unexpected",
    '{"fencepost": 1, "calls": [{"export": "f", "args": [{"i32": 7}]}]}': "7 is not of type 'string'",
    '{"fencepost": 1, "calls": [{"export": "f", "args": [{"i32": "4294967296"}]}]}': "4294967296 is no i32",
    '{"fencepost": 1, "options": {"mode": "fast"}}': "'fast' is not one of",
    '{"fencepost": 1, "calls": [{"export": "f", "expect": {"trap": "oops"}}]}': "'oops' is not as 'enum' wants it",
    '{"fencepost": 1, "expect": {}}': "'verdict' is a required property",
}


def write(tmp_path: Path, header: str, text: str = WAT) -> Path:
    path = tmp_path / "case.wat"
    path.write_text(f";; fencepost: {header}\n{text}")
    return path


@pytest.mark.parametrize("header", BROKEN_HEADERS)
def test_a_broken_header_is_named_with_its_file(tmp_path: Path, header: str) -> None:
    path = write(tmp_path, header)
    with pytest.raises(CaseError) as caught:
        read_case(path)
    assert BROKEN_HEADERS[header] in str(caught.value)
    assert str(path) in str(caught.value)
    assert caught.value.exit_code == 2


def test_the_traps_that_a_header_may_expect_are_the_engines() -> None:
    schema = json.loads((Path(harness.__file__).parent / "case.schema.json").read_text())
    expect = schema["properties"]["calls"]["items"]["properties"]["expect"]
    assert expect["properties"]["trap"]["enum"] == engine.clif_arena()["traps"]


def test_a_newer_header_says_which_fencepost_reads_it(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="Fencepost with case format 2 reads it, this one reads 1"):
        read_case(write(tmp_path, '{"fencepost": 2, "unheard": "of"}'))


def test_a_header_may_span_lines(tmp_path: Path) -> None:
    path = write(tmp_path, '{"fencepost": 1,\n;; fencepost: "calls": [{"export": "f", "args": [{"i32": "-1"}]}]}')
    assert read_case(path).calls == (Call("f", (Value("i32", 0xFFFF_FFFF),)),)


def test_lines_of_errors_count_the_header(tmp_path: Path) -> None:
    with pytest.raises(ModuleError, match=r"case\.wat:3\b"):
        read_case(write(tmp_path, '{"fencepost": 1}', "(module\n  (func nonsense))\n"))


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ('{"fencepost": 1, "calls": [], "calls": []}', "'calls' is there twice"),
        ('{"fencepost": 1, "options": {"mode": "exact", "mode": "both"}}', "'mode' is there twice"),
        ('{"fencepost": 1, "options": {"fault": "' + "0" * 9999 + '"}}', "options.fault: not as 'pattern' wants it"),
    ],
)
def test_a_broken_header_is_said_in_few_words(tmp_path: Path, header: str, words: str) -> None:
    with pytest.raises(CaseError, match=re.escape(words)) as caught:
        read_case(write(tmp_path, header))
    assert len(str(caught.value)) < 500 + len(str(tmp_path))


def test_a_plain_module_is_a_case_with_defaults(tmp_path: Path, add: Case) -> None:
    path = tmp_path / "plain.wasm"
    path.write_bytes(add.wasm)
    assert read_case(path) == Case(add.wasm)


def test_a_section_in_the_middle_is_found_and_removed(tmp_path: Path, add: Case) -> None:
    whole = to_bytes(Case(add.wasm[:8], history={"seed": 1})) + add.wasm[8:]
    path = tmp_path / "middle.wasm"
    path.write_bytes(whole)
    assert read_case(path) == Case(add.wasm, history={"seed": 1})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Value("i32", 0xFFFF_FFFF), {"i32": "-1"}),
        (Value("i64", 2**63), {"i64": str(-(2**63))}),
        (Value("f32", 1), {"f32": "0x00000001"}),
        (Value("v128", 255), {"v128": "0" * 30 + "ff"}),
        (Value("externref", 7), {"externref": "host:7"}),
        (Value("anyref", 7), {"anyref": "i31:7"}),
        (Value("exnref", None), {"exnref": None}),
        (Value("funcref", None), {"funcref": None}),
    ],
)
def test_numbers_have_one_canonical_form(value: Value, text: dict[str, str | None]) -> None:
    assert number_to_json(value) == text


def test_files_that_are_no_cases(tmp_path: Path) -> None:
    missing, folder, huge = tmp_path / "missing.wasm", tmp_path, tmp_path / "huge.wasm"
    with huge.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    binary = tmp_path / "binary.wasm"
    binary.write_bytes(b"\x7fELF\xff\xff")
    clif = tmp_path / "case.clif"
    clif.write_text("function %f(")
    expected: list[tuple[Path, type[FencepostError], str]] = [
        (missing, FileError, "no such file"),
        (folder, FileError, "is a directory"),
        (huge, FileError, "the limit is 32 MiB"),
        (binary, ModuleError, "neither a module nor text"),
        (clif, ModuleError, "not a valid CLIF program"),
    ]
    for path, kind, words in expected:
        with pytest.raises(kind, match=words) as caught:
            read_case(path)
        assert str(path) in str(caught.value)


def test_the_header_of_a_file_is_the_documented_json(add: Case) -> None:
    data = to_bytes(Case(add.wasm, calls=(Call("add", (Value("i32", 7),)),)))
    header = json.loads(data[data.index(b"{") :])
    assert header == {"fencepost": 1, "calls": [{"export": "add", "args": [{"i32": "7"}]}]}
