"""The pytest plugin: case files as tests.

    pytest --fencepost corpus crashes

pytest loads this in every project whose environment has Fencepost, so it does as little as
it can: it looks at files that end like cases, and collects one only when somebody asked.
Asking is a Fencepost header in the file, which nothing else would write; naming the file
itself; or `--fencepost` (or `-p fencepost`) on the command line. A project that keeps
WebAssembly for other purposes sees no test appear or fail because Fencepost was installed.
For the same reason nothing else of Fencepost is imported before the first case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

NAME = "fencepost"
TEXT_SUFFIXES = (".wat", ".clif")
BINARY_SUFFIX = ".wasm"
TEXT_HEADER = b";; fencepost:"
SECTION_NAME = b"\x09fencepost"
"""A name as it stands in a binary module, after its length."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds `--fencepost`."""
    group = parser.getgroup(NAME, "Fencepost")
    group.addoption(
        "--fencepost",
        action="store_true",
        help="collect all .wasm, .wat and .clif files as Fencepost cases, not only those with a Fencepost header",
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collects a case file that somebody asked for."""
    if file_path.suffix not in (*TEXT_SUFFIXES, BINARY_SUFFIX):
        return None
    if not (_asked(parent.config) or parent.session.isinitpath(file_path) or has_header(file_path)):
        return None
    from harness.gate.pytest_case import CaseFile  # noqa: PLC0415 (heavy)

    return CaseFile.from_parent(parent, path=file_path)


def _asked(config: pytest.Config) -> bool:
    return bool(config.getoption("--fencepost")) or NAME in config.getoption("plugins")


def has_header(path: Path) -> bool:
    """Whether a file begins with a header line, or may have a section of ours; not if it cannot be read."""
    try:
        with path.open("rb") as file:
            if path.suffix == BINARY_SUFFIX:
                return SECTION_NAME in file.read()
            return file.read(len(TEXT_HEADER)) == TEXT_HEADER
    except OSError:
        return False
