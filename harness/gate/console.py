"""The report of a gate as lines for people, and as JSON for machines.

What passes silently is a number; what is known, undecided or failed is a line each, so
that nothing accepted is out of sight.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.gate.judgement import Status
from harness.printable import encodable, printable, quoted_lines

if TYPE_CHECKING:
    from harness.gate.judgement import Result
    from harness.gate.report import Report


def lines_of(report: Report, *, verbose: bool = False) -> list[str]:
    """The report in lines that each begin with a word of ours.

    Args:
        report: of a gate.
        verbose: whether to list what passed and to show all evidence.
    """
    lines = []
    for result in report.results:
        if verbose or result.status is not Status.PASSED:
            lines.append(line_of(result))
            if verbose or result.status is Status.FAILED:
                lines += quoted_lines(result.verdict.evidence)
    lines += [f"note: {printable(note)}" for note in report.notes]
    lines.append(cases_line(report))
    lines.append(report.headline)
    return lines


def line_of(result: Result) -> str:
    """One result on a line."""
    more = f", {result.cases} cases" if result.cases > 1 else ""
    kept = f" [{printable(str(result.file))}]" if result.file and str(result.file) != result.name else ""
    return f"{result.status.value}: {printable(result.name)}: {printable(result.words)}{more}{kept}"


def cases_line(report: Report) -> str:
    """The numbers on a line."""
    counts = ", ".join(f"{count} {status}" for status, count in sorted(report.counts.items())) or "none"
    return (
        f"cases: {report.replayed.cases} replayed, {report.fuzzed.cases} generated with seed {report.seed} "
        f"in {report.seconds:.1f} s: {counts}; {report.decided_share:.1%} decided"
    )


def json_of(report: Report) -> dict[str, Any]:
    """All of it, for machines."""
    return {
        "exit_code": report.exit_code,
        "no_answer": report.shortfall,
        "cases": report.cases,
        "decided_share": round(report.decided_share, 4),
        "counts": dict(sorted(report.counts.items())),
        "seed": report.seed,
        "out": encodable(str(report.folder)) if report.folder else None,
        "seconds": round(report.seconds, 3),
        "notes": list(report.notes),
        "results": [result_json(result) for result in report.results],
        "generated": report.fuzzed.to_json(report.seconds),
    }


def result_json(result: Result) -> dict[str, Any]:
    """One result, for machines."""
    return {
        "case": encodable(result.name),
        "file": encodable(str(result.file)) if result.file else None,
        "status": result.status.value,
        "verdict": result.verdict.kind.value,
        "key": result.verdict.key,
        "expected": result.judgement.expected,
        "reason": result.judgement.reason,
        "evidence": result.verdict.evidence,
        "cases": result.cases,
    }
