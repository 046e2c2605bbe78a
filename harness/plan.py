"""Plans: which executors and references run a case.

A *full* run uses everything that was asked for. A *thin* run, the default of a campaign,
draws one kind of run and two of three sides: the interpreter, a JIT configuration, and a
reference. So a campaign sees many cases; every tenth case, and every finding, is run in
full.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from harness.executors import EXECUTORS, MODULE_EXECUTORS, EngineExecutor, Executor, ExecutorName, Native
from harness.limits import Limits
from harness.resumption import in_two_parts

if TYPE_CHECKING:
    from generators.entropy import Entropy
    from harness.case import Case, CaseOptions

Mode = Literal["exact", "as-shipped"]
Settings = tuple[tuple[str, str], ...]
MODES: dict[str, tuple[Mode, ...]] = {
    "exact": ("exact",),
    "as-shipped": ("as-shipped",),
    "both": ("exact", "as-shipped"),
}
REFERENCES = ("wasmtime", "wasmtime-pulley")

JIT_SETTINGS: tuple[Settings, ...] = (
    (),
    (("enable_alias_analysis", "false"),),
    (("enable_heap_access_spectre_mitigation", "false"), ("enable_table_access_spectre_mitigation", "false")),
    (("enable_verifier", "true"),),
    (("regalloc_checker", "true"),),
    tuple((f"has_{extension}", "false") for extension in ("avx", "avx2", "fma", "bmi1", "bmi2", "lzcnt", "popcnt")),
)
"""What thin runs draw the JIT's Cranelift flags from. All leave every program its meaning, and may be set on
any x86-64; the last makes code for the oldest processors that SIMD is compiled for."""

REGISTER_ALLOCATORS: tuple[Settings, ...] = ((), (("regalloc_algorithm", "single_pass"),))
"""Drawn beside them; the second takes two thirds of the time to compile."""

ELSEWHERE_EVERY = 16
"""One thin run in so many is made elsewhere, too."""

SITTING_OUT = ("reference", "reference", "jit", "interpreter")
"""Which of three sides a thin run leaves out; a reference costs as much as the other two."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run cases with.

    Attributes:
        modes: kinds of run.
        native: where native code runs; decoys, which a cell has none of, are for this process.
        fault: a planted fault, by its two digits.
        settings: Cranelift flags for the JIT.
        of_clif: whether it is for a program in CLIF, whose translation references run; what
            they say binds exact runs only.
        gc_stress: whether garbage is collected before each allocation.
        elsewhere: whether every run of the engine is made twice more, with the arena at another
            base, and in two parts with a snapshot between them.
    """

    modes: tuple[Mode, ...] = MODES["both"]
    executors: tuple[ExecutorName, ...] = MODULE_EXECUTORS
    references: tuple[str, ...] = REFERENCES
    guard: Literal["guard", "decoy"] = "guard"
    native: Native = "in-process"
    fault: str | None = None
    settings: Settings = ()
    limits: Limits = field(default_factory=Limits)
    of_clif: bool = False
    gc_stress: bool = False
    elsewhere: bool = False

    def within(self, seconds: float) -> Plan:
        """The plan for cases that may take so much processor time."""
        return replace(self, limits=self.limits.within(seconds))

    def drawn(self, entropy: Entropy, configuration: Entropy | None = None) -> Plan:
        """A thin plan: one kind of run, and two of the interpreter, one JIT configuration and one reference.

        Args:
            entropy: what decides.
            configuration: what decides on the JIT and its flags, if something else; cases that
                share it share what is compiled for them.
        """
        configuration = configuration or entropy
        interpreters: list[ExecutorName] = [name for name in self.executors if name == "interpreter"]
        jits: list[ExecutorName] = [name for name in self.executors if name != "interpreter"]
        mode = entropy.choice(self.modes)
        references = self.references if mode == "exact" or not self.of_clif else ()
        absent = entropy.choice(SITTING_OUT) if interpreters and jits and references else None
        chosen = [] if absent == "interpreter" else interpreters
        if jits and absent != "jit":
            chosen.append(configuration.choice(jits))
        return replace(
            self,
            modes=(mode,),
            executors=tuple(chosen),
            references=(entropy.choice(references),) if references and absent != "reference" else (),
            settings=self.settings or configuration.choice(JIT_SETTINGS) + configuration.choice(REGISTER_ALLOCATORS),
            elsewhere=self.elsewhere and entropy.integer(1, ELSEWHERE_EVERY) == 1,
        )

    def for_case(self, case: Case) -> Plan:
        """The plan as a case changes it: by its options, and by what references can say of it.

        None sees what is written into VM data or how a module is confused, and not every one can run a program in CLIF.
        """
        plan = self.with_options(case.options)
        if case.is_corrupted or (case.is_confused and not case.is_clif):
            plan = replace(plan, references=())
        if not case.is_clif:
            return plan
        executors = EXECUTORS if plan.executors == MODULE_EXECUTORS else plan.executors
        references = tuple(name for name in plan.references if name in REFERENCES)
        return replace(plan, executors=executors, references=references, of_clif=True)

    def with_options(self, options: CaseOptions) -> Plan:
        """The plan as a case's own options change it."""
        limits, native = self.limits, self.native
        if options.guard == "decoy" or options.native == "in-process":
            native = "in-process"
        elif options.native == "cell":
            native = "cell"
        if options.max_memory is not None:
            limits = replace(limits, max_memory=options.max_memory)
        return replace(
            self,
            modes=MODES[options.mode] if options.mode else self.modes,
            executors=tuple(name for name in EXECUTORS if name in options.executors)
            if options.executors
            else self.executors,
            references=self.references if options.references is None else options.references,
            guard="decoy" if options.guard == "decoy" else "guard" if options.guard else self.guard,
            native=native,
            fault=options.fault or self.fault,
            settings=self.settings if options.settings is None else options.settings,
            limits=limits,
            gc_stress=self.gc_stress or bool(options.gc_stress),
        )

    def options(self, options: CaseOptions, settings: Settings) -> CaseOptions:
        """What a finding's header must say so that a replay does what this plan did.

        Args:
            options: what the case said before.
            settings: the JIT's flags of the run that found it.
        """
        return replace(
            options,
            guard=self.guard if self.guard != "guard" else options.guard,
            native="in-process" if self.native == "in-process" and self.guard == "guard" else options.native,
            fault=self.fault or options.fault,
            max_memory=self.limits.max_memory if self.limits.max_memory != Limits().max_memory else options.max_memory,
            settings=settings or options.settings,
            gc_stress=self.gc_stress or options.gc_stress,
        )

    def all_executors(self) -> list[Executor]:
        """Every executor in every kind of run, then every reference."""
        engine: list[Executor] = []
        for mode in self.modes:
            own = [
                EngineExecutor(
                    name, mode, self.guard, self.native, self.settings, self.fault, self.limits, self.gc_stress
                )
                for name in self.executors
            ]
            engine += own
            if self.elsewhere and self.guard == "guard":
                engine += [replace(executor, relocated=True) for executor in own]
                engine += in_two_parts(own)
        return engine + self._references()

    def _references(self) -> list[Executor]:
        if self.of_clif and self.references:
            from harness.references.wasmtime_clif import WasmtimeClifReference  # noqa: PLC0415 (heavy)

            return [WasmtimeClifReference(name, self.limits) for name in self.references]
        return [reference(name, self.limits) for name in self.references]


def reference(name: str, limits: Limits) -> Executor:
    """The reference of a name: one of `REFERENCES`, ``wasmtime-cli=PATH`` or ``wasm-tools``."""
    if name == "wasm-tools":
        from harness.references.wasm_tools import WasmTools  # noqa: PLC0415 (seldom used)

        return WasmTools()
    if name.startswith("wasmtime-cli="):
        from harness.references.wasmtime_cli import PREFIX, WasmtimeCli  # noqa: PLC0415 (seldom used)

        return WasmtimeCli(name.removeprefix(PREFIX), limits)
    from harness.references.wasmtime import WasmtimeReference  # noqa: PLC0415 (heavy)

    return WasmtimeReference(name, limits)
