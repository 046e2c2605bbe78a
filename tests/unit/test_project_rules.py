"""Rules of the project that no tool checks: what may stand where, read from the files."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "engine" / "src"
FOREIGN = ROOT / "tests" / "data"
OURS = ("docs", "engine", "harness", "generators", "oracles", "corpus", "crashes", "tests", "scripts", ".ci")
TEXT_SUFFIXES = {"", ".clif", ".json", ".md", ".py", ".pyi", ".rs", ".toml", ".txt", ".wat"}
GRANTED_UNSAFE = {"cage", "cell", "jit"}
WASMTIME = re.compile(r"\bwasmtime_(?:environ|internal_cranelift)\b")
MAX_ARCHITECTURE_LINES = 200

# Patterns are written so that this file does not match itself.
FORBIDDEN = {
    "a path of one machine": re.compile(r"(?<![\w.$}*-])/(?:work|home|root|Users)/[\w.]"),
    "the folder outside the project": re.compile(r"\bshared/(?:data|spike|[A-Z])"),
    "unfinished work": re.compile(r"\b(?:TO[D]O|FIX[M]E|X[X]X)\b"),
    "the host of a registry": re.compile(r"\b(?:pypi|crates|pythonhosted|npmjs)\.(?:org|io|com)\b"),
}
EXAMPLES = {
    "a path of one machine": "see /home" + "/somebody",
    "the folder outside the project": "../shared" + "/DESIGN.md",
    "unfinished work": "TO" + "DO: later",
    "the host of a registry": "https://pypi" + ".org",
}


def project_files() -> Iterator[Path]:
    """Our own text files."""
    yield from (
        path for path in ROOT.iterdir() if path.is_file() and path.suffix in TEXT_SUFFIXES and path.name != ".git"
    )
    for top in OURS:
        for folder, folders, names in os.walk(ROOT / top):
            folders[:] = sorted(name for name in folders if name != "__pycache__" and Path(folder, name) != FOREIGN)
            yield from (Path(folder, name) for name in sorted(names) if Path(name).suffix in TEXT_SUFFIXES)


def modules() -> Iterator[tuple[str, str]]:
    """The name and the text of each top-level module of the crate."""
    for path in sorted(SOURCES.iterdir()):
        file = path / "mod.rs" if path.is_dir() else path
        if path.stem != "lib" and file.suffix == ".rs":
            yield path.stem, file.read_text(encoding="utf-8")


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_mentions(what: str) -> None:
    places = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in project_files()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if FORBIDDEN[what].search(line)
    ]
    assert places == []


@pytest.mark.parametrize("what", FORBIDDEN)
def test_the_patterns_match_what_they_forbid(what: str) -> None:
    assert FORBIDDEN[what].search(EXAMPLES[what])


def test_the_walk_sees_every_kind_of_file() -> None:
    names = {str(path.relative_to(ROOT)) for path in project_files()}
    assert {"README.md", "Makefile", ".ci/run", "engine/src/lib.rs", "corpus/README.md"} <= names


def test_unsafe_is_forbidden_in_every_module_that_is_not_granted_it() -> None:
    open_modules = {name for name, text in modules() if "#![forbid(unsafe_code)]" not in text}
    assert open_modules <= GRANTED_UNSAFE
    granted = re.findall(r"#\[allow\(unsafe_code.*?\bmod (\w+);", (SOURCES / "lib.rs").read_text(), re.DOTALL)
    assert set(granted) <= GRANTED_UNSAFE


def test_only_the_front_end_names_the_crates_of_wasmtime() -> None:
    frontend = SOURCES / "frontend"
    users = [path for path in sorted(SOURCES.rglob("*.rs")) if WASMTIME.search(path.read_text(encoding="utf-8"))]
    assert [str(path.relative_to(SOURCES)) for path in users if frontend not in path.parents] == []
    assert users, "else the pattern is out of date"


def test_cranelift_and_wasmtime_are_pinned() -> None:
    manifest = tomllib.loads((ROOT / "engine" / "Cargo.toml").read_text(encoding="utf-8"))
    for name, entry in manifest["dependencies"].items():
        if name.startswith(("cranelift", "wasmtime", "pulley")):
            version = entry if isinstance(entry, str) else entry["version"]
            assert version.startswith("="), f"{name} {version}"


def test_architecture_stays_short() -> None:
    assert len((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").splitlines()) <= MAX_ARCHITECTURE_LINES


def test_documents_link_to_files_that_exist() -> None:
    for document in (
        "README.md",
        "ARCHITECTURE.md",
        "corpus/README.md",
        "crashes/README.md",
        "docs/ci.md",
        "docs/attacks.md",
        "docs/benefit.md",
    ):
        text = (ROOT / document).read_text(encoding="utf-8")
        links = re.findall(r"\]\((?!https?:)([^)#]+)", text)
        assert [link for link in links if not (ROOT / document).parent.joinpath(link).exists()] == []
