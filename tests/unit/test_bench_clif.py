"""The benchmark of CLIF programs measures what it says."""

from __future__ import annotations

import pytest

from harness.plan import REFERENCES
from tests.bench.clif import CORE, clif_rate


def test_the_rate_covers_generator_interpreter_and_native_code() -> None:
    rate = clif_rate(4)
    assert set(rate.microseconds) == {*CORE, "reference", *REFERENCES}
    assert all(spent > 0 for spent in rate.microseconds.values())
    assert rate.per_second == pytest.approx(1e6 / sum(rate.microseconds[stage] for stage in CORE))
