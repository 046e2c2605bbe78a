"""One engine, one program, one process: `python -m tests.bench.contender ENGINE PROGRAM` prints what it took.

A process of its own has nothing compiled before, and its peak of memory is that of the program. Times
are those of the processor, which a busy machine changes little. Both compile on one thread, as a
server does that compiles many programs.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.program_input import FOLDER, ProgramInput
from tests.bench.whole_programs import PROGRAMS, WholeProgram

if TYPE_CHECKING:
    from engine._native import Executor

OURS: dict[str, Executor] = {"jit": "jit", "interpreter": "interpreter"}
THEIRS = {"wasmtime": None, "wasmtime-pulley": "pulley64"}
OUTPUT_BYTES = 64 << 20
FUEL = 1 << 62
LEAST_S = 1e-6


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run took.

    Attributes:
        compile: seconds from the bytes to an instance that is ready to run.
        run: seconds of the program itself.
        memory: bytes by which the process grew, at its peak.
    """

    compile: float
    run: float
    memory: int


def main() -> None:
    """Runs the program that the command line names, checks what it printed, and prints its cost."""
    name, wanted = sys.argv[1:]
    [program] = [program for program in PROGRAMS if program.name == wanted]
    cost = _ours(OURS[name], program) if name in OURS else _theirs(THEIRS[name], program)
    sys.stdout.write(json.dumps(asdict(cost)))


def _ours(executor: Executor, program: WholeProgram) -> Cost:
    import engine  # noqa: PLC0415 (one engine a process)

    wasm, before = program.wasm, _resident()
    with ProgramInput(files=program.files).folder() as folder:

        def run(*exports: str) -> engine._native.WasiResult:
            return engine.run_wasi(
                translated,
                args=[program.stem],
                preopens=[(folder, FOLDER)],
                stdin=b"",
                capture=OUTPUT_BYTES,
                executor=executor,
                fuel=FUEL,
                calls=[(export, []) for export in exports],
            )

        start = time.process_time()
        translated = engine.Program(wasm)
        run()
        compiled = time.process_time()
        run()  # nothing but what every run costs, now that the code is there
        idle = time.process_time()
        result = run("_start")
        left = time.process_time()
    _check(program, result["stdout"], result["stderr"])
    return Cost(compiled - start, max((left - idle) - (idle - compiled), LEAST_S), _peak() - before)


def _theirs(target: str | None, program: WholeProgram) -> Cost:
    import wasmtime  # noqa: PLC0415 (one engine a process)

    from harness.references.wasmtime_wasi import world_of  # noqa: PLC0415

    config = wasmtime.Config()
    config.parallel_compilation = False
    if target is not None:
        config.target = target
    host = wasmtime.Engine(config)
    store = wasmtime.Store(host)
    wasm, before = program.wasm, _resident()
    with world_of(ProgramInput(files=program.files)) as world:
        start = time.process_time()
        module = wasmtime.Module(host, wasm)
        linker = world.linker(host, store)
        for edge in ("start", "end"):
            linker.define_func("bench", edge, wasmtime.FuncType([], []), lambda: None)
        function = linker.instantiate(store, module).exports(store)["_start"]
        assert isinstance(function, wasmtime.Func)
        entered = time.process_time()
        try:
            function(store)
        except wasmtime.ExitTrap as ended:
            if ended.code:
                raise
        left = time.process_time()
        peak = _peak()
        store.close()
        effects = world.effects()
    _check(program, effects.stdout, effects.stderr)
    return Cost(entered - start, left - entered, peak - before)


def _check(program: WholeProgram, stdout: bytes, stderr: bytes) -> None:
    if (stdout, stderr) != (program.stdout, program.stderr):
        raise SystemExit(f"{program.name} printed something else")


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
