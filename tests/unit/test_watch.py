"""What watches a campaign beside people: `--stats` and `--metrics-port`."""

from __future__ import annotations

import json
import re
import socket
import urllib.request
from pathlib import Path

import pytest

from harness.commands.watch import Watch
from harness.errors import EnvironmentFailure
from harness.metrics import MetricsServer
from harness.outcome import Counts
from harness.record import Record
from harness.statistics import Statistics
from harness.stats_file import StatsFile
from harness.verdict import CLEAN, Kind, PoisonReason, Verdict, poisoned

DOCUMENT = (Path(__file__).parents[2] / "docs" / "statistics.md").read_text()
TYPE_SUFFIX = {"counter": "_total"}


def statistics() -> Statistics:
    result = Statistics()
    result.add(Record(0, CLEAN, "wasm", Counts(1000, 5, 1), seconds={"jit/exact": 0.5}), 0.5)
    result.add(Record(1, poisoned(PoisonReason.OUT_OF_FUEL, "differential"), 'w"\n\\', Counts(1000)), 1.0)
    result.add(Record(2, Verdict(Kind.ESCAPE, "containment", "access read"), "wasm", Counts(50, 1)), 2.0)
    result.ends["crash"] += 1
    return result


def watch(**changes: object) -> Watch:
    values = {"stats": None, "metrics_port": None, "no_tty": True, "verbose": False}
    return Watch(**(values | changes))  # type: ignore[arg-type]  # made of the above


def test_the_stats_file_gets_a_line_every_five_seconds_and_the_last_state(tmp_path: Path) -> None:
    path = tmp_path / "stats.jsonl"
    path.write_text('{"of": "another campaign"}\n')
    with watch(stats=path) as entered:
        for tenth in range(123):
            entered.update(statistics(), tenth / 10)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line.get("elapsed") for line in lines] == [None, 5.0, 10.0, 12.2]
    assert lines[-1]["verdicts"] == {"clean": 1, "escape": 1, "poisoned": 1}


def test_a_full_disk_ends_the_stats_file_and_not_the_campaign(capfd: pytest.CaptureFixture[str]) -> None:
    file = StatsFile(Path("/dev/full"))
    for elapsed in (5.0, 10.0, 15.0):
        file.update(statistics(), elapsed)
    file.close(statistics(), 16.0)
    expected = "fencepost: cannot write the statistics: no space left on device (/dev/full); going on"
    assert capfd.readouterr().err.splitlines() == [expected]


def test_a_stats_file_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailure, match="cannot write the statistics"):
        StatsFile(tmp_path / "missing" / "stats.jsonl")


def test_a_scrape_gets_the_figures(capfd: pytest.CaptureFixture[str]) -> None:
    with watch(metrics_port=0) as entered:
        entered.update(statistics(), 4.0)
        address = capfd.readouterr().err.removeprefix("metrics at ").strip()
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(address, timeout=10) as response:
            lines = response.read().decode().splitlines()
    for line in (
        "fencepost_uptime_seconds 4.0",
        "fencepost_cases_total 3.0",
        'fencepost_verdicts_total{verdict="escape"} 1.0',
        'fencepost_undecided_total{reason="poisoned: out of fuel"} 1.0',
        'fencepost_generator_cases_total{generator="wasm"} 2.0',
        r'fencepost_generator_cases_total{generator="w\"\n\\"} 1.0',
        'fencepost_stage_seconds_total{stage="jit/exact"} 0.5',
        "fencepost_memory_access_ratio 0.6667",
        "fencepost_finding_keys 1.0",
        'fencepost_workers_replaced_total{cause="crash"} 1.0',
        'fencepost_covered{kind="opcodes"} 0.0',
        "# TYPE fencepost_worker_rss_bytes gauge",
    ):
        assert line in lines
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(address, timeout=10)


def test_a_port_in_use_is_an_error_in_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(EnvironmentFailure, match=r"cannot serve metrics: .*in use .*; name another port"):
            watch(metrics_port=taken.getsockname()[1])


def test_every_figure_is_documented() -> None:
    figures = statistics().to_json(4.0)
    nested = (*figures["honesty"], *figures["covered"], *next(iter(figures["keys"].values())))
    generators = next(iter(figures["generators"].values()))
    names = {*figures, *nested, *generators}
    assert {name for name in names if f"`{name}`" not in DOCUMENT} == set()


def test_the_documented_metrics_are_those_that_are_served() -> None:
    server = MetricsServer(0)
    try:
        server.update(statistics(), 4.0)
        served = {metric.name + TYPE_SUFFIX.get(metric.type, "") for metric in server.collect()}
    finally:
        server.close()
    assert set(re.findall(r"`(fencepost_\w+)`(?= *[|,])", DOCUMENT)) == served
