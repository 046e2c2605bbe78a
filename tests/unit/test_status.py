"""The live status: what it shows, in how little room."""

from __future__ import annotations

import io
import multiprocessing
import os
import time

import pytest
from rich.console import Console

from harness.commands.panel import View, panel
from harness.commands.status import Status
from harness.health import WorkerHealth, workers
from harness.outcome import Counts
from harness.record import Record
from harness.statistics import Statistics
from harness.verdict import CLEAN, Kind, PoisonReason, Verdict, poisoned

HOSTILE = Verdict(Kind.ESCAPE, "containment", "[bold]access\x1b[2J read[/nonsense]")


def view(**changes: object) -> View:
    statistics = Statistics(corpus=57)
    statistics.add(Record(0, CLEAN, "wasm", Counts(1000, 5, 1), trapped=True), 1.0)
    statistics.add(Record(1, poisoned(PoisonReason.OUT_OF_FUEL, "differential"), "wasm", Counts(1000)), 2.0)
    statistics.add(Record(2, HOSTILE, "wasm", Counts(1000)), 3.0)
    values = {
        "title": "fencepost fuzz",
        "statistics": statistics,
        "elapsed": 65.0,
        "budget": 3600.0,
        "rate": 83.2,
        "workers": (WorkerHealth(7, 150 << 20, 3.0), WorkerHealth(8, 100 << 20, 3.0)),
        "busy": 0.98,
    }
    return View(**(values | changes))  # type: ignore[arg-type]  # made of the above


def drawn(what: View, width: int) -> str:
    console = Console(width=width, file=io.StringIO(), color_system=None)
    console.print(panel(what))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_panel_shows_everything_at_every_width(width: int) -> None:
    text = drawn(view(), width)
    assert max(map(len, text.splitlines())) <= width
    words = "".join(text.replace("│", "").split())
    for expected in (
        "1:05 of 1:00:00",
        "3, 83/s now, 0/s overall",
        "67%",
        "33% access memory, 33% call indirectly, 0% collect garbage, 33% trap; median of executed ops: 992",
        "1 clean, 1 poisoned, 1 escape",
        "1 poisoned: out of fuel",
        "1 differential, 1 containment",
        "wasm: 3 cases, 67% decided, 1 finding, 992 ops",
        "57 seeds",
        "1 case of 1 kind; newest 1:02 ago: escape:containment:[bold]access\\x1b[2J read[/nonsense]",
        "2 running, 98% busy, largest 150 MiB",
    ):
        assert "".join(expected.split()) in words


def test_the_panel_says_when_no_worker_runs_and_how_many_were_replaced() -> None:
    assert "none running" in drawn(view(workers=()), 80)
    died = Statistics()
    died.ends.update(grown=2, hang=1)
    assert "3 replaced (2 grown, 1 hang)" in drawn(view(statistics=died), 80)


def test_without_a_terminal_there_is_a_plain_line_every_ten_seconds(capfd: pytest.CaptureFixture[str]) -> None:
    statistics = view().statistics
    with Status(live=True, verbose=False) as status:
        for elapsed in range(25):
            status.update(statistics, float(elapsed))
    out, err = capfd.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "10 s: 3 cases, 67% decided, 0 decided/s, 1 finding, 0 cases/s now; workers: none running",
        "20 s: 3 cases, 67% decided, 0 decided/s, 1 finding, 0 cases/s now; workers: none running",
    ]


def test_a_finding_is_announced_without_what_a_terminal_acts_on(capfd: pytest.CaptureFixture[str]) -> None:
    verdict = Verdict(HOSTILE.kind, HOSTILE.oracle, HOSTILE.detail, "at \x1b]0;x\x07\nnext")
    with Status(live=False, verbose=True) as status:
        status.found(Record(0, verdict), "somewhere")
    assert capfd.readouterr().err.splitlines() == [
        "escape:containment:[bold]access\\x1b[2J read[/nonsense]: somewhere",
        "  at \\x1b]0;x\\x07",
        "  next",
    ]


def rss_of(pid: int | None) -> int:
    return sum(worker.rss_bytes for worker in workers() if worker.pid == pid)


def test_the_health_of_a_worker_is_what_the_kernel_says() -> None:
    process = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(60,), daemon=True)
    process.start()
    try:
        deadline = time.monotonic() + 20
        while rss_of(process.pid) < 1 << 20 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert rss_of(process.pid) >= 1 << 20
        assert rss_of(os.getpid()) == 0
    finally:
        process.kill()
        process.join()
    assert process.pid not in {worker.pid for worker in workers()}
