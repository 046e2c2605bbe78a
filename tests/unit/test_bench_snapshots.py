"""What snapshots cost: every executor is measured, and so is the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench import snapshots
from tests.bench.snapshots import snapshot_costs

if TYPE_CHECKING:
    import pytest


def test_every_executor_and_the_file_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "ROUNDS", 1)
    monkeypatch.setattr(snapshots, "MANY", 2)
    costs, file = snapshot_costs()
    assert [cost.executor for cost in costs][:2] == ["interpreter, in-process", "jit, in-process"]
    assert all(cost.least > 0 for cost in costs)
    assert min(file.write, file.read) > 0
    assert 0 < file.share < 1
