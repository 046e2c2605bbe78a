"""Case files: `.wasm` with a custom section `fencepost`, `.wat` and `.clif` with header lines.

Plain modules and plain CLIF files are cases with an empty header. Text may carry its header on its first
lines, each starting with ``;; fencepost:``; what follows on them is joined.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import engine
from engine.programs import translated
from harness.case import Case
from harness.case_header import read_header, write_header
from harness.errors import CaseError, ModuleError, from_os, too_large
from harness.input_size import MAX_FILE_BYTES

if TYPE_CHECKING:
    from pathlib import Path

SECTION = b"fencepost"
LINE = ";; fencepost:"
CLIF_SUFFIX = ".clif"
MAGIC = b"\0asm"
PREAMBLE_LENGTH = 8


def read_case(path: Path) -> Case:
    """Reads a case.

    Raises:
        FileError: the file cannot be read, is too large, or is of another kind.
        ModuleError: it is no module; the message has the byte offset or line.
        CaseError: its header is broken or newer.
    """
    return parse_case(_read(path), str(path), is_clif=path.suffix == CLIF_SUFFIX)


def parse_case(data: bytes, where: str, *, is_clif: bool) -> Case:
    """The case in the bytes of a file; ``is_clif`` says what its text is, if it is text.

    Raises:
        ModuleError: it is no module; the message has the byte offset or line.
        CaseError: its header is broken or newer.
    """
    if data.startswith(MAGIC):
        header, wasm = split_section(data, where)
        return read_header(header, wasm, None, where) if header is not None else Case(wasm)
    return _read_text(data, where, is_clif=is_clif)


def to_bytes(case: Case) -> bytes:
    """The case as a `.wasm` file."""
    payload = _leb(len(SECTION)) + SECTION + write_header(case).encode()
    return case.wasm + b"\0" + _leb(len(payload)) + payload


def to_text(case: Case) -> str:
    """The case as a `.wat` or `.clif` file; only for cases that came as text.

    Raises:
        ValueError: the case has no text.
    """
    if case.text is None:
        raise ValueError("the case has no text")
    return f"{LINE} {write_header(case)}\n{case.text}"


def file_of(case: Case) -> tuple[str, bytes]:
    """The suffix and the bytes of the file that this case should be kept as."""
    if case.text is not None:
        return "clif" if case.is_clif else "wat", to_text(case).encode()
    return "wasm", to_bytes(case)


def split_section(data: bytes, where: str) -> tuple[str | None, bytes]:
    """The header in a binary module, if there is one, and the module without it.

    Whatever is not sections is left to the engine, which says what is wrong with it.

    Raises:
        CaseError: the header is not UTF-8.
    """
    position = PREAMBLE_LENGTH
    while position < len(data):
        size, start = _read_leb(data, position + 1)
        end = start + size
        if size < 0 or end > len(data):
            break
        name_length, name_start = _read_leb(data, start)
        name_end = name_start + name_length
        if data[position] == 0 and name_length >= 0 and data[name_start:name_end] == SECTION:
            return _decode(data[name_end:end], where), data[:position] + data[end:]
        position = end
    return None, data


def _read(path: Path) -> bytes:
    """At most the limit and a byte: the size that a device or a pipe gives says nothing."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise from_os(error, str(path), "read the file") from None
    if len(data) > MAX_FILE_BYTES:
        raise too_large(str(path))
    return data


def _read_text(data: bytes, where: str, *, is_clif: bool) -> Case:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        hint = "a case is WebAssembly, binary or text, or CLIF"
        raise ModuleError("neither a module nor text", f"{where} at byte {error.start}", hint) from None
    lines = text.split("\n")
    headers = 0
    while headers < len(lines) and lines[headers].startswith(LINE):
        headers += 1
    header = " ".join(line[len(LINE) :] for line in lines[:headers])
    source = "\n".join(lines[headers:])
    wasm = _clif(source, where, headers) if is_clif else assemble(source, where, lines_before=headers)
    return read_header(header, wasm, source, where) if headers else Case(wasm, source)


def _clif(source: str, where: str, lines_before: int) -> bytes:
    """The program of CLIF text, which is the text.

    Raises:
        ModuleError: the text is not valid, or has raw pointers. What the engine lacks is
            no error here: to run such a program is `unsupported`.
    """
    program = source.encode()
    try:
        translated(program)
    except engine.Unsupported:
        pass
    except engine.InvalidInput as error:
        raise invalid(error, where, lines_before=lines_before, what="CLIF program") from None
    return program


def assemble(source: str, where: str, *, lines_before: int = 0) -> bytes:
    """The binary of a text module; errors count lines from ``lines_before``.

    Raises:
        ModuleError: it is no module.
    """
    try:
        return engine.assemble(source.encode())
    except engine.InvalidInput as error:
        raise invalid(error, where, lines_before=lines_before) from None


def invalid(error: engine.InvalidInput, where: str, *, lines_before: int = 0, what: str = "module") -> ModuleError:
    """What the engine said of an invalid module or program, in one line."""
    message, offset, line = (*error.args, None, None, None)[:3]
    if offset is not None:
        where = f"{where} at byte {offset}"
    if line is not None:
        where = f"{where}:{line + lines_before}"
    return ModuleError(f"not a valid {what}: {message}", where)


def _decode(data: bytes, where: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise CaseError("broken case header: not UTF-8", where) from None


def _leb(number: int) -> bytes:
    encoded = bytearray()
    while number >= 0x80:  # noqa: PLR2004 (LEB128)
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def _read_leb(data: bytes, position: int) -> tuple[int, int]:
    """A u32 and where it ends; -1 if there is none."""
    number = 0
    for count, byte in enumerate(data[position : position + 5]):
        number |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:  # noqa: PLR2004 (LEB128)
            return number, position + count + 1
    return -1, position
