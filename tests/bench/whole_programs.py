"""The programs of sightglass that are part of the project: what they are started with, and what they print.

They stand in `tests/data/bench`, where their README says what they are. A program knows its
folder as ``.`` and prints something to at least one of its streams, if anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).parents[1] / "data" / "bench"


@dataclass(frozen=True, slots=True)
class WholeProgram:
    """One program.

    Attributes:
        name: of its folder.
        stem: of its files.
        input: the file that it reads, below `DATA`; `None` if it reads none.
        interpreted_seconds: about how long an interpreter takes.
    """

    name: str
    stem: str = "benchmark"
    input: str | None = None
    interpreted_seconds: float = 1.0

    @property
    def wasm(self) -> bytes:
        """The program in binary format."""
        return (DATA / self.name / f"{self.stem}.wasm").read_bytes()

    @property
    def files(self) -> dict[str, bytes]:
        """What its folder holds."""
        return {} if self.input is None else {Path(self.input).name: (DATA / self.input).read_bytes()}

    @property
    def stdout(self) -> bytes:
        """What it prints."""
        return self._expected("stdout")

    @property
    def stderr(self) -> bytes:
        """What it prints to the other stream."""
        return self._expected("stderr")

    def _expected(self, stream: str) -> bytes:
        path = DATA / self.name / f"{self.stem}.{stream}.expected"
        return path.read_bytes() if path.exists() else b""


def _shootout(name: str, seconds: float) -> WholeProgram:
    return WholeProgram(f"shootout-{name}", f"shootout-{name}", interpreted_seconds=seconds)


PROGRAMS = (
    WholeProgram("blake3-scalar", input="blake3-scalar/default.input"),
    WholeProgram("blake3-simd", input="blake3-scalar/default.input"),
    WholeProgram("noop"),
    WholeProgram("pulldown-cmark", input="pulldown-cmark/default.input.md"),
    WholeProgram("quicksort", input="quicksort/default.input"),
    WholeProgram("richards", input="richards/default.input"),
    WholeProgram("rust-json", input="rust-json/default.input"),
    _shootout("base64", 5),
    _shootout("fib2", 20),
    _shootout("heapsort", 10),
    _shootout("keccak", 1),
    _shootout("matrix", 5),
    _shootout("switch", 1),
    WholeProgram("splay", "splay", "splay/default.input"),
    WholeProgram("tinygo-regex", "tinygo-regex", "tinygo-regex/tinygo-regex.input", 2),
)
LONG_SECONDS = 3
"""Programs whose interpretation takes longer are no part of the everyday tests."""
