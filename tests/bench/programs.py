"""The kernels that are timed, and by how much work."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import engine

DATA = Path(__file__).parents[1] / "data"


@dataclass(frozen=True, slots=True)
class Job:
    """One call of one program.

    Attributes:
        file: below `tests/data`.
        argument: an i32 that says how much work; `None` for a program that takes none.
    """

    name: str
    file: str
    export: str
    argument: int | None = None

    @property
    def wasm(self) -> bytes:
        """The program in binary format."""
        return _wasm(self.file)

    @property
    def arguments(self) -> list[int]:
        """The arguments of the call."""
        return [] if self.argument is None else [self.argument]


@cache
def _wasm(file: str) -> bytes:
    return engine.assemble((DATA / file).read_bytes())


def _jobs(fib: int, sieve: int, matmul: int, dispatch: int) -> tuple[Job, ...]:
    kernels = {"fib": fib, "sieve": sieve, "matmul": matmul, "dispatch": dispatch}
    return tuple(Job(f"{name} {work}", "kernels.wat", name, work) for name, work in kernels.items())


NATIVE = _jobs(fib=32, sieve=4_000_000, matmul=200, dispatch=5_000_000)
"""Work of some tens of milliseconds each for native code."""

INTERPRETED = _jobs(fib=25, sieve=500_000, matmul=60, dispatch=500_000)
"""The same for interpreters."""
