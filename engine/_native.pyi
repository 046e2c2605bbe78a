"""The native engine: Wasm in, outcomes out. Everything that crosses this border is plain data."""

from collections.abc import Sequence
from os import PathLike
from typing import Literal, NotRequired, TypeAlias, TypedDict, final

ValType: TypeAlias = Literal[
    "i8", "i16", "i32", "i64", "i128", "f32", "f64", "v128", "funcref", "externref", "anyref", "exnref"
]
Kind: TypeAlias = Literal["function", "table", "memory", "global", "tag"]
Executor: TypeAlias = Literal["interpreter", "jit", "jit-unoptimized", "reference"]
Mode: TypeAlias = Literal["exact", "as-shipped"]

__all__ = [
    "CompileFailure",
    "InvalidInput",
    "Pair",
    "PanicException",
    "PlanError",
    "Program",
    "ScheduleError",
    "SnapshotError",
    "Unsupported",
    "answers",
    "assemble",
    "attack_functions",
    "attacks",
    "catalogue",
    "cell_refusal",
    "check_record",
    "clif_arena",
    "effects",
    "faults",
    "generate_clif",
    "mutate",
    "processor_features",
    "run_lines",
    "run_wasi",
    "signatures",
    "smith",
    "versions",
    "weave",
]

class InvalidInput(ValueError):
    """The input is not valid WebAssembly, text or binary, nor valid CLIF. ``args`` is ``(message, offset, line)``.

    ``offset`` is a byte offset in a binary module or ``None``, ``line`` a 1-based line of text or ``None``.
    """

class PlanError(ValueError):
    """A plan does not fit its program. ``args`` is ``(message,)``."""

class ScheduleError(ValueError):
    """A schedule cannot be followed in its program. ``args`` is ``(message,)``."""

class SnapshotError(ValueError):
    """A snapshot is none, or none of this run. ``args`` is ``(message,)``."""

class Unsupported(Exception):
    """The input is valid but needs something that the engine does not have. ``args`` is ``(feature,)``."""

class CompileFailure(Exception):
    """A compiler panicked on valid input or rejected it: a finding. ``args`` is ``(message,)``."""

class PanicException(BaseException):
    """A panic of the engine, where none is expected. ``args`` is ``(message,)``."""

class AttackFunction(TypedDict):
    """One function of the attack interface."""

    name: str
    params: list[tuple[str, ValType]]
    result: ValType | None

class Extern(TypedDict):
    """One import or export."""

    module: NotRequired[str]  # imports only
    name: str
    kind: Kind
    params: NotRequired[list[ValType]]  # functions and tags only
    results: NotRequired[list[ValType]]  # functions only
    callable: NotRequired[bool]  # functions only: whether parameters take every value of their types
    specific: bool  # whether references are narrower than their types' names say
    type: NotRequired[ValType]  # globals: of the value; tables: of the elements
    mutable: NotRequired[bool]  # globals only
    minimum: NotRequired[int]  # tables in elements, memories in pages
    maximum: NotRequired[int | None]  # the same

class Value(TypedDict):
    """A Wasm value.

    ``bits`` is the zero-extended bit pattern of a number (v128: little-endian). For references it is ``None`` for null,
    the function's index in its module for a funcref, the host number for an externref, the number of a small integer in
    an anyref. Where it is none of these, it is 2**32 plus what guest code holds.
    """

    type: ValType
    bits: int | None

class Escape(TypedDict):
    """An access or jump that left the arena, its guards or the code table, or a guard that found traces of one."""

    kind: Literal["access", "canary", "decoy", "object", "entry", "return"]
    access: Literal["read", "write", "execute"] | None
    offset: int | None  # relative to the arena's base, in bytes
    function: int | None  # index among the module's defined functions
    site: str | None  # what the site accesses, e.g. "store VMMemoryDefinition+0x4 width 4 at wasm 0x1a2"
    instruction: str  # hexadecimal bytes, empty in the interpreter
    disassembly: str
    registers: dict[str, int]

