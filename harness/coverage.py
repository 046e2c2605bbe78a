"""Coverage: which CLIF opcodes and fields of VM structures the cases of a campaign contain.

What a campaign's programs never contain, the campaign says nothing about. Counted are
cases, by what stands in their program, executed or not.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import engine

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Census:
    """What one program contains, by name.

    Attributes:
        fields: fields of VM structures, such as ``VMFuncRef.wasm_call``, and kinds of
            memory, such as ``PublicMemory``.
    """

    opcodes: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()


@cache
def catalogue() -> Census:
    """Everything that can be reached: opcodes that the engine runs, and all fields."""
    names = engine.catalogue()
    return Census(tuple(sorted(names["opcodes"])), tuple(names["fields"]))


def census_of(program: engine.Program) -> Census:
    """The census of a program."""
    names = program.census
    return Census(tuple(names["opcodes"]), tuple(names["fields"]))


@dataclass(slots=True)
class Coverage:
    """Cases by what they contain."""

    opcodes: Counter[str] = field(default_factory=Counter)
    fields: Counter[str] = field(default_factory=Counter)

    def add(self, census: Census) -> None:
        """Counts one case."""
        self.opcodes.update(census.opcodes)
        self.fields.update(census.fields)

    def shares(self) -> dict[str, tuple[int, int]]:
        """For opcodes and for fields: how many of the catalogue were reached, and its size."""
        everything = catalogue()
        return {
            "opcodes": (_reached(self.opcodes, everything.opcodes), len(everything.opcodes)),
            "fields": (_reached(self.fields, everything.fields), len(everything.fields)),
        }

    def to_json(self) -> dict[str, Any]:
        """The names with the number of cases that contain each."""
        return {
            "opcodes": dict(sorted(self.opcodes.items())),
            "fields": dict(sorted(self.fields.items())),
        }


def _reached(counts: Counter[str], names: Iterable[str]) -> int:
    return sum(name in counts for name in names)
