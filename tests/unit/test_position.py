"""Positions: a set of indices, whatever order they come in."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from harness.position import Position

INDICES = st.lists(st.integers(0, 40))


@given(INDICES)
def test_a_position_is_the_set_of_what_was_marked(indices: list[int]) -> None:
    position = Position()
    for index in indices:
        position.mark(index)
    done = set(indices)
    assert {index for index in range(50) if position.is_done(index)} == done
    assert position.end == max(done, default=-1) + 1
    assert set(position.missing) == set(range(position.end)) - done
    assert position.frontier not in position.ahead


@given(INDICES)
def test_a_position_comes_back_from_json(indices: list[int]) -> None:
    position = Position()
    for index in indices:
        position.mark(index)
    assert Position.from_json(json.loads(json.dumps(position.to_json()))) == position
