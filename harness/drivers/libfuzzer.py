"""What a campaign knows of its libFuzzer: the source of its cases, and its folder.

    libfuzzer/
        corpus/          inputs that reached something new; libFuzzer's own
        inputs/INDEX     the bytes of the case that is running, and of each finding
        log.txt          what libFuzzer printed

An input is on disk before its case is run, and removed when the case was no finding. So a
finding's case can be made from its index by whoever is left, however the worker ended.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from generators.entropy import BytesEntropy, PrngEntropy
from harness.errors import EnvironmentFailure, from_os

if TYPE_CHECKING:
    from pathlib import Path

    from harness.case import Case
    from harness.source import GeneratedSource

MAX_BYTES = 4608
"""Of an input: what wasm-smith takes, and some decisions."""
FIRST_INPUTS = 32
"""Random ones, since libFuzzer begins with an empty one, and short inputs make dull modules."""

NEVER = 1_000_000
"""Seconds."""

FLAGS = (
    *(f"-handle_{name}=0" for name in ("segv", "bus", "ill", "fpe", "abrt", "int", "term", "usr1", "usr2", "xfsz")),
    f"-timeout={NEVER}",  # the pool sees to hangs (and atheris takes 0 for any second that is over),
    "-rss_limit_mb=0",  # and to memory;
    "-detect_leaks=0",
    f"-max_len={MAX_BYTES}",
    "-len_control=0",
    "-print_final_stats=1",
)


@dataclass(frozen=True, slots=True)
class LibFuzzerSource:
    """Cases from inputs of libFuzzer.

    Attributes:
        generated: makes cases of entropy; of its seed, libFuzzer's is made.
        folder: the one above.
        flags: more flags for libFuzzer, which win over ours.
    """

    generated: GeneratedSource
    folder: Path
    flags: tuple[str, ...] = ()
    driver: str = "atheris"

    @property
    def length(self) -> int | None:
        """How many there are; `None` for without end."""
        return self.generated.length

    @property
    def seed(self) -> int:
        """The campaign's."""
        return self.generated.seed

    @property
    def always_valid(self) -> bool:
        """Generators make valid modules of any bytes."""
        return self.generated.always_valid

    @property
    def log(self) -> Path:
        """Where libFuzzer prints to."""
        return self.folder / "log.txt"

    def where(self, index: int) -> str:
        """The seed and the index."""
        return f"input {index} of libFuzzer with seed {self.seed}"

    def case(self, index: int) -> Case:
        """The case of an index whose input is on disk.

        Raises:
            EnvironmentFailure: it is not.
        """
        try:
            data = self._input(index).read_bytes()
        except OSError as error:
            raise EnvironmentFailure(f"an input is gone: {error.strerror}", str(self._input(index))) from None
        case = self.generated.generate(BytesEntropy(data))
        return replace(case, history=case.history | {"seed": self.seed, "index": index, "driver": self.driver})

    def prepare(self) -> None:
        """Makes the folder, and the first inputs if there are none.

        Raises:
            FencepostError: it cannot be written.
        """
        corpus = self.folder / "corpus"
        try:
            corpus.mkdir(parents=True, exist_ok=True)
            (self.folder / "inputs").mkdir(exist_ok=True)
            if not any(corpus.iterdir()):
                for number in range(FIRST_INPUTS):
                    data = PrngEntropy(self.seed, number, "libfuzzer").take(MAX_BYTES)
                    (corpus / f"first-{number:02}").write_bytes(data)
        except OSError as error:
            raise from_os(error, str(self.folder), "write the output folder") from None

    def arguments(self, first: int) -> list[str]:
        """The command line of libFuzzer for a worker that begins at case ``first``."""
        seed = (self.seed + first) % (2**32 - 1) + 1  # 0 would mean the time
        return ["fencepost", f"-seed={seed}", *FLAGS, *self.flags, str(self.folder / "corpus")]

    def put(self, index: int, data: bytes) -> None:
        """Writes an input to disk."""
        self._input(index).write_bytes(data)

    def drop(self, index: int) -> None:
        """Removes an input."""
        self._input(index).unlink(missing_ok=True)

    def _input(self, index: int) -> Path:
        return self.folder / "inputs" / str(index)
