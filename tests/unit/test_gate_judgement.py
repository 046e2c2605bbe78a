"""The rules of the gate: what passes, what fails, and when there is no answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.case import Expectation
from harness.gate.judgement import Result, Status, judge
from harness.gate.reason import fault_of
from harness.gate.report import Report
from harness.record import Record
from harness.statistics import Statistics
from harness.verdict import CLEAN, Kind, Verdict

ESCAPE = Verdict(Kind.ESCAPE, "containment", "access write")
OTHER_ESCAPE = Verdict(Kind.ESCAPE, "containment", "access read")
POISONED = Verdict(Kind.POISONED, "differential", "stack depth")
INCOMPLETE = Verdict(Kind.INCOMPLETE, "completion", "threads")


def expect(verdict: Verdict, *, key: bool = True) -> Expectation:
    return Expectation(verdict.kind.value, verdict.key if key else "", "the cause is known")


@pytest.mark.parametrize(
    ("verdict", "expected", "status"),
    [
        (CLEAN, None, Status.PASSED),
        (ESCAPE, None, Status.FAILED),
        (POISONED, None, Status.UNDECIDED),
        (INCOMPLETE, None, Status.UNDECIDED),
        (ESCAPE, expect(ESCAPE), Status.KNOWN),
        (OTHER_ESCAPE, expect(ESCAPE), Status.FAILED),
        (OTHER_ESCAPE, expect(ESCAPE, key=False), Status.KNOWN),
        (CLEAN, expect(ESCAPE), Status.FAILED),
        (ESCAPE, expect(CLEAN), Status.FAILED),
        (CLEAN, expect(CLEAN), Status.PASSED),
        (POISONED, expect(POISONED), Status.KNOWN),
        (INCOMPLETE, expect(POISONED), Status.FAILED),
        (POISONED, expect(CLEAN), Status.FAILED),
    ],
)
def test_the_rules(verdict: Verdict, expected: Expectation | None, status: Status) -> None:
    assert judge(verdict, expected, {}).status is status


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind.is_finding])
def test_every_kind_of_finding_fails_unless_it_is_accepted(kind: Kind) -> None:
    verdict = Verdict(kind, "oracle", "detail")
    assert judge(verdict, None, {}).status is Status.FAILED
    assert judge(verdict, None, {verdict.key: "accepted for a reason"}).status is Status.KNOWN
    assert judge(verdict, None, {f"{verdict.key} more": "accepted for a reason"}).status is Status.FAILED


@pytest.mark.parametrize("expected", Kind)
@pytest.mark.parametrize("kind", Kind)
def test_what_is_expected_passes_and_nothing_else(kind: Kind, expected: Kind) -> None:
    verdict, header = Verdict(kind, "oracle", "detail"), Expectation(expected.value, "", "the cause is known")
    passes = judge(verdict, header, {verdict.key: "accepted for a reason"}).status is not Status.FAILED
    assert passes == (kind is expected)


def test_a_baseline_does_not_override_what_a_case_expects() -> None:
    assert judge(ESCAPE, expect(CLEAN), {ESCAPE.key: "accepted for a reason"}).status is Status.FAILED


def test_a_change_shows_both() -> None:
    verdict, expected = CLEAN, expect(ESCAPE)
    result = Result("case.wat", Path("case.wat"), verdict, judge(verdict, expected, {}))
    assert result.words == "clean, expected escape:containment:access write (the cause is known)"


def test_a_known_result_shows_its_reason() -> None:
    by_header = Result("case.wat", None, ESCAPE, judge(ESCAPE, expect(ESCAPE), {}))
    assert by_header.words == "escape:containment:access write, as expected (the cause is known)"
    by_baseline = Result("case.wat", None, ESCAPE, judge(ESCAPE, None, {ESCAPE.key: "to be mended"}))
    assert by_baseline.words == "escape:containment:access write, accepted by the baseline (to be mended)"


def statistics(*verdicts: Verdict) -> Statistics:
    counted = Statistics()
    for index, verdict in enumerate(verdicts):
        counted.add(Record(index, verdict))
    return counted


def result(verdict: Verdict, *, cases: int = 1) -> Result:
    return Result("case", None, verdict, judge(verdict, None, {}), cases)


def test_exit_codes() -> None:
    assert Report(replayed=statistics(CLEAN)).exit_code == 0
    assert Report((result(ESCAPE),), replayed=statistics(ESCAPE)).exit_code == 1


@pytest.mark.parametrize(
    ("report", "shortfall"),
    [
        (Report(), "it ran no case"),
        (Report(replayed=statistics(CLEAN), interrupted=True), "it was interrupted"),
        (Report(replayed=statistics(CLEAN), failure="disk full"), "the machine failed it: disk full"),
        (
            Report(replayed=statistics(*[CLEAN] * 79, *[POISONED] * 21)),
            "it decided 79.0% of the cases, fewer than 80%",
        ),
        (
            Report((result(ESCAPE),), statistics(ESCAPE), statistics(*[INCOMPLETE] * 4)),
            "it decided 20.0% of the cases, fewer than 80%",
        ),
    ],
)
def test_no_answer_is_3_whatever_was_seen(report: Report, shortfall: str) -> None:
    assert report.shortfall == shortfall
    assert report.exit_code == 3
    assert report.headline == f"gate: no answer: {shortfall}"


def test_eighty_percent_is_enough() -> None:
    report = Report(replayed=statistics(*[CLEAN] * 3, ESCAPE, POISONED))
    assert report.shortfall == ""


def test_counts_are_cases_not_lines() -> None:
    results = (result(CLEAN), result(POISONED), result(ESCAPE, cases=3))
    report = Report(results, statistics(CLEAN, POISONED), statistics(*[ESCAPE] * 3, CLEAN, INCOMPLETE))
    assert report.counts == {"passed": 2, "undecided": 2, "failed": 3}
    assert sum(report.counts.values()) == report.cases


def test_a_new_baseline_accepts_findings_but_no_changed_case() -> None:
    changed = Result("case.wat", None, ESCAPE, judge(ESCAPE, expect(CLEAN), {}))
    report = Report((result(ESCAPE), changed), statistics(ESCAPE, ESCAPE))
    assert [finding.name for finding in report.acceptable] == ["case"]
    accepted = report.accepting({ESCAPE.key: "it is a planted fault"})
    assert [finding.status for finding in accepted.results] == [Status.KNOWN, Status.FAILED]


@pytest.mark.parametrize(
    "reason", ["", "  ", "known", "known bug", "to-do: find out why", "tbd by the team", "a\nb c d"]
)
def test_a_reason_must_be_a_sentence(reason: str) -> None:
    assert fault_of(reason)


def test_a_sentence_is_a_reason() -> None:
    assert fault_of("cranelift 0.135.8 drops the displacement") == ""
