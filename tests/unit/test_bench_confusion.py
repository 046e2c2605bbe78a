"""The benchmark of confused cases measures what it says."""

from __future__ import annotations

import pytest

from tests.bench.confusion import EXECUTORS, confusion_rates


def test_each_executor_has_a_rate_and_the_shares_of_its_stages() -> None:
    rates = confusion_rates(3)
    assert [rate.executor for rate in rates] == list(EXECUTORS)
    for rate in rates:
        assert rate.cases_per_second > 0
        assert rate.ending_per_second > 0
        assert 0 <= rate.stopped < 1
        assert sum(rate.stages.values()) == pytest.approx(1)
        assert "compile" in rate.stages
