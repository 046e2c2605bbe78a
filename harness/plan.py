"""Plans: which executors and references run a case.

A *full* run uses everything that was asked for. A *thin* run, the default of a campaign,
draws one kind of run, one JIT configuration and one reference beside the interpreter, so
that a campaign sees many cases; every tenth case, and every finding, is run in full.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from harness.executors import EXECUTORS, EngineExecutor, Executor, ExecutorName, Limits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generators.entropy import Entropy
    from harness.case import CaseOptions

Mode = Literal["exact", "as-shipped"]
MODES: dict[str, tuple[Mode, ...]] = {
    "exact": ("exact",),
    "as-shipped": ("as-shipped",),
    "both": ("exact", "as-shipped"),
}
REFERENCES = ("wasmtime", "wasmtime-pulley")

JIT_SETTINGS: tuple[tuple[tuple[str, str], ...], ...] = (
    (),
    (("opt_level", "speed_and_size"),),
    (("regalloc_algorithm", "single_pass"),),
    (("enable_alias_analysis", "false"),),
)
"""What thin runs draw the optimising JIT's Cranelift flags from."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run cases with.

    Attributes:
        modes: kinds of run.
        fault: a planted fault, by its two digits.
        settings: Cranelift flags for the JIT.
    """

    modes: tuple[Mode, ...] = MODES["both"]
    executors: tuple[ExecutorName, ...] = EXECUTORS
    references: tuple[str, ...] = REFERENCES
    guard: Literal["guard", "decoy"] = "guard"
    fault: str | None = None
    settings: tuple[tuple[str, str], ...] = ()
    limits: Limits = field(default_factory=Limits)

    def full(self) -> list[Executor]:
        """Everything."""
        return self._executors(self.modes, self.executors, self.references, self.settings)

    def thin(self, entropy: Entropy) -> list[Executor]:
        """The interpreter, one JIT configuration and one reference, in one kind of run."""
        jits = [name for name in self.executors if name != "interpreter"]
        chosen = [name for name in self.executors if name == "interpreter"]
        chosen += [entropy.choice(jits)] if jits else []
        mode = entropy.choice(self.modes)
        references = (entropy.choice(self.references),) if self.references else ()
        settings = self.settings or entropy.choice(JIT_SETTINGS)
        return self._executors((mode,), chosen, references, settings)

    def with_options(self, options: CaseOptions) -> Plan:
        """The plan as a case's own options change it."""
        limits = self.limits
        if options.max_memory is not None:
            limits = replace(limits, max_memory=options.max_memory)
        return Plan(
            modes=MODES[options.mode] if options.mode else self.modes,
            executors=tuple(name for name in EXECUTORS if name in options.executors)
            if options.executors
            else self.executors,
            references=self.references if options.references is None else options.references,
            guard="decoy" if options.guard == "decoy" else "guard" if options.guard else self.guard,
            fault=options.fault or self.fault,
            settings=self.settings if options.settings is None else options.settings,
            limits=limits,
        )

    def options(self, options: CaseOptions) -> CaseOptions:
        """What a finding must say in its header so that a replay does what this plan did."""
        return replace(
            options,
            guard=self.guard if self.guard != "guard" else options.guard,
            fault=self.fault or options.fault,
            max_memory=self.limits.max_memory if self.limits != Limits() else options.max_memory,
            settings=self.settings or options.settings,
        )

    def _executors(
        self,
        modes: Sequence[Mode],
        executors: Sequence[ExecutorName],
        references: Sequence[str],
        settings: tuple[tuple[str, str], ...],
    ) -> list[Executor]:
        engine: list[Executor] = [
            EngineExecutor(name, mode, self.guard, settings, self.fault, self.limits)
            for mode in modes
            for name in executors
        ]
        return engine + self._references(references)

    def _references(self, names: Sequence[str]) -> list[Executor]:
        if not names:
            return []
        from harness.references.wasmtime import WasmtimeReference  # noqa: PLC0415 (heavy)

        return [WasmtimeReference(name, self.limits) for name in names]
