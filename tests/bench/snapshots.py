"""What a snapshot costs: taking it, going on from it, and its file, for each MiB that was touched.

Two runs that touch little and much tell the cost of a MiB from that of any snapshot; medians
of some rounds. Bytes are such as a counter leaves: neither zero nor random.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import engine
from harness.case import Call, Case
from harness.snapshot_file import parse_snapshot, write_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine import _native
    from harness.executors import ExecutorName, Native

MODULE = b"""(module (memory 1024)
  (func (export "touch") (param $end i32) (local $at i32)
    (loop $next
      (i64.store (local.get $at) (i64.mul (i64.extend_i32_u (local.get $at)) (i64.const 2654435761)))
      (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $end))))))"""
MIB = 1 << 20
FEW, MANY = 1, 33
ROUNDS = 7
PLACES: tuple[tuple[ExecutorName, Native], ...] = (
    ("interpreter", "in-process"),
    ("jit", "in-process"),
    ("jit", "cell"),
)


@dataclass(frozen=True, slots=True)
class SnapshotCosts:
    """Microseconds of snapshots of one executor.

    Attributes:
        save: taking one, for each MiB touched.
        restore: going on from one, for each MiB, without compiling.
        least: taking one of a MiB.
    """

    executor: str
    save: float
    restore: float
    least: float


@dataclass(frozen=True, slots=True)
class FileCosts:
    """Microseconds of a MiB of pages on its way to a file and back, and the file's share of its size."""

    write: float
    read: float
    share: float


def snapshot_costs() -> tuple[list[SnapshotCosts], FileCosts]:
    """Measures every executor that this machine has, and the file."""
    refused = engine.cell_refusal() is not None
    places = [place for place in PLACES if not (refused and place[1] == "cell")]
    return [_costs(*place) for place in places], _file_costs()


def _costs(executor: ExecutorName, native: Native) -> SnapshotCosts:
    program = engine.Program(engine.assemble(MODULE))
    few, many = (_times(program, executor, native, mib) for mib in (FEW, MANY))
    save, restore = ((much - little) / (MANY - FEW) * 1e6 for little, much in zip(few, many, strict=True))
    return SnapshotCosts(f"{executor}, {native}", save, restore, few[0] * 1e6)


def _times(program: engine.Program, executor: ExecutorName, native: Native, mib: int) -> tuple[float, float]:
    """Seconds to take a snapshot, and to go on from it."""
    saves, restores = [], []
    for _ in range(ROUNDS):
        begun = _taken(program, mib, executor, native)
        saves.append(begun["times"]["save"])
        ended = program.run([_call(mib)], executor=executor, native=native, resume=begun["snapshot"])
        if ended["arena_digest"] != begun["arena_digest"]:
            raise ValueError(f"another arena in {executor}, {native}")
        restores.append(ended["times"]["restore"])
    return statistics.median(saves), statistics.median(restores)


def _taken(program: engine.Program, mib: int, executor: ExecutorName, native: Native) -> _native.RunResult:
    return program.run([_call(mib)], executor=executor, native=native, save=True)


def _call(mib: int) -> tuple[str, list[int]]:
    return "touch", [mib * MIB]


def _file_costs() -> FileCosts:
    case = Case(engine.assemble(MODULE), calls=(Call("touch"),))
    snapshot = _taken(engine.Program(case.wasm), MANY, "jit", "in-process")["snapshot"]
    mib = len(snapshot["pages"]) / MIB
    data = write_snapshot(case, snapshot)
    write = _seconds(lambda: write_snapshot(case, snapshot))
    read = _seconds(lambda: parse_snapshot(data, "a snapshot"))
    return FileCosts(write / mib * 1e6, read / mib * 1e6, len(data) / len(snapshot["pages"]))


def _seconds(run: Callable[[], object]) -> float:
    rounds = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        run()
        rounds.append(time.perf_counter() - begun)
    return statistics.median(rounds)
