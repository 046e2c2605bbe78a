"""What cells cost: both places are measured, and each measures what it says."""

from __future__ import annotations

import pytest

import engine
from tests.bench import cells
from tests.bench.cells import cell_costs


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """As little as can be measured."""
    for name in ("CALLS", "ROUNDS", "STARTS"):
        monkeypatch.setattr(cells, name, 2)


def test_a_machine_without_cells_has_nothing_to_compare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "cell_refusal", lambda: "none here")
    assert cell_costs(0) == []


@pytest.mark.skipif(engine.cell_refusal() is not None, reason="no cells here")
def test_both_places_are_measured() -> None:
    here, cell = cell_costs(0)
    assert (here.native, cell.native) == ("in-process", "cell")
    assert min(here.call, here.service, here.fault, cell.call, cell.service, cell.fault, cell.start) > 0
    assert here.start == here.cases_per_second == cell.cases_per_second == 0
