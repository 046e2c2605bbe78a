"""Comparison: what is equal, what is different, and each reason for a legitimate difference."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from runs import NAN, OTHER_NAN, ran, returned, trapped, with_global

from harness.outcome import (
    UNKNOWN_REFERENCE,
    CallOutcome,
    Effects,
    Escape,
    Escaped,
    Exited,
    HostCall,
    Ran,
    Returned,
    State,
    Trapped,
    Value,
)
from harness.verdict import PoisonReason
from oracles.comparison import compare

ONE, TWO = Value("i32", 1), Value("i32", 2)
FUNCTION = Value("funcref", 3)


def did(*asked: str, **effects: Any) -> Ran:
    """A whole program that ran in our world, and made these calls of WASI."""
    return ran(Exited(0), effects=Effects(**effects, asked=frozenset(asked)))


def told(**effects: Any) -> Ran:
    """A whole program that ran in another world."""
    return ran(Exited(0), effects=Effects(**effects))


def grown(*calls: CallOutcome, pages: int) -> Ran:
    """A run with a memory of so many pages, for which more than 2048 are near the limit."""
    near = frozenset({("memory", 0)}) if pages > 2048 else frozenset()
    return ran(*calls, state=State(memories={0: (pages, 7)}), near_limit=near)


DIFFERENCES = {
    "values": (ran(returned(1)), ran(returned(2))),
    "returned/unreachable": (ran(returned(1)), trapped("unreachable")),
    "heap_out_of_bounds/table_out_of_bounds": (trapped("heap_out_of_bounds"), trapped("table_out_of_bounds")),
    "exited/returned": (ran(Exited(0)), ran(returned(0))),
    "exited/exited": (ran(Exited(0)), ran(Exited(1))),
    "number of calls": (ran(returned(1)), ran(returned(1), returned(1))),
    "memory": (ran(state=State(memories={0: (1, 7)})), ran(state=State(memories={0: (1, 8)}))),
    "table": (ran(state=State(tables={0: (1, (None,))})), ran(state=State(tables={0: (1, (3,))}))),
    "global": (with_global(ONE), with_global(TWO)),
    "stdout": (did(stdout=b"a"), did(stdout=b"ab")),
    "stderr": (did(stderr=b"a"), did(stderr=b"b")),
    "files": (did(files={"a": "folder"}), did(files={"b": "folder"})),
    "host call": (ran(host_calls=(HostCall("m", "f", (ONE,)),)), ran(host_calls=(HostCall("m", "f", (TWO,)),))),
}

POISONS = {
    PoisonReason.STACK_DEPTH: (trapped("stack_overflow"), ran(returned(1))),
    PoisonReason.OUT_OF_FUEL: (trapped("out_of_fuel"), ran(returned(1))),
    PoisonReason.INTERRUPT: (ran(returned(1)), trapped("interrupt")),
    PoisonReason.NULL_BASE: (trapped("null_base"), trapped("heap_out_of_bounds")),
    PoisonReason.ALLOCATION_LIMIT: (grown(returned(4), pages=3000), grown(returned(0xFFFF_FFFF), pages=4)),
    PoisonReason.HOST_CHOICE: (did("clock_time_get", stdout=b"noon"), told(stdout=b"midnight")),
    PoisonReason.NAN_PAYLOAD: (ran(Returned((NAN,))), ran(Returned((OTHER_NAN,)))),
}


@pytest.mark.parametrize("detail", DIFFERENCES)
def test_a_difference_is_seen_from_either_side(detail: str) -> None:
    left, right = DIFFERENCES[detail]
    found = compare(left, right)
    assert found is not None
    assert (found.detail, found.reason) == (detail, None)
    mirrored = compare(right, left)
    assert mirrored is not None
    assert mirrored.reason is None
    assert compare(left, left) is None
    assert compare(right, right) is None


@pytest.mark.parametrize("reason", PoisonReason)
def test_each_poison_reason_excuses_its_difference(reason: PoisonReason) -> None:
    left, right = POISONS[reason]
    for found in (compare(left, right, any_address=True), compare(right, left, any_address=True)):
        assert found is not None
        assert found.reason is reason


def test_a_null_base_is_no_excuse_for_webassembly_itself() -> None:
    found = compare(trapped("null_base"), trapped("heap_out_of_bounds"))
    assert found is not None
    assert found.reason is None


def test_memories_of_one_size_are_no_excuse_however_large_they_are() -> None:
    found = compare(grown(returned(1), pages=3000), grown(returned(2), pages=3000))
    assert found is not None
    assert (found.detail, found.reason) == ("values", None)


def test_a_large_memory_that_one_run_does_not_show_is_an_excuse() -> None:
    found = compare(grown(returned(1), pages=3000), ran(returned(2)))
    assert found is not None
    assert found.reason is PoisonReason.ALLOCATION_LIMIT


def test_executors_of_the_engine_grow_alike() -> None:
    left, right = (replace(run, arena_digest=1) for run in POISONS[PoisonReason.ALLOCATION_LIMIT])
    found = compare(left, right)
    assert found is not None
    assert (found.detail, found.reason) == ("values", None)


def test_output_that_was_cut_is_an_excuse() -> None:
    found = compare(replace(did("fd_write", stdout=b"a"), cut=True), told(stdout=b"ab"))
    assert found is not None
    assert found.reason is PoisonReason.ALLOCATION_LIMIT


def test_a_difference_that_no_host_decides_is_one() -> None:
    found = compare(did("fd_write", stdout=b"a"), told(stdout=b"b"))
    assert found is not None
    assert (found.detail, found.reason) == ("stdout", None)
    assert "byte 0: b'a' against b'b'" in found.evidence


def test_executors_of_one_world_are_told_the_same() -> None:
    found = compare(did("clock_time_get", stdout=b"noon"), did("clock_time_get", stdout=b"midnight"))
    assert found is not None
    assert found.reason is None


def test_memory_that_holds_what_another_host_said_is_not_compared() -> None:
    ours, theirs = State(memories={0: (1, 7)}), State(memories={0: (1, 8)})
    asked = replace(did("random_get"), state=ours)
    assert compare(asked, replace(told(), state=theirs)) is None
    found = compare(replace(did("fd_write"), state=ours), replace(told(), state=theirs))
    assert found is not None
    assert (found.detail, found.reason) == ("memory", None)


def test_a_call_that_the_standard_forbids_may_trap_or_fail() -> None:
    ours = ran(Exited(21), effects=Effects(asked=frozenset({"fd_write"})))
    theirs = ran(Trapped("host"), effects=Effects())
    found = compare(ours, theirs)
    assert found is not None
    assert found.reason is PoisonReason.HOST_CHOICE


def test_equal_runs_are_equal_even_where_they_are_tainted() -> None:
    assert compare(trapped("stack_overflow"), trapped("stack_overflow")) is None


def test_state_after_a_taint_is_excused_too() -> None:
    found = compare(with_global(ONE, Trapped("interrupt")), with_global(TWO, Trapped("interrupt")))
    assert found is not None
    assert found.reason is PoisonReason.INTERRUPT


def test_a_difference_before_a_taint_is_no_excuse() -> None:
    found = compare(ran(returned(1), Trapped("interrupt")), ran(returned(2), Trapped("interrupt")))
    assert found is not None
    assert found.reason is None


def test_executors_that_count_depth_alike_must_overflow_alike() -> None:
    found = compare(trapped("stack_overflow"), ran(returned(1)), same_depth=True)
    assert found is not None
    assert found.reason is None


def test_a_nan_against_a_number_is_a_difference() -> None:
    found = compare(ran(Returned((NAN,))), ran(returned(0x7F80_0000, "f32")))
    assert found is not None
    assert found.reason is None


def test_one_wrong_value_beside_a_nan_is_a_difference() -> None:
    found = compare(ran(Returned((NAN, ONE))), ran(Returned((OTHER_NAN, TWO))))
    assert found is not None
    assert found.reason is None


def test_infinity_and_zero_are_no_nans() -> None:
    assert not Value("f32", 0x7F80_0000).is_nan
    assert not Value("f64", 0x8000_0000_0000_0000).is_nan
    assert Value("f64", 0x7FF0_0000_0000_0001).is_nan
    assert not Value("i32", 0x7FC0_0000).is_nan


def test_an_unknown_function_equals_any_but_null() -> None:
    unknown = Value("funcref", UNKNOWN_REFERENCE)
    assert compare(with_global(FUNCTION), with_global(unknown)) is None
    assert compare(with_global(Value("funcref", None)), with_global(unknown)) is not None


def test_images_count_only_where_they_are_asked_for() -> None:
    left, right = ran(arena_digest=1), ran(arena_digest=2)
    assert compare(left, right) is None
    found = compare(left, right, images=True)
    assert found is not None
    assert found.detail == "arena image"


def test_escapes_are_left_to_the_oracle_that_judges_them() -> None:
    escaped = ran(Escaped(Escape("access", "read", -8)))
    assert compare(escaped, ran(returned(1))) is None


def test_a_failed_instantiation_is_compared_like_a_call() -> None:
    found = compare(Ran(Trapped("unreachable")), Ran(Trapped("heap_out_of_bounds")))
    assert found is not None
    assert found.detail == "unreachable/heap_out_of_bounds"


def test_what_one_side_cannot_show_is_not_compared() -> None:
    assert compare(ran(state=State(memories={0: (1, 7)})), ran()) is None