class Witness(TypedDict):
    """What was seen of one entry of a plan. The later keys say where it landed the first time, if it did."""

    known: bool  # whether there is an access or call that shows it
    executed: int  # how often, a trap included; 0 where the executor does not watch
    access: NotRequired[Literal["read", "write", "execute"]]
    offset: NotRequired[int]  # in the arena; of a call, its code index
    width: NotRequired[int]  # in bytes; 0 for a call
    in_object: NotRequired[bool]  # whether it lies in an object of the kind that its site names

class Written(TypedDict):
    """What became of one entry of a schedule: nothing, where its event did not take place. Values are little-endian."""

    offset: NotRequired[int]  # in the arena
    before: NotRequired[int]
    after: NotRequired[int]

class CallResult(TypedDict):
    """What one call, or instantiation, came to. Exactly one of the optional keys is present."""

    values: NotRequired[list[Value]]
    trap: NotRequired[str]  # the stable name of the trap
    escape: NotRequired[Escape]
    runtime_fault: NotRequired[str]
    exit: NotRequired[int]  # proc_exit
    site: NotRequired[str]  # with a trap, where it happened, if known

class HostCall(TypedDict):
    """One call of an imported function, in order."""

    module: str
    name: str
    args: list[Value]

class MemoryState(TypedDict):
    """A memory after the last call. ``index`` counts imports first."""

    index: int
    pages: int
    digest: int  # of its current bytes, by XXH3 (64 bits)

class TableState(TypedDict):
    """A table after the last call; ``elements`` holds the first 1024."""

    index: int
    size: int
    elements: list[int | None]  # as in ``Value.bits``

class GlobalState(TypedDict):
    """A global after the last call."""

    index: int
    value: Value

class Counts(TypedDict):
    """What the run did; 0 where the executor does not count."""

    ops: int
    accesses: int
    indirect_calls: int
    collections: int

class RunResult(TypedDict):
    """The outcome of one run of a program."""

    instantiation: CallResult  # ``values`` is empty on success
    calls: list[CallResult]  # stops after an escape, a runtime fault or an exit
    memories: list[MemoryState]
    tables: list[TableState]
    globals: list[GlobalState]
    host_calls: list[HostCall]  # the first 10,000
    escapes: list[Escape]  # found by looking after the run, or by a monitor: canaries, decoys, wrong calls and returns
    witnesses: list[Witness]  # one for each entry of the plan
    written: list[Written]  # one for each entry of the schedule
    events: dict[str, int]  # how often what a schedule can wait for took place; 0 where nobody counted
    arena_digest: int  # of all accessible bytes
    base: int  # the address that offset 0 had: it tells arenas apart
    counts: Counts
    fault_triggered: bool
    times: dict[str, float]  # seconds by stage: prepare, compile, instantiate, run, inspect, save, restore
    snapshot: NotRequired[Snapshot]  # where one was asked for, and the run may go on

class Snapshot(TypedDict):
    """A run between two of its calls: see ``engine/src/run/snapshot.rs``."""

    record: str  # JSON: all but the arena
    offsets: list[int]  # of pages of the arena, 4096 bytes each, that differ from what the program starts with
    pages: bytes  # what they hold, in this order

class Census(TypedDict):
    """Names of CLIF opcodes, and of fields of VM structures (``VMFuncRef.wasm_call``) and kinds of memory; sorted."""

    opcodes: list[str]
    fields: list[str]

class RunLine(TypedDict):
    """A line such as ``; run: %f(1) == 2`` of CLIF text."""

    line: int
    function: str  # without %
    args: list[Value]
    equal: bool  # whether the results must be these, or any others
    results: NotRequired[list[Value]]  # absent where the line only prints

class Compared(TypedDict):
    """What a plan did on both layouts: an effect of `effects` on each, unless it has no counterpart."""

    object: str  # what the access names that shows the first change, or what is written to; may be empty
    unmapped: NotRequired[str]
    arena32: NotRequired[str]
    raw64: NotRequired[str]
    lost: NotRequired[int]  # records that the log had no room for
    plausible: NotRequired[bool]  # whether raw pointers led outside to where a process can have memory

