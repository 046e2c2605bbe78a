"""What a whole program is started with: the part ``wasi`` of a case's header.

A program with WASI preview 1 gets its arguments, environment, standard input and one folder
from the case, so that the case alone decides what it does. Text stands in the header as it
is, other bytes in base64. The folder is made anew for each run; the program knows it as `FOLDER`.
"""

from __future__ import annotations

import base64
import binascii
import os
import stat
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, NoReturn

from xxhash import xxh3_64_hexdigest

from harness.errors import CaseError, from_os

if TYPE_CHECKING:
    from collections.abc import Iterator

WASI = "wasi_snapshot_preview1"
"""Module of the imports of such a program."""
NAME = "program"
"""A program's first argument, whatever its file is called."""
FOLDER = "."
START = "_start"


@dataclass(frozen=True, slots=True)
class ProgramInput:
    """What a program is started with.

    Attributes:
        args: its arguments, without its own name.
        env: its environment.
        stdin: all of its standard input.
        files: what its folder holds, by relative path; a path that ends with ``/`` is an empty folder.
    """

    args: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    stdin: bytes = b""
    files: dict[str, bytes] = field(default_factory=dict)

    @property
    def argv(self) -> list[str]:
        """The arguments, the program's name first."""
        return [NAME, *self.args]

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """A fresh copy of the program's folder, which is gone afterwards."""
        with tempfile.TemporaryDirectory(prefix="fencepost-") as name:
            for path, data in self.files.items():
                target = Path(name, path)
                if path.endswith("/"):
                    target.mkdir(parents=True, exist_ok=True)
                else:
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(data)
            yield Path(name)


def input_from_json(part: dict[str, Any]) -> ProgramInput:
    """The input of a header's part, which is in the schema.

    Raises:
        CaseError: a path leads out of the folder or is given twice, text has a null byte, or base64 is broken.
    """
    files = {name: _bytes(data) for name, data in part.get("files", {}).items()}
    _check_paths(list(files))
    args, env = part.get("args", []), part.get("env", {})
    for text in (*args, *env, *env.values()):
        if "\0" in text:
            raise CaseError(f"wasi: {text!r} has a null byte in it")
    return ProgramInput(tuple(args), dict(env), _bytes(part.get("stdin", "")), files)


def input_to_json(given: ProgramInput) -> dict[str, Any]:
    """The part of a header that stands for an input; what is empty is left away."""
    part = {
        "args": list(given.args),
        "env": given.env,
        "stdin": _text(given.stdin),
        "files": {name: _text(data) for name, data in given.files.items()},
    }
    return {name: value for name, value in part.items() if value}


def read_folder(folder: Path) -> dict[str, bytes]:
    """The files of a folder, at any depth, as an input has them; links as what they lead to.

    Raises:
        FileError: it cannot be read.
    """
    found: dict[str, bytes] = {}
    try:
        for parent, folders, files in os.walk(folder, onerror=_fail):
            name = Path(parent).relative_to(folder).as_posix()
            if not folders and not files and name != ".":
                found[f"{name}/"] = b""
            found |= {Path(name, file).as_posix(): Path(parent, file).read_bytes() for file in files}
    except OSError as error:
        raise from_os(error, str(error.filename or folder), "read the folder") from None
    return dict(sorted(found.items()))


def _fail(error: OSError) -> NoReturn:
    raise error


def digests_of(folder: Path) -> dict[str, str]:
    """What a program left in its folder: for each path its kind, and the digest of a file or the target of a link."""
    left = {}
    for parent, folders, files in os.walk(folder):
        for path in (Path(parent, name) for name in (*folders, *files)):
            left[path.relative_to(folder).as_posix()] = _digest(path)
    return dict(sorted(left.items()))


def _digest(path: Path) -> str:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return f"link to {path.readlink()}"
    if stat.S_ISREG(mode):
        data = path.read_bytes()
        return f"file of {len(data)} bytes {xxh3_64_hexdigest(data)}"
    return "folder"


def _check_paths(names: list[str]) -> None:
    """Paths stay inside, and nothing is both a file and a folder."""
    pure = [PurePosixPath(name) for name in names]
    for name, path in zip(names, pure, strict=True):
        if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in name:
            raise CaseError(f"wasi: {name!r} is no path inside the folder")
    taken = {path for name, path in zip(names, pure, strict=True) if not name.endswith("/")}
    for path in pure:
        if not taken.isdisjoint(path.parents):
            raise CaseError(f"wasi: {path} lies in a file")
    if len(set(pure)) < len(pure):
        raise CaseError("wasi: two files of one path")


def _bytes(data: str | dict[str, str]) -> bytes:
    if isinstance(data, str):
        return data.encode()
    try:
        return base64.b64decode(data["base64"], validate=True)
    except (binascii.Error, ValueError) as error:
        raise CaseError(f"wasi: no base64: {error}") from None


def _text(data: bytes) -> str | dict[str, str]:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}
