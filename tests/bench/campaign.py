"""The rate of a campaign: decided cases per second, and where the time goes.

A second is one of the clock, and, since a busy machine changes those, one of the processor.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.executors import Native

SEED = 1
TIMEOUT_S = 600
POLL_S = 0.25


@dataclass(frozen=True, slots=True)
class Rate:
    """What a campaign did.

    Attributes:
        per_core_second: decided cases for each second of processor time, of all processes.
        bookkeeping: share of that time of the process that keeps, shows and stores, its start included.
        stages: share of the measured time by stage, largest first.
    """

    jobs: int
    decided_per_second: float
    per_core_second: float
    bookkeeping: float
    decided_share: float
    mean_module_bytes: int
    median_ops: int
    findings: int
    stages: dict[str, float]


def measure(cases: int, native: Native | None = None, jobs: int = 1) -> Rate:
    """Runs ``fencepost fuzz`` with default settings and a fixed seed.

    Args:
        cases: how many.
        native: where native code runs; `None` for the default.
        jobs: how many workers.

    Raises:
        RuntimeError: the campaign itself failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["fuzz", "--cases", cases, "--seed", SEED, "--jobs", jobs, "--no-tty", "--json"]
        arguments += ["--native", native] if native else []
        command = [sys.executable, "-m", "harness", *map(str, arguments), "--out", str(Path(folder) / "campaign")]
        before = _seconds_of_children()
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as campaign:
            keeping, stdout, stderr = _watched(campaign)
        spent = _seconds_of_children() - before
    if campaign.returncode > 1:
        raise RuntimeError(stderr.strip())
    return rate_of(json.loads(stdout), jobs, spent, keeping)


def _watched(campaign: subprocess.Popen[str]) -> tuple[float, str, str]:
    """Processor seconds of the main process alone, as last seen, and what it printed."""
    keeping = 0.0
    for _ in range(int(TIMEOUT_S / POLL_S)):
        keeping = _seconds_of(campaign.pid)
        try:
            return keeping, *campaign.communicate(timeout=POLL_S)
        except subprocess.TimeoutExpired:
            continue
    campaign.kill()
    raise RuntimeError(f"the campaign did not end within {TIMEOUT_S} s")


def _seconds_of(process: int) -> float:
    """Processor seconds of a process without its children."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    user, system = fields[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _seconds_of_children() -> float:
    """Processor seconds of the processes that have ended, with theirs."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def rate_of(statistics: dict[str, Any], jobs: int, spent: float, keeping: float) -> Rate:
    """The figures among a campaign's statistics.

    Args:
        statistics: what it printed.
        jobs: how many workers it had.
        spent: processor seconds of all its processes.
        keeping: those of the main process.
    """
    seconds: dict[str, float] = statistics["seconds_by_stage"]
    whole = sum(seconds.values()) or 1.0
    return Rate(
        jobs=jobs,
        per_core_second=statistics["decided"] / spent,
        bookkeeping=keeping / spent,
        decided_per_second=statistics["decided_per_second"],
        decided_share=statistics["decided_share"],
        mean_module_bytes=statistics["mean_module_bytes"],
        median_ops=statistics["honesty"]["median_ops"],
        findings=statistics["findings"],
        stages={stage: seconds[stage] / whole for stage in sorted(seconds, key=lambda stage: -seconds[stage])},
    )
