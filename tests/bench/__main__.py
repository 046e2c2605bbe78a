"""`python -m tests.bench`: ratios against Wasmtime, and the rates of a campaign and of its parts.

    native code     our JIT, as shipped and with its checks   / Wasmtime with guard pages
    interpreters    our safe interpreter, counting fuel        / Wasmtime's Pulley

A ratio is our time divided by theirs. Kernels are calls of one function; programs are real
ones, with WASI, and their time to compile and their memory count too.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from tests.bench.campaign import Rate, measure
from tests.bench.cells import CellCosts, cell_costs
from tests.bench.clif import CORE, ClifRate, clif_rate
from tests.bench.confusion import ConfusionRate, confusion_rates
from tests.bench.corruption import CorruptionRate, corruption_rates
from tests.bench.duel import Score, duel, geometric_mean
from tests.bench.engines import Ours, Wasmtime
from tests.bench.program_duel import program_duel, table
from tests.bench.programs import INTERPRETED, NATIVE
from tests.bench.snapshots import FileCosts, SnapshotCosts, snapshot_costs
from tests.bench.whole_programs import PROGRAMS

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAM_GROUPS = (("jit", "wasmtime"), ("interpreter", "wasmtime-pulley"))
RUN = tuple(program for program in PROGRAMS if program.name != "noop")
"""What both engines run to its end, and what does something."""

JOBS = (1, 2)

COUNTS = ("cases", "plans", "schedules", "clif", "cell_cases", "turns")

GROUPS: dict[str, Callable[[int], list[Score]]] = {
    "jit / wasmtime native": lambda rounds: list(duel(Ours("jit"), Wasmtime(), NATIVE, rounds)),
    "interpreter / wasmtime pulley64": lambda rounds: list(
        duel(Ours("interpreter"), Wasmtime("pulley64"), INTERPRETED, rounds)
    ),
}


def main() -> None:
    """Measures everything that was asked for, and prints it."""
    options = _options()
    scores = {group: run(options.rounds) for group, run in GROUPS.items()}
    programs = {group: list(program_duel(*group, RUN, options.turns)) for group in PROGRAM_GROUPS if options.turns}
    rates = [measure(options.cases, jobs=jobs) for jobs in JOBS] if options.cases else []
    confusion = confusion_rates(options.plans) if options.plans else []
    corruption = corruption_rates(options.schedules) if options.schedules else []
    clif = clif_rate(options.clif) if options.clif else None
    cells = cell_costs(options.cell_cases)
    snapshots, file = snapshot_costs()
    data = _as_json(scores, rates) | {
        "programs": {" / ".join(group): [asdict(score) for score in row] for group, row in programs.items()},
        "confusion": [asdict(rate) for rate in confusion],
        "corruption": [asdict(rate) for rate in corruption],
        "clif": clif and asdict(clif),
        "cells": [asdict(costs) for costs in cells],
        "snapshots": [asdict(costs) for costs in snapshots],
        "snapshot file": asdict(file),
    }
    tables = [line for group, row in programs.items() for line in (*table(" / ".join(group), row), "")]
    lines = tables + _lines(scores, rates) + list(map(_confusion_line, confusion))
    lines += [*map(_corruption_line, corruption), *([_clif_line(clif)] if clif else [])]
    lines += _cell_lines(cells) + _snapshot_lines(snapshots, file)
    text = json.dumps(data, indent=2) if options.json else "\n".join(lines)
    sys.stdout.write(text + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=9, help="turns of each engine and program (default: 9)")
    parser.add_argument("--cases", type=int, default=2000, help="cases of the campaign, 0 for none (default: 2000)")
    parser.add_argument(
        "--plans", type=int, default=500, help="plans for each confused program, 0 for none (default: 500)"
    )
    parser.add_argument(
        "--cell-cases", type=int, default=300, help="cases of campaigns in and out of cells, 0 for none (default: 300)"
    )
    parser.add_argument(
        "--schedules", type=int, default=1000, help="schedules for each corrupted program, 0 for none (default: 1000)"
    )
    parser.add_argument("--clif", type=int, default=1000, help="CLIF programs from scratch, 0 for none (default: 1000)")
    parser.add_argument(
        "--turns", type=int, default=3, help="turns of each engine and whole program, 0 for none (default: 3)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    if options.rounds < 1 or min(vars(options)[name] for name in COUNTS) < 0:
        parser.error("--rounds needs a positive number, the others none below 0")
    return options


def _as_json(scores: dict[str, list[Score]], rates: list[Rate]) -> dict[str, object]:
    return {
        "ratios": {group: [asdict(score) | {"ratio": score.ratio} for score in row] for group, row in scores.items()},
        "campaign": [asdict(rate) for rate in rates],
    }


def _lines(scores: dict[str, list[Score]], rates: list[Rate]) -> list[str]:
    lines = []
    for group, row in scores.items():
        lines += [f"{group:<34}{'ours ms':>10}{'theirs ms':>11}{'ratio':>8}"]
        lines += [f"  {s.job:<32}{s.ours * 1e3:>10.2f}{s.theirs * 1e3:>11.2f}{s.ratio:>8.2f}" for s in row]
        lines += [f"  {'geometric mean':<32}{geometric_mean(row):>29.2f}", ""]
    return lines + [line for rate in rates for line in _rate_lines(rate)]


def _confusion_line(rate: ConfusionRate) -> str:
    stages = ", ".join(f"{stage} {share:.0%}" for stage, share in rate.stages.items())
    return (
        f"confusion, {rate.executor}: {rate.cases_per_second:.0f} cases per second and core, "
        f"{rate.ending_per_second:.0f} of those that end ({rate.stopped:.1%} were stopped); time: {stages}"
    )


def _corruption_line(rate: CorruptionRate) -> str:
    stages = ", ".join(f"{stage} {spent:.0f} us" for stage, spent in rate.microseconds.items())
    return (
        f"corruption, {rate.executor}: {rate.cases_per_second:.0f} cases per second and core, "
        f"{rate.ending_per_second:.0f} of those that end ({rate.written:.0%} were written to); each: {stages}"
    )


def _clif_line(rate: ClifRate) -> str:
    stages = ", ".join(f"{stage} {spent:.0f} us" for stage, spent in rate.microseconds.items())
    return f"CLIF from scratch, {' + '.join(CORE)}: {rate.per_second:.0f} programs per second and core; each: {stages}"


def _cell_lines(costs: list[CellCosts]) -> list[str]:
    lines = [
        f"native code, {cost.native}: call {cost.call:.2f} us, with a builtin {cost.service:.2f} us, "
        f"fault {cost.fault:.2f} us, start and end {cost.start:.0f} us; {cost.cases_per_second:.0f} cases per second"
        for cost in costs
    ]
    if not costs:
        return ["native code in cells: there are none here"]
    here, cell = (cost.cases_per_second for cost in costs)
    return [*lines, f"  cells cost {here / cell - 1:.1%} of the time of a campaign"] if here and cell else lines


def _snapshot_lines(costs: list[SnapshotCosts], file: FileCosts) -> list[str]:
    lines = [
        f"snapshot, {cost.executor}: save {cost.save:.0f} us and restore {cost.restore:.0f} us per MiB touched; "
        f"save one of a MiB {cost.least:.0f} us"
        for cost in costs
    ]
    share = f"compressed to {file.share:.0%}"
    return [*lines, f"  its file: write {file.write:.0f} us and read {file.read:.0f} us per MiB, {share}"]


def _rate_lines(rate: Rate) -> list[str]:
    stages = ", ".join(f"{stage} {share:.0%}" for stage, share in rate.stages.items())
    cores = f"{rate.per_core_second:.0f} per second of processor time, {rate.bookkeeping:.1%} of it bookkeeping"
    return [
        f"campaign, jobs {rate.jobs}: {rate.decided_per_second:.0f} decided cases per second, {cores}",
        f"  {rate.decided_share:.1%} decided, {rate.findings} findings",
        f"  modules of {rate.mean_module_bytes} bytes (mean), {rate.median_ops} executed ops (median)",
        f"  time: {stages}",
    ]


if __name__ == "__main__":
    main()
