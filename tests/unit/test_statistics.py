"""Statistics of hand-made records, and what people are told of them."""

from __future__ import annotations

import json

import pytest

import engine
from harness.commands.summary import clock, counts, percent, summary_lines
from harness.coverage import Census, Coverage, catalogue, census_of
from harness.histogram import Histogram
from harness.outcome import Counts
from harness.rate import RecentRate
from harness.record import Record
from harness.statistics import ENOUGH_CASES, MOST_REASONS, OTHER_REASONS, Statistics
from harness.verdict import CLEAN, Kind, PoisonReason, Verdict, poisoned

ESCAPE = Verdict(Kind.ESCAPE, "containment", "access read")
CENSUS = Census(("iadd", "load"), ("VMMemoryDefinition.base",))
RECORDS = [
    Record(0, CLEAN, "wasm", Counts(1000, 5, 1, 7), trapped=True, seconds={"jit/exact": 0.5}, census=CENSUS),
    Record(1, CLEAN, "wasm", Counts(200, 0, 0), seconds={"jit/exact": 0.25}, census=CENSUS),
    Record(2, poisoned(PoisonReason.OUT_OF_FUEL, "differential"), "corpus", Counts(90, 1, 0)),
    Record(3, ESCAPE, "wasm", Counts(50, 1, 0, 1), fault_triggered=True),
]


def statistics_of(*records: Record) -> Statistics:
    result = Statistics()
    for elapsed, record in enumerate(records):
        result.add(record, elapsed)
    return result


def test_statistics_count_what_is_decided_and_what_keeps_it_honest() -> None:
    figures = statistics_of(*RECORDS).to_json(elapsed=2.0)
    assert figures["verdicts"] == {"clean": 2, "escape": 1, "poisoned": 1}
    assert (figures["cases"], figures["decided"], figures["findings"]) == (4, 3, 1)
    assert figures["decided_share"] == 0.75
    assert figures["decided_per_second"] == 1.5
    assert figures["reasons"] == {"poisoned: out of fuel": 1}
    assert figures["oracles"] == {"containment": 1, "differential": 1}
    assert figures["honesty"] == {
        "memory_access_share": 0.75,
        "indirect_call_share": 0.25,
        "collection_share": 0.5,
        "trap_share": 0.25,
        "median_ops": 145,
    }
    assert figures["seconds_by_stage"] == {"jit/exact": 0.75}
    json.dumps(figures)


def test_what_programs_do_is_a_share_of_the_cases_that_were_counted() -> None:
    uncounted = Record(4, CLEAN, "wasm", None)
    assert statistics_of(*RECORDS, uncounted).total.honesty()["memory_access_share"] == 0.75
    assert statistics_of(*RECORDS, uncounted).total.ops.median == 145
    unknown = statistics_of(*[uncounted] * ENOUGH_CASES).total
    assert unknown.honesty()["memory_access_share"] == 0.0
    assert unknown.weakness == "", "nobody looked, so nobody may complain"


def test_each_generator_has_figures_of_its_own() -> None:
    generators = statistics_of(*RECORDS).to_json(elapsed=2.0)["generators"]
    assert {name: figures["cases"] for name, figures in generators.items()} == {"corpus": 1, "wasm": 3}
    assert generators["corpus"]["decided_share"] == 0.0
    assert generators["wasm"]["honesty"]["median_ops"] == 200


def test_findings_are_counted_by_key_with_the_time_of_the_first() -> None:
    again = Record(9, ESCAPE, "wasm")
    other = Record(5, Verdict(Kind.MISMATCH, "differential", "memory"), "wasm")
    statistics = statistics_of(*RECORDS, other, again)
    assert statistics.to_json(9.0)["keys"] == {
        ESCAPE.key: {"cases": 2, "first_case": 3, "first_seen": 3},
        other.verdict.key: {"cases": 1, "first_case": 5, "first_seen": 4},
    }
    assert statistics.newest_key is not None
    assert statistics.newest_key[0] == other.verdict.key


def test_reasons_without_end_are_counted_as_one() -> None:
    verdicts = [Verdict(Kind.INCOMPLETE, "front end", f"import {number}") for number in range(300)]
    statistics = statistics_of(*(Record(index, verdict) for index, verdict in enumerate(verdicts)))
    assert len(statistics.reasons) == MOST_REASONS + 1
    assert statistics.reasons.total() == 300
    assert statistics.reasons[OTHER_REASONS] == 300 - MOST_REASONS


def test_coverage_counts_cases_against_the_catalogue() -> None:
    figures = statistics_of(*RECORDS).to_json(elapsed=2.0)
    assert figures["coverage"] == {"opcodes": {"iadd": 2, "load": 2}, "fields": {"VMMemoryDefinition.base": 2}}
    assert figures["covered"] == {"opcodes": 2, "fields": 1}


