"""The benchmark of corrupted cases measures what it says."""

from __future__ import annotations

from tests.bench.corruption import EXECUTORS, corruption_rates


def test_each_executor_has_a_rate_and_the_times_of_its_stages() -> None:
    rates = corruption_rates(10)
    assert [rate.executor for rate in rates] == list(EXECUTORS)
    for rate in rates:
        assert rate.cases_per_second > 0
        assert rate.ending_per_second > 0
        assert rate.written > 0.3
        assert {"compile", "run", "inspect"} <= rate.microseconds.keys()
