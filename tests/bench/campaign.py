"""The rate of a campaign: decided cases per second on one core, and where the time goes."""

from __future__ import annotations

import json
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


@dataclass(frozen=True, slots=True)
class Rate:
    """What one worker did.

    Attributes:
        stages: share of the measured time by stage, largest first.
    """

    decided_per_second: float
    decided_share: float
    mean_module_bytes: int
    median_ops: int
    findings: int
    stages: dict[str, float]


def measure(cases: int, native: Native | None = None) -> Rate:
    """Runs ``fencepost fuzz`` with default settings, one worker and a fixed seed.

    Args:
        cases: how many.
        native: where native code runs; `None` for the default.

    Raises:
        RuntimeError: the campaign itself failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["fuzz", "--cases", cases, "--seed", SEED, "--jobs", 1, "--no-tty", "--json"]
        arguments += ["--native", native] if native else []
        command = [sys.executable, "-m", "harness", *map(str, arguments), "--out", str(Path(folder) / "campaign")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    if done.returncode > 1:
        raise RuntimeError(done.stderr.strip())
    return rate_of(json.loads(done.stdout))


def rate_of(statistics: dict[str, Any]) -> Rate:
    """The figures among a campaign's statistics."""
    seconds: dict[str, float] = statistics["seconds_by_stage"]
    whole = sum(seconds.values()) or 1.0
    return Rate(
        decided_per_second=statistics["decided_per_second"],
        decided_share=statistics["decided_share"],
        mean_module_bytes=statistics["mean_module_bytes"],
        median_ops=statistics["honesty"]["median_ops"],
        findings=statistics["findings"],
        stages={stage: seconds[stage] / whole for stage in sorted(seconds, key=lambda stage: -seconds[stage])},
    )
