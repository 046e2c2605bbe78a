"""Outcomes: what one executor or reference made of one case, as data.

Everything that is compared has one canonical form here, whoever ran the case: numbers are
zero-extended bit patterns, traps have the stable names of `engine/src/trap.rs`,
references are `None` for null, the function's index for a funcref, the host number for
an externref, and the number of a small integer in an anyref; of any other reference only
the engine itself can say more than that it is not null. A trap is no error, and `unsupported` no failure.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

INFINITY32 = 0x7F80_0000
INFINITY64 = 0x7FF0_0000_0000_0000

UNKNOWN_REFERENCE = -1
"""Bits of a reference of which its engine can only tell that it is not null, nor a number."""

OPAQUE = 1 << 32
"""From here on, the bits of a reference are the engine's own name for an object."""


@dataclass(frozen=True, slots=True)
class Value:
    """A Wasm value: its type's name and its zero-extended bits, or `None` for a null reference."""

    type: str
    bits: int | None

    @property
    def is_nan(self) -> bool:
        """Whether it is a NaN of any payload."""
        match self.type, self.bits:
            case "f32", int(bits):
                return bits & 0x7FFF_FFFF > INFINITY32
            case "f64", int(bits):
                return bits & 0x7FFF_FFFF_FFFF_FFFF > INFINITY64
        return False

    def __str__(self) -> str:
        if self.bits is None:
            return f"{self.type} null"
        return f"{self.type} {self.bits:#x}"


@dataclass(frozen=True, slots=True)
class Returned:
    """The call returned these values; instantiation returns none."""

    values: tuple[Value, ...] = ()

    def __str__(self) -> str:
        return "returned " + (", ".join(map(str, self.values)) or "nothing")


@dataclass(frozen=True, slots=True)
class Trapped:
    """The call trapped. The site is for people, and never compared."""

    trap: str
    site: str | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return f"trapped {self.trap}" + (f" at {self.site}" if self.site else "")


@dataclass(frozen=True, slots=True)
class Exited:
    """The program ended itself through WASI's proc_exit."""

    code: int

    def __str__(self) -> str:
        return f"exited {self.code}"


@dataclass(frozen=True, slots=True)
class Escape:
    """An access or jump that left its bounds, or a guard that found traces of one.

    Attributes:
        kind: ``access``, ``canary``, ``decoy`` or ``object``.
        offset: relative to the arena's base in bytes, if known.
        details: everything else that the engine said, as it said it.
    """

    kind: str
    access: str | None = None
    offset: int | None = None
    site: str | None = None
    details: dict[str, Any] = field(default_factory=dict, compare=False, hash=False)

    def __str__(self) -> str:
        offset = "unknown offset" if self.offset is None else f"base{self.offset:+#x}"
        where = f" at {self.site}" if self.site else ""
        instruction = self.details.get("disassembly") or ""
        return " ".join(f"{self.kind} {self.access or ''} {offset}{where} {instruction}".split())


@dataclass(frozen=True, slots=True)
class Escaped:
    """The call escaped."""

    escape: Escape

    def __str__(self) -> str:
        return f"escaped: {self.escape}"


@dataclass(frozen=True, slots=True)
class RuntimeFault:
    """Trusted code panicked, or found its own state broken."""

    message: str

    def __str__(self) -> str:
        return f"runtime fault: {self.message}"


CallOutcome = Returned | Trapped | Exited | Escaped | RuntimeFault


@dataclass(frozen=True, slots=True)
class HostCall:
    """One call of an imported function."""

    module: str
    name: str
    args: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class State:
    """What the calls left behind, by index (imports first); only what is comparable.

    Attributes:
        memories: index to (pages, digest of all bytes).
        tables: index to (size, the first 1024 elements).
        globals: index to value.
    """

    memories: dict[int, tuple[int, int]] = field(default_factory=dict)
    tables: dict[int, tuple[int, tuple[int | None, ...]]] = field(default_factory=dict)
    globals: dict[int, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Counts:
    """What a run did; 0 where the executor does not count."""

    ops: int = 0
    accesses: int = 0
    indirect_calls: int = 0
    collections: int = 0


@dataclass(frozen=True, slots=True)
class Witness:
    """What was seen of one entry of a plan.

    Attributes:
        known: whether there is an access or call that shows whether it took effect.
        executed: how often that was executed, a trap included; 0 where nobody watched.
        access: ``read``, ``write`` or ``execute``, the first time; `None` if there was none.
        offset: in the arena; of a call, its code index.
        width: in bytes; 0 for a call.
        in_object: whether it lies in an object of the kind that its site names.
    """

    known: bool
    executed: int = 0
    access: str | None = None
    offset: int | None = None
    width: int | None = None
    in_object: bool | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one entry of a schedule; all `None` where its event did not take place, or not here.

    Attributes:
        offset: in the arena.
        before: what stood there, a little-endian number.
        after: what stands there since.
    """

    offset: int | None = None
    before: int | None = None
    after: int | None = None


@dataclass(frozen=True, slots=True)
class Effects:
    """What a whole program did to the world.

    Attributes:
        files: what it left in its folder: path to kind and digest.
        asked: names of the calls of WASI that it made; `None` where nobody listened.
    """

    stdout: bytes = b""
    stderr: bytes = b""
    files: dict[str, str] = field(default_factory=dict)
    asked: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Ran:
    """The case ran, to whatever end.

    Attributes:
        instantiation: `Returned` without values on success.
        calls: one for each call, in order; fewer where one ended the run.
        host_calls: the first 10,000, in order; those of WASI only where its `Effects` have ``asked``.
        escapes: found by looking after the run, or by a monitor during it.
        witnesses: one for each entry of the plan.
        written: one for each entry of the schedule.
        events: how often what a schedule can wait for took place; 0 where nobody counted.
        arena_digest: of all accessible arena bytes; `None` where there is no arena.
        base: the address that its offset 0 had; another every time, and never compared.
        effects: of a whole program; else `None`.
        is_prefix: whether calls are missing at the end because who ran it stops at a trap.
        near_limit: the memories and tables, by kind and index, that came near the run's limit.
        cut: whether a whole program wrote more than was kept.
        times: seconds by stage.
    """

    instantiation: CallOutcome
    calls: tuple[CallOutcome, ...] = ()
    state: State = field(default_factory=State)
    host_calls: tuple[HostCall, ...] = ()
    escapes: tuple[Escape, ...] = ()
    witnesses: tuple[Witness, ...] = ()
    written: tuple[Written, ...] = ()
    events: dict[str, int] = field(default_factory=dict)
    arena_digest: int | None = None
    base: int | None = field(default=None, compare=False)
    counts: Counts = field(default_factory=Counts)
    fault_triggered: bool = False
    near_limit: frozenset[tuple[str, int]] = frozenset()
    cut: bool = False
    effects: Effects | None = None
    is_prefix: bool = False
    times: dict[str, float] = field(default_factory=dict)

    @property
    def steps(self) -> tuple[CallOutcome, ...]:
        """Instantiation, then the calls."""
        return (self.instantiation, *self.calls)


@dataclass(frozen=True, slots=True)
class NotRun:
    """The case did not run.

    Attributes:
        kind: ``unsupported`` or ``compile-failure``; of a validator, which runs nothing,
            ``agrees`` or ``invalid``; ``untranslated`` of a program in CLIF that is no Wasm,
            which is counted and no verdict.
        reason: the feature, or the message of the compiler or validator.
    """

    kind: str
    reason: str


Outcome = Ran | NotRun
