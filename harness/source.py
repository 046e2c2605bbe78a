"""Sources: where the cases of a campaign come from, by index.

A source is sent to the worker processes, so it is small and can be pickled; each process
asks it for the cases that it needs. The same index always gives the same case.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from generators.confuse import ConfuseGenerator
from generators.corpus import CorpusGenerator
from generators.entropy import PrngEntropy
from generators.wasm import WasmGenerator

if TYPE_CHECKING:
    from generators.protocol import Generator
    from harness.case import Case

GENERATORS = ("wasm", "corpus", "confuse")
MODULE_CASES = 16
"""How many cases in a row confuse the same module."""


class Source(Protocol):
    """Cases by index, from 0."""

    @property
    def length(self) -> int | None:
        """How many there are; `None` for without end."""

    @property
    def seed(self) -> int:
        """What else is drawn for a case is drawn from this, too."""

    @property
    def always_valid(self) -> bool:
        """Whether an invalid module is a finding, not a user's mistake."""

    def where(self, index: int) -> str:
        """The case of an index, named for people."""

    def case(self, index: int) -> Case:
        """The case of an index."""


@dataclass(frozen=True, slots=True)
class ListSource:
    """Cases that are already there, with their names."""

    cases: tuple[Case, ...]
    names: tuple[str, ...]
    seed: int = 0
    always_valid: bool = False

    @property
    def length(self) -> int:
        """How many there are."""
        return len(self.cases)

    def where(self, index: int) -> str:
        """The name of the file."""
        return self.names[index]

    def case(self, index: int) -> Case:
        """The case of an index."""
        return self.cases[index]


@dataclass(frozen=True, slots=True)
class GeneratedSource:
    """Cases from generators, one drawn for each case.

    Attributes:
        corpus: what the generator ``corpus`` draws from, and ``confuse`` in half of its cases.
        length: how many there are; `None` for without end.
    """

    seed: int
    generators: tuple[str, ...] = ("wasm",)
    corpus: tuple[Case, ...] = ()
    length: int | None = None
    always_valid: bool = True

    def where(self, index: int) -> str:
        """The seed and the index."""
        return f"case {index} of seed {self.seed}"

    def case(self, index: int) -> Case:
        """The case of an index; its history says where it comes from."""
        entropy = PrngEntropy(self.seed, index)
        generator = self._generator(entropy.choice(self.generators), index)
        case = generator.generate(entropy)
        return replace(case, history={"generator": generator.name, "seed": self.seed, "index": index})

    def _generator(self, name: str, index: int) -> Generator:
        if name == "confuse":
            module = PrngEntropy(self.seed, index // MODULE_CASES, "module")
            from_corpus = bool(self.corpus) and module.chance(50)
            return ConfuseGenerator(self._generator("corpus" if from_corpus else "wasm", index), module)
        return CorpusGenerator(self.corpus) if name == "corpus" else WasmGenerator()
