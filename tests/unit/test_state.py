"""Statistics as JSON and back: a resumed campaign counts on as if nothing had been."""

from __future__ import annotations

import json

import pytest

from harness.outcome import Counts
from harness.record import Record
from harness.state import from_state, to_state
from harness.statistics import Statistics
from harness.verdict import CLEAN, Kind, PoisonReason, Verdict, poisoned

VERDICTS = (
    CLEAN,
    poisoned(PoisonReason.OUT_OF_FUEL, "differential"),
    Verdict(Kind.ESCAPE, "containment", "access read"),
    Verdict(Kind.INCOMPLETE, "completion", "simd"),
)


def record(index: int) -> Record:
    counts = Counts(ops=index * 10, accesses=index % 3, indirect_calls=index % 2)
    verdict = VERDICTS[index % len(VERDICTS)]
    return Record(index, verdict, ("wasm", "corpus")[index % 2], counts, trapped=index % 5 == 0, seconds={"jit": 0.5})


def test_statistics_go_on_where_they_were() -> None:
    whole = Statistics()
    half = Statistics()
    whole.expect(("wasm", "corpus"))
    half.expect(("wasm", "corpus"))
    for index in range(40):
        whole.add(record(index), 0.1 * index)
        if index < 20:
            half.add(record(index), 0.1 * index)
    again = from_state(json.loads(json.dumps(to_state(half))))
    assert again == half
    for index in range(20, 40):
        again.add(record(index), 0.1 * index)
    assert again == whole
    assert again.to_json(9.0) == whole.to_json(9.0)


@pytest.mark.parametrize("state", [{"verdicts": 3}, {"verdicts": {"clean": "many"}}])
def test_a_state_of_another_shape_is_refused(state: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not statistics of this version"):
        from_state(state)
