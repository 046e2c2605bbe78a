"""What a whole program is started with: to the header and back, and onto the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.case import Case
from harness.case_file import read_case, to_bytes
from harness.errors import CaseError, FileError
from harness.program_input import ProgramInput, digests_of, input_from_json, input_to_json, read_folder

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
NAMES = st.text("abc", min_size=1, max_size=4)
INPUTS = st.builds(
    ProgramInput,
    args=st.lists(TEXTS, max_size=3).map(tuple),
    env=st.dictionaries(NAMES, TEXTS, max_size=2),
    stdin=st.binary(max_size=20),
    files=st.dictionaries(NAMES, st.binary(max_size=20), max_size=3),
)


@given(INPUTS)
def test_an_input_survives_the_header(wanted: ProgramInput) -> None:
    assert input_from_json(input_to_json(wanted)) == wanted


def test_text_stands_as_text_and_bytes_in_base64() -> None:
    wanted = ProgramInput(stdin=b"text", files={"bytes": b"\xff"})
    assert input_to_json(wanted) == {"stdin": "text", "files": {"bytes": {"base64": "/w=="}}}


def test_an_input_survives_a_case_file(tmp_path: Path) -> None:
    part = input_to_json(ProgramInput(("one",), {"A": "b"}, b"\xff", {"f": b"g"}))
    path = tmp_path / "case.wasm"
    path.write_bytes(to_bytes(Case(b"\0asm\1\0\0\0", parts={"wasi": part})))
    assert read_case(path).parts["wasi"] == part


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({"files": {"../x": ""}}, "no path inside"),
        ({"files": {"/x": ""}}, "no path inside"),
        ({"files": {"a/../../x": ""}}, "no path inside"),
        ({"files": {"": ""}}, "no path inside"),
        ({"files": {".": ""}}, "no path inside"),
        ({"files": {"a\0b": ""}}, "no path inside"),
        ({"files": {"a": "", "a/b": ""}}, "lies in a file"),
        ({"files": {"a": "", "./a": ""}}, "two files of one path"),
        ({"args": ["a\0"]}, "null byte"),
        ({"env": {"A": "\0"}}, "null byte"),
        ({"stdin": {"base64": "AAA"}}, "no base64"),
    ],
)
def test_a_bad_part_is_refused(part: dict[str, Any], words: str) -> None:
    with pytest.raises(CaseError, match=words):
        input_from_json(part)


def test_a_broken_header_names_its_file(tmp_path: Path) -> None:
    path = tmp_path / "case.wat"
    path.write_text(';; fencepost: {"fencepost": 1, "wasi": {"files": {"../x": ""}}}\n(module)')
    with pytest.raises(CaseError, match=r"broken case header: wasi: '\.\./x' is no path inside.*case\.wat"):
        read_case(path)


def test_the_folder_is_fresh_and_gone_afterwards() -> None:
    wanted = ProgramInput(files={"a/b": b"1", "empty/": b"", "c": b"\xff"})
    with wanted.folder() as first:
        assert read_folder(first) == wanted.files
        (first / "c").write_bytes(b"changed")
    assert not first.exists()
    with wanted.folder() as second:
        assert read_folder(second) == wanted.files


def test_what_is_left_is_told_by_kind_and_content(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_bytes(b"123")
    (tmp_path / "link").symlink_to("/nowhere")
    left = digests_of(tmp_path)
    assert list(left) == ["folder", "folder/file", "link"]
    assert (left["folder"], left["link"]) == ("folder", "link to /nowhere")
    assert left["folder/file"].startswith("file of 3 bytes ")


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot read the folder"):
        read_folder(tmp_path / "missing")
