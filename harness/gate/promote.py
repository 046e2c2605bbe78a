"""Promotion: a finding becomes a known case of the project.

What is kept is what a replay says now, not what a campaign said then: a finding that does
not come back is not known. The file is named after the finding's key, so that the same
bug is not kept twice by accident.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

from harness.case import Expectation
from harness.case_file import file_of
from harness.errors import from_os
from harness.outputs import Output, write

if TYPE_CHECKING:
    from pathlib import Path

    from harness.case import Case
    from harness.verdict import Verdict


def promote(case: Case, verdict: Verdict, reason: str, folder: Path) -> Path:
    """Keeps a case with what is expected of it from now on.

    Args:
        case: what it expected before is replaced.
        verdict: what it came to just now; a finding.
        reason: names the cause.
        folder: made if it is not there.

    Returns:
        The file; one that holds exactly this already is left as it is.

    Raises:
        EnvironmentFailure: the folder cannot be written.
    """
    assert verdict.kind.is_finding
    suffix, data = file_of(replace(case, expect=Expectation(verdict.kind.value, verdict.key, reason)))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number in count(1):
            more = f"-{number}" if number > 1 else ""
            path = folder / f"{verdict.kind.value}-{verdict.key8}{more}.{suffix}"
            if not path.exists():
                write(Output(path, "case", data))
                return path
            if path.read_bytes() == data:
                return path
    except OSError as error:
        raise from_os(error, str(folder), "write the folder of known findings") from None
    raise AssertionError("numbers do not end")
