"""The report of a gate for GitHub: annotations in the log, and a summary in Markdown.

An annotation is a line that the runner takes for a command, so data and properties are
escaped as the runner undoes it. The summary is Markdown in which every character that
could mean something is a character reference: a name that holds a table, a link or a
script is shown as the text that it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.gate.console import cases_line
from harness.gate.judgement import Status
from harness.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.gate.judgement import Result
    from harness.gate.report import Report

MOST_ANNOTATIONS = 10
"""GitHub shows no more of one kind in a step."""
MOST_ROWS = 200
MOST_EVIDENCE_CHARS = 2000
PLAIN = " -,;()/%="
"""Punctuation that means nothing to Markdown inside a line."""
ORDER = (Status.FAILED, Status.KNOWN, Status.UNDECIDED)


def annotation_lines(report: Report) -> list[str]:
    """Lines that the runner turns into annotations: failures, then the lack of an answer."""
    failed = report.failed
    errors = [_error(result) for result in failed[: MOST_ANNOTATIONS - 1]]
    if report.shortfall:
        errors.append(f"::error title=fencepost gate::{escape_data(f'no answer: {report.shortfall}')}")
    elif len(failed) >= MOST_ANNOTATIONS:
        more = f"{len(failed) - len(errors)} more failures: see the summary of this job"
        errors.append(f"::error title=fencepost gate::{escape_data(more)}")
    return errors


def summary(report: Report) -> str:
    """The outcome in Markdown, to be appended to the file of the step's summary."""
    lines = [f"### {_text(report.headline)}", "", _text(cases_line(report)), ""]
    shown = [result for status in ORDER for result in report.results if result.status is status]
    if shown:
        lines += ["| | case | came to | cases |", "|---|---|---|---|", *map(_row, shown[:MOST_ROWS])]
    if len(shown) > MOST_ROWS:
        lines += ["", _text(f"... and {len(shown) - MOST_ROWS} more")]
    lines += ["", *(f"- {_text(note)}" for note in report.notes)]
    return "\n".join(lines).rstrip() + "\n\n"


def escape_data(text: str) -> str:
    """The message of an annotation."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escape_property(text: str) -> str:
    """A property of an annotation, such as its file."""
    return escape_data(text).replace(":", "%3A").replace(",", "%2C")


def _error(result: Result) -> str:
    file = f"file={escape_property(printable(str(result.file)))},line=1," if result.file else ""
    title = escape_property(printable(f"fencepost: {result.verdict.key}"))
    evidence = result.verdict.evidence[:MOST_EVIDENCE_CHARS].splitlines()
    message = "\n".join(map(printable, [f"{result.name}: {result.words}", *evidence]))
    return f"::error {file}title={title}::{escape_data(message)}"


def _row(result: Result) -> str:
    cells: Iterable[str] = (result.status.value, result.name, result.words, str(result.cases))
    return "| " + " | ".join(map(_text, cells)) + " |"


def _text(text: str) -> str:
    """Text that Markdown shows as it is."""
    return "".join(char if char.isalnum() or char in PLAIN else f"&#{ord(char)};" for char in printable(text))