@final
class Pair:
    """A module on both layouts, the arena and raw pointers, and what its runs come to. Bound to its thread.

    Raises what `Program` raises, and ``Unsupported`` also where the layouts differ without any plan.
    """

    def __new__(
        cls,
        wasm: bytes,
        calls: Sequence[tuple[str, Sequence[int | None]]],
        *,
        deadline: float,
        max_memory: int = ...,
    ) -> Pair: ...
    @property
    def program(self) -> Program:
        """The module in the arena, which plans are made for."""
    def compare(self, plan: str) -> Compared:
        """Runs a plan on both in a cell; raises ``PlanError``, ``Unsupported`` or ``CompileFailure``."""
    def corrupt(self, schedule: str) -> Compared:
        """The same with a schedule of corruption; raises ``ScheduleError`` or ``ValueError`` as well."""

def effects() -> list[str]:
    """What a plan may do, the worst last."""

@final
class Program:
    """A translated WebAssembly module, or a program in CLIF. Immutable; safe to run many times.

    Raises ``InvalidInput``, ``Unsupported`` or ``CompileFailure`` when made.
    """

    def __new__(cls, wasm: bytes) -> Program: ...
    @staticmethod
    def from_clif(text: str) -> Program:
        """The program of CLIF text: see ``engine/src/clif``. Its exports are all its functions.

        Raises ``InvalidInput`` or ``Unsupported``.
        """
    @property
    def imports(self) -> list[Extern]: ...
    @property
    def exports(self) -> list[ExportItem]: ...
    @property
    def defined_functions(self) -> int: ...
    @property
    def census(self) -> Census:
        """What the program contains, as the front end made it."""

    @property
    def may_wait(self) -> bool:
        """Whether it waits in a memory, with any timeout but the constant 0."""

    @property
    def hash(self) -> str:
        """16 hexadecimal digits that identify the CLIF of the program without any plan: what a plan belongs to."""
    def confused(self, plan: str) -> Program:
        """The same program as a plan (a JSON array, see ``case.schema.json``) changes it; raises ``PlanError``.

        Plans refer to the program without any plan. It shares what is compiled of the unchanged functions.
        """
    def corrupted(self, schedule: str) -> Program:
        """The same program, during whose runs a schedule (a JSON array, see ``case.schema.json``) writes to the arena.

        It shares everything that is compiled. A field that is not there, or a place outside the arena, is found by
        ``run``. An empty schedule only counts events. Raises ``ScheduleError``.
        """
    def describe_plan(self) -> str:
        """What each entry of the plan did, as JSON objects: see ``engine/src/confuse/describe.rs``."""
    def to_wasm(self) -> bytes:
        """A module for a program in CLIF, as its plan changes it, whose memory is the arena; see ``clif_arena``.

        ``i8`` and ``i16`` are zero-extended ``i32`` there, an ``i128`` is two ``i64``, the low half first. Traps as the
        program does in exact runs. Raises ``Unsupported`` for what cannot be said in Wasm.
        """
    def places(self) -> list[tuple[int, int, str]]:
        """Where the program can be confused: function, site, kind."""
    def choices(self, function: int, site: int, kind: str) -> list[str]:
        """The params, as JSON objects, that an entry at a place may have; raises ``ValueError`` for an unknown kind."""
    def layout(self, *, max_memory: int = ..., max_table: int = ...) -> str:
        """The arena map and the catalogue of VM structures as JSON: see ``harness/layout.py`` for its shape."""
    def run(
        self,
        calls: Sequence[tuple[str, Sequence[int | None]]],
        *,
        executor: Executor = "interpreter",
        mode: Mode = "exact",
        native: Literal["cell", "in-process"] = "in-process",
        guard: Literal["guard", "decoy"] = "guard",
        fuel: int = ...,
        deadline: float = ...,
        depth: int = ...,
        max_memory: int = ...,
        max_table: int = ...,
        settings: Sequence[tuple[str, str]] = ...,
        fault: str | None = None,
        check_objects: bool = False,
        gc_stress: bool = False,
        relocated: bool = False,
        save: bool = False,
        resume: Snapshot | None = None,
    ) -> RunResult:
        """Instantiates the module afresh and makes the calls in order.

        A call is an export's name and its arguments as bit patterns (``Value.bits``). ``fuel`` counts interpreter
        operations of one call, ``deadline`` is seconds for one call, ``depth`` nested guest calls, ``max_memory``
        bytes a memory may grow to, ``max_table`` elements a table may grow to, ``settings`` are Cranelift flags for
        the JIT. ``native`` says where the JIT's code runs: in this process, or in a cell, a process with nothing else
        in it, where ``guard`` has no meaning.
        ``check_objects`` makes the interpreter verify that each access lies in the object that its region names.
        ``gc_stress`` collects garbage before each allocation, and overwrites what it leaves behind.
        ``relocated`` puts the arena elsewhere: that of native code where every bit from 16 to 46 of its base differs.
        ``save`` takes a snapshot after the last call; ``resume`` goes on from one, with the calls that are not behind
        it, and the result is that of the whole run, but for counts, witnesses and times.

        Raises ``ScheduleError`` for a schedule that does not fit; ``SnapshotError`` for a snapshot that is none of this
        run, or too much to keep; ``ValueError`` for an unknown export, wrong argument count, setting or fault;
        ``Unsupported`` and
        ``CompileFailure`` as the executor meets them; ``MemoryError`` when there is no address space left, or the
        system refuses a cell.
        """

