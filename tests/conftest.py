"""Fixtures that all tests share."""

from __future__ import annotations

import pytest

import engine
from harness.case import Case

ADD = '(module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))'


@pytest.fixture
def add() -> Case:
    """A module with one exported function, ``add``."""
    return Case(engine.assemble(ADD.encode()), text=ADD)
