"""Findings as folders: the case as a file that anybody can run, and `finding.json` beside it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from harness.case_file import file_of
from harness.durable import write_folder
from harness.verdict import Kind, Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from harness.case import Case
    from harness.record import Record

DESCRIPTION = "finding.json"


@dataclass(frozen=True, slots=True)
class Finding:
    """What the folder of a finding says.

    Attributes:
        index: of its case in the campaign.
    """

    index: int
    verdict: Verdict

    @property
    def folder_name(self) -> str:
        """The name of its folder, a function of what was found and of the case's index alone."""
        return f"{self.verdict.kind.value}-{self.verdict.key8}-{self.index}"


def write_finding(folder: Path, record: Record, case: Case) -> None:
    """Writes the folder of a finding, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    suffix, data = file_of(case)
    verdict = record.verdict
    description = {
        "key": verdict.key,
        **asdict(verdict),
        "case": record.index,
        "history": case.history,
        "outcomes": record.lines,
    }
    text = json.dumps(description, indent=2) + "\n"
    write_folder(folder, {f"case.{suffix}": data, DESCRIPTION: text.encode()})


def read_finding(folder: Path) -> Finding | None:
    """What a folder says of its finding; `None` if it is none of ours."""
    try:
        data = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        verdict = Verdict(Kind(data["kind"]), str(data["oracle"]), str(data["detail"]), str(data["evidence"]))
        return Finding(int(data["case"]), verdict)
    except (OSError, ValueError, KeyError, TypeError):
        return None