def test_a_census_says_what_a_program_contains() -> None:
    wasm = engine.assemble(
        b'(module (memory 1) (func (export "f") (param i32) (i32.store (local.get 0) (i32.const 1))))'
    )
    census = census_of(engine.Program(wasm))
    assert {"store", "return"} <= set(census.opcodes) <= set(catalogue().opcodes)
    assert {"VMMemoryDefinition.base", "VMMemoryDefinition.current_length"} <= set(census.fields)
    coverage = Coverage()
    coverage.add(census)
    assert coverage.shares()["opcodes"] == (len(census.opcodes), len(catalogue().opcodes))


def test_a_generator_that_yields_little_is_named_once_there_are_enough_cases() -> None:
    statistics = Statistics()
    statistics.expect(["silent", "wasm"])
    for index in range(ENOUGH_CASES - 1):
        statistics.add(Record(index, CLEAN, "wasm", Counts(1000)))
    assert "yields little" not in "\n".join(summary_lines(statistics, 1.0))
    for index in range(ENOUGH_CASES):
        statistics.add(Record(index, poisoned(PoisonReason.OUT_OF_FUEL, "completion"), "hopeless", Counts(1000)))
        statistics.add(Record(index, CLEAN, "idle", Counts(99)))
    text = "\n".join(summary_lines(statistics, 1.0))
    assert "generator silent yields little: no case at all" in text
    assert "generator hopeless yields little: fewer than 80% decided" in text
    assert "generator idle yields little: fewer than 100 ops" in text
    assert "generator wasm" not in text


def test_the_summary_names_poison_and_warns_of_idle_programs() -> None:
    text = "\n".join(summary_lines(statistics_of(*RECORDS), 2.0, interrupted=True))
    assert "75% decided" in text
    assert "(interrupted)" in text
    assert "1 poisoned: out of fuel" in text
    assert "triggered in 1 case" in text
    assert f"2 of {len(catalogue().opcodes)} opcodes" in text
    assert "warning" not in text
    idle = statistics_of(RECORDS[3])
    assert "warning: fewer than 100 ops" in "\n".join(summary_lines(idle, 1.0))
    assert summary_lines(Statistics(), 0.0)[0].startswith("0 s: 0 cases")


def test_a_percentage_says_all_or_nothing_only_when_it_is() -> None:
    assert [percent(share) for share in (0, 0.001, 0.5, 0.999, 1)] == ["0%", "<1%", "50%", ">99%", "100%"]


def test_counts_show_the_largest_and_how_many_more() -> None:
    assert counts({"a": 1, "b": 3, "c": 2}, limit=2) == "3 b, 2 c, 1 more"
    assert counts({}) == "none"


def test_times_read_like_a_clock() -> None:
    assert [clock(seconds) for seconds in (5, 125, 3725, 36000)] == ["5 s", "2:05", "1:02:05", "10:00:00"]


@pytest.mark.parametrize("numbers", [[], [5], [1, 2], [3, 1, 2], [63, 64, 10], [0, 0, 7, 7]])
def test_medians_of_small_numbers_are_exact(numbers: list[int]) -> None:
    histogram = Histogram()
    for number in numbers:
        histogram.add(number)
    middle = sorted(numbers)[(len(numbers) - 1) // 2 : len(numbers) // 2 + 1]
    assert histogram.median == (sum(middle) // len(middle) if middle else 0)


def test_medians_of_large_numbers_are_two_percent_low_at_most() -> None:
    histogram = Histogram()
    for number in range(0, 10_000_000, 997):
        histogram.add(number)
    assert 0.96 * 5_000_000 <= histogram.median <= 5_000_000
    assert len(histogram.counts) < 700


def test_the_recent_rate_forgets_what_is_long_past() -> None:
    rate = RecentRate()
    assert rate.update(10.0, 1000) == 100
    for second in range(11, 31):
        last = rate.update(second, 1000 + 5 * (second - 10))
    assert last == 5


def test_runs_made_again_elsewhere_are_counted_and_shown() -> None:
    ways = ("relocated", "relocated", "resumed", "not resumed")
    statistics = statistics_of(Record(0, CLEAN, elsewhere=ways), Record(1, CLEAN))
    assert statistics.to_json(1.0)["elsewhere"] == {"not resumed": 1, "relocated": 2, "resumed": 1}
    assert "runs made again elsewhere: 2 relocated, 1 resumed, 1 not resumed" in summary_lines(statistics, 1.0)
    assert not any("elsewhere" in line for line in summary_lines(statistics_of(*RECORDS), 1.0))
