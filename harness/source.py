"""Sources: where the cases of a campaign come from, by index.

A source is sent to the worker processes, so it is small and can be pickled; each process
asks it for the cases that it needs. The same index always gives the same case.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from generators.clif import ClifGenerator
from generators.confuse import ConfuseGenerator
from generators.corpus import CorpusGenerator
from generators.corrupt import CorruptGenerator
from generators.entropy import PrngEntropy
from generators.mutate import MutateGenerator
from generators.wasm import WasmGenerator
from harness.plugins import third_party_generator

if TYPE_CHECKING:
    from generators.entropy import Entropy
    from generators.protocol import Generator
    from harness.case import Case

GENERATORS = ("wasm", "mutate", "corpus", "confuse", "corrupt", "clif")
WEIGHTS = {"wasm": 12, "mutate": 5, "corpus": 1, "confuse": 6, "corrupt": 6, "clif": 6}
"""How often each is drawn among others: the cases of a corpus are few and always the same."""
WEIGHT = 6
"""Of a generator that is not ours."""
MODULE_CASES = 16
"""How many cases in a row confuse or corrupt the same module."""
MODULES = 16
"""How many modules entropy that has no index confuses or corrupts."""


class Source(Protocol):
    """Cases by index, from 0."""

    @property
    def driver(self) -> str:
        """Who decides what the next case is made of: ``prng`` or ``atheris``."""

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
    driver: str = "prng"

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
        generators: names, ours or third-party.
        corpus: what the generators ``corpus`` and ``mutate`` draw from, and ``confuse`` and
            ``corrupt`` in a third of their cases.
        length: how many there are; `None` for without end.
    """

    seed: int
    generators: tuple[str, ...] = ("wasm",)
    corpus: tuple[Case, ...] = ()
    length: int | None = None
    always_valid: bool = True
    driver: str = "prng"

    def where(self, index: int) -> str:
        """The seed and the index."""
        return f"case {index} of seed {self.seed}"

    def case(self, index: int) -> Case:
        """The case of an index; its history says where it comes from."""
        module = PrngEntropy(self.seed, index // MODULE_CASES, "module")
        case = self._generate(PrngEntropy(self.seed, index), module)
        return replace(case, history=case.history | {"seed": self.seed, "index": index})

    def generate(self, entropy: Entropy) -> Case:
        """A case from any entropy, which has no index."""
        return self._generate(entropy, PrngEntropy(self.seed, entropy.integer(0, MODULES - 1), "module"))

    def _generate(self, entropy: Entropy, module: Entropy) -> Case:
        generator = self._generator(self._drawn(entropy), module)
        return replace(generator.generate(entropy), history={"generator": generator.name})

    def _drawn(self, entropy: Entropy) -> str:
        if len(self.generators) == 1:
            return self.generators[0]
        return entropy.choice([name for name in self.generators for _ in range(WEIGHTS.get(name, WEIGHT))])

    def _generator(self, name: str, module: Entropy) -> Generator:
        match name:
            case "wasm":
                return WasmGenerator()
            case "mutate":
                return MutateGenerator(self.corpus)
            case "corpus":
                return CorpusGenerator(self.corpus)
            case "confuse" | "corrupt":
                confuses = name == "confuse"
                drawn = module.choice(("wasm", "clif" if confuses else "wasm", *(("corpus",) if self.corpus else ())))
                programs = self._generator(drawn, module)
                return ConfuseGenerator(programs, module) if confuses else CorruptGenerator(programs, module)
            case "clif":
                return ClifGenerator()
        return third_party_generator(name)