class ExportItem(Extern):
    """An export, with its position in its index space (imports first)."""

    index: int

def cell_refusal() -> str | None:
    """Why native code cannot run in cells on this machine; ``None`` if it can. Starts one to find out."""

def check_record(record: str) -> None:
    """Raises ``SnapshotError`` unless the text is a ``Snapshot.record``, of whatever run."""

def processor_features() -> list[tuple[str, bool]]:
    """The processor features that native code may use: Cranelift's names, and whether this machine has each.

    Raises ``Unsupported`` on a machine that no native code is made for.
    """

def versions() -> dict[str, str]:
    """Versions of the native components by name: cranelift, wasmtime-environ, wasm-smith, rustc, ..."""

def assemble(text: bytes) -> bytes:
    """The binary of a module in text format; a binary module is returned as it is. Raises ``InvalidInput``."""

def smith(entropy: bytes, config: dict[str, int | bool]) -> bytes:
    """A module made by wasm-smith from ``entropy``; ``config`` names fields of ``wasm_smith::Config``.

    Deterministic. With ``ensure_termination`` (an int: fuel) the module stops by itself. Raises ``ValueError`` for an
    unknown field or when there is too little entropy.
    """

class WasiResult(RunResult):
    """What came of a whole program. ``stdout`` and ``stderr`` are there when they were captured."""

    wasi_calls: list[str]  # names of the calls that it made, sorted
    stdout: NotRequired[bytes]
    stderr: NotRequired[bytes]

def run_wasi(
    program: Program,
    *,
    args: Sequence[str],
    env: Sequence[tuple[str, str]] = ...,
    preopens: Sequence[tuple[str | PathLike[str], str]] = ...,
    stdin: bytes | None = None,
    capture: int | None = None,
    executor: Executor = "jit",
    mode: Mode = "as-shipped",
    native: Literal["cell", "in-process"] = "in-process",
    guard: Literal["guard", "decoy"] = "guard",
    fuel: int = ...,
    deadline: float | None = None,
    depth: int = ...,
    max_memory: int = ...,
    max_table: int = ...,
    settings: Sequence[tuple[str, str]] = ...,
    fault: str | None = None,
    calls: Sequence[tuple[str, Sequence[int | None]]] | None = None,
    repeatable: bool = False,
    attacks: bool = False,
    check_objects: bool = False,
    gc_stress: bool = False,
    relocated: bool = False,
) -> WasiResult:
    """Runs a program with WASI preview 1: its ``_start``, unless ``calls`` says what to call.

    ``args`` begins with the program's name; ``preopens`` are pairs of a folder and the name that the program knows it
    by. ``stdin`` is this process's own if ``None``. With ``capture``, as many bytes of each output stream are kept and
    returned, and a write beyond fails; without, they go to this process's own. ``deadline`` is in seconds, and stops
    native code, not a call of WASI that waits. With ``repeatable``, clocks, random bytes, and the numbers and dates of
    files follow from the calls alone (``engine/src/wasi/world.rs``). With ``attacks``, the program may import the
    attack interface (``docs/attacks.md``). The rest is as in ``Program.run``.

    Raises ``Unsupported`` for an import that is not there, ``OSError`` for a folder that cannot be opened, and
    ``ValueError`` for an export that is not there or takes other arguments, a null byte in a string, or a setting that
    is unknown.
    """

