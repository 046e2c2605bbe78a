"""The import rule: who may know whom, read from the source."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = {"engine", "generators", "harness", "oracles"}
VALUE_TYPES = {"harness.case", "harness.outcome", "harness.verdict", "harness.errors"}
ALLOWED: dict[str, set[str]] = {
    "engine": {"engine"},
    "generators": {"engine", "generators"} | VALUE_TYPES,
    "oracles": {"engine", "oracles"} | VALUE_TYPES,
}


def imports(source: str) -> set[str]:
    """The modules of ours that a source imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names.add(node.module or "")
    return {name for name in names if name.split(".")[0] in OURS}


@pytest.mark.parametrize("package", ALLOWED)
def test_a_package_imports_only_what_it_may(package: str) -> None:
    for path in sorted((ROOT / package).rglob("*.py")):
        for name in imports(path.read_text()):
            allowed = name in ALLOWED[package] or name.split(".")[0] in ALLOWED[package]
            assert allowed, f"{path.relative_to(ROOT)} imports {name}"


def test_the_walk_sees_imports_anywhere() -> None:
    source = "def f():\n    from harness.store import Store\nif X:\n    import oracles.wasmtime"
    assert imports(source) == {"harness.store", "oracles.wasmtime"}
