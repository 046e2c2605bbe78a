"""The rate of CLIF programs from scratch: generated, read, compiled, run.

A rate is programs per second of processor time, so that a busy machine changes it little.
It covers what a campaign does for a program in the interpreter and in one configuration of
native code; the reference executor and Wasmtime, on the translation, are told beside.
"""

from __future__ import annotations

import itertools
import time
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generators.clif import ClifGenerator
from generators.entropy import PrngEntropy
from harness.executors import EngineExecutor, Subject
from harness.plan import JIT_SETTINGS, REFERENCES
from harness.references.wasmtime_clif import WasmtimeClifReference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.case import Case
    from harness.executors import Executor, ExecutorName

SEED = 1
JITS: tuple[ExecutorName, ...] = ("jit", "jit-unoptimized")
CORE = ("generate", "read", "interpreter", "jit")
"""The stages that the rate covers."""


@dataclass(frozen=True, slots=True)
class ClifRate:
    """What programs cost.

    Attributes:
        per_second: programs through all of `CORE`.
        microseconds: mean processor time of a program by stage, those beside the rate included.
    """

    per_second: float
    microseconds: dict[str, float]


def clif_rate(programs: int) -> ClifRate:
    """Measures ``programs`` portable programs, each in the next of the JIT's configurations."""
    spent: dict[str, float] = defaultdict(float)
    for number, case in zip(range(programs), _portable(spent), strict=False):
        with _timed(spent, "read"):
            subject = Subject(case)
        name, settings = JITS[number % len(JITS)], JIT_SETTINGS[number % len(JIT_SETTINGS)]
        executors: dict[str, Executor] = {
            "interpreter": EngineExecutor("interpreter"),
            "jit": EngineExecutor(name, settings=settings),
            "reference": EngineExecutor("reference"),
            **{name: WasmtimeClifReference(name) for name in REFERENCES},
        }
        for stage, executor in executors.items():
            with _timed(spent, stage):
                executor.run(subject)
    mean = {stage: seconds / programs * 1e6 for stage, seconds in spent.items()}
    return ClifRate(1e6 / sum(mean[stage] for stage in CORE), mean)


def _portable(spent: dict[str, float]) -> Iterator[Case]:
    """Programs that all executors run."""
    for index in itertools.count():
        before = spent["generate"]
        with _timed(spent, "generate"):
            case = ClifGenerator().generate(PrngEntropy(SEED, index))
        if case.options.executors:
            spent["generate"] = before
        else:
            yield case


@contextmanager
def _timed(spent: dict[str, float], stage: str) -> Iterator[None]:
    """Adds the processor seconds of what runs inside."""
    start = time.process_time()
    yield
    spent[stage] += time.process_time() - start
