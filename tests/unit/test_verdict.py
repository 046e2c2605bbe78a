"""Verdicts: precedence, what is decided, exit codes, keys."""

from __future__ import annotations

import pytest

from harness.verdict import CLEAN, Kind, Verdict, exit_code, worst

FINDINGS = {Kind.ESCAPE, Kind.RUNTIME_FAULT, Kind.MISMATCH, Kind.COMPILE_FAILURE, Kind.HANG}


@pytest.mark.parametrize("kind", list(Kind))
def test_a_kind_is_a_finding_or_decided_as_the_design_says(kind: Kind) -> None:
    assert kind.is_finding == (kind in FINDINGS)
    assert kind.is_decided == (kind in FINDINGS | {Kind.CLEAN})
    assert exit_code([Kind.CLEAN, kind]) == (1 if kind in FINDINGS else 0)


def test_the_more_severe_kind_wins_in_any_order() -> None:
    kinds = list(Kind)
    for position, kind in enumerate(kinds):
        for other in kinds[position:]:
            assert worst([Verdict(other), Verdict(kind)]).kind is kind
            assert worst([Verdict(kind), Verdict(other)]).kind is kind


def test_nothing_to_say_is_clean() -> None:
    assert worst([]) == CLEAN
    assert exit_code([]) == 0


def test_keys_group_by_verdict_oracle_and_detail_but_not_by_evidence() -> None:
    verdict = Verdict(Kind.MISMATCH, "differential", "values", "1 against 2")
    assert verdict.key == "mismatch:differential:values"
    assert verdict.key8 == Verdict(Kind.MISMATCH, "differential", "values", "3 against 4").key8
    assert verdict.key8 != Verdict(Kind.MISMATCH, "wasmtime", "values").key8
    assert CLEAN.key == "clean"