def weave(
    wasm: bytes,
    *,
    seed: int,
    indirect: int | None = None,
    fuel: int | None = None,
    soften: bool = False,
    traffic: int = 0,
) -> bytes:
    """A valid module with what makes its runs worth watching added to it; valid, too. Deterministic.

    ``indirect`` fills tables with the module's functions, brings most indices of indirect calls to a function of the
    type that they expect, and makes this percentage of direct calls indirect. ``fuel`` is how many function entries and
    turns of loops the module makes before it traps; its new export ``fencepost.refuel`` sets it back. ``soften``
    replaces most ``unreachable`` by a return, and returns where fuel runs out. ``traffic`` is how many accessors of
    memories and tables are exported, as ``fencepost.table.grow.0``. What is drawn is drawn from ``seed``.

    Raises ``InvalidInput``, and ``Unsupported`` for what is no core module.
    """

def mutate(wasm: bytes, *, seed: int, rounds: int) -> bytes:
    """A valid module that up to ``rounds`` mutations of a valid one lead to. It may run without end. Deterministic."""

def signatures(wasm: bytes) -> list[tuple[str, list[ValType]]]:
    """The functions that a module exports, in order: names and parameter types. Raises as ``weave`` does."""

def attacks(wasm: bytes) -> bool:
    """Whether a valid module imports the functions by which it corrupts VM data itself."""

def attack_functions() -> list[AttackFunction]:
    """The attack interface, but the functions that tell where the fields lie that `catalogue` names.

    Those take an instance and an index, both i32, and give an arena offset, also i32.
    """

def answers(module: str, name: str, args: Sequence[int], before: int, results: Sequence[ValType]) -> list[int]:
    """What the stub of an import answers, as bit patterns: references are null, and given as 0.

    ``args`` are bit patterns, of a reference 0 if it is null, else 1; ``before`` is how many host calls the instance
    made before this one.
    """

def catalogue() -> Census:
    """What a census can name: the opcodes of programs that can run, and the fields of all structures; unsorted."""

class ClifArena(TypedDict):
    """See ``clif_arena``."""

    memory: tuple[int, int]
    digested: tuple[int, int]
    memory_export: str
    trap_export: str
    traps: list[str]

def clif_arena() -> ClifArena:
    """Where programs in CLIF lie, and what their modules export beside functions.

    Keys:
        memory: arena offset and length of the memory of a program.
        digested: the same of what ``arena_digest`` covers.
        memory_export: name of the exported memory, whose offsets are the arena's.
        trap_export: name of the exported global that is 1 + the position in ``traps`` of what the last call trapped
            with, or 0 if Wasm's own trap says it.
        traps: names of all traps.
    """

def faults() -> list[tuple[str, str]]:
    """The planted faults: two-digit name and one-line summary."""

def run_lines(text: str) -> list[RunLine]:
    """The run lines of CLIF text, in order. Raises ``InvalidInput``."""

def generate_clif(entropy: bytes, *, whole: bool = False) -> str:
    """A random program in CLIF text: valid, ending, a function of ``entropy`` alone.

    Only with ``whole`` it may contain what the interpreter lacks, such as atomics.
    """
