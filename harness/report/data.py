"""What a report shows, read from the output folder of a campaign, finished, running or killed.

Only `stats.jsonl` must be there. What cannot be read besides is a note in the report, so
that a damaged folder still shows what is left of it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from harness.errors import FileError, from_os
from harness.statistics import Statistics
from harness.store import read_configuration
from harness.verdict import Kind

if TYPE_CHECKING:
    from pathlib import Path

STATISTICS = "stats.jsonl"


@dataclass(frozen=True, slots=True)
class KeptCase:
    """A finding that is kept as files.

    Attributes:
        files: its case and what is known of it, in that order.
        evidence: what was seen.
        outcomes: what each executor made of it, a line each.
        index: of its case in the campaign.
        origin: the generator, the seed and the index, in words.
    """

    folder: Path
    files: tuple[Path, ...]
    key: str
    kind: Kind
    evidence: str
    outcomes: tuple[str, ...]
    index: int
    origin: str


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """All findings of one key.

    Attributes:
        cases: how many there were, kept or not.
        first_seen: seconds into the campaign; `None` if the statistics do not say.
    """

    key: str
    kind: Kind
    cases: int
    first_seen: float | None
    kept: tuple[KeptCase, ...]


@dataclass(frozen=True, slots=True)
class CampaignData:
    """A campaign as its folder tells it.

    Attributes:
        lines: the lines of its statistics, by rising ``elapsed``; at least one.
        groups: most severe first, then by the time of the first.
        configuration: empty if it cannot be read.
        notes: what could not be read, in words.
    """

    folder: Path
    lines: tuple[dict[str, Any], ...]
    groups: tuple[FindingGroup, ...]
    configuration: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def last(self) -> dict[str, Any]:
        """What the campaign came to."""
        return self.lines[-1]


def read_campaign(folder: Path) -> CampaignData:
    """Reads an output folder.

    Raises:
        FileError: it is not there, or holds no statistics.
    """
    notes: list[str] = []
    lines = _read_lines(folder / STATISTICS)
    try:
        configuration = read_configuration(folder)
    except FileError as error:
        configuration = {}
        notes.append(f"No configuration: {error}.")
    kept = _read_findings(folder / "findings", notes)
    return CampaignData(folder, lines, _groups(lines[-1], kept), configuration, tuple(notes))


def _read_lines(path: Path) -> tuple[dict[str, Any], ...]:
    """The lines; where a killed campaign was resumed, what it had forgotten is left out."""
    try:
        texts = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        hint = "name the output folder of a campaign"
        raise from_os(error, str(path), "read the statistics", hint=hint) from None
    lines: list[dict[str, Any]] = []
    for line in filter(None, map(_parse, texts)):
        while lines and lines[-1]["elapsed"] >= line["elapsed"]:
            lines.pop()
        lines.append(line)
    if not lines:
        hint = "let the campaign run for longer, or use the Fencepost that ran it"
        raise FileError("no statistics of this version in it", str(path), hint)
    return tuple(lines)


def _parse(text: str) -> dict[str, Any] | None:
    """A line of statistics; `None` for one that was torn by a kill, or that another version wrote."""
    try:
        line = json.loads(text)
    except ValueError:
        return None
    return line if isinstance(line, dict) and line.keys() >= _figures() else None


@cache
def _figures() -> frozenset[str]:
    """What a line of this version holds."""
    return frozenset(Statistics().to_json(0.0))


def _read_findings(folder: Path, notes: list[str]) -> list[KeptCase]:
    kept = []
    for path in sorted(folder.glob("*/finding.json")):
        try:
            kept.append(_kept_case(path))
        except (OSError, ValueError, KeyError, TypeError) as error:
            notes.append(f"{path.parent.name}: cannot read its finding.json: {type(error).__name__}: {error}.")
    return sorted(kept, key=lambda case: case.index)


def _kept_case(path: Path) -> KeptCase:
    data = json.loads(path.read_text(encoding="utf-8"))
    history = data.get("history") or {}
    return KeptCase(
        folder=path.parent,
        files=(*sorted(path.parent.glob("case.*")), path),
        key=str(data["key"]),
        kind=Kind(data["kind"]),
        evidence=str(data.get("evidence", "")),
        outcomes=tuple(map(str, data.get("outcomes", ()))),
        index=int(data["case"]),
        origin=", ".join(f"{name} {value}" for name, value in history.items()),
    )


def _groups(last: dict[str, Any], kept: list[KeptCase]) -> tuple[FindingGroup, ...]:
    counted: dict[str, dict[str, Any]] = last.get("keys", {})
    groups = []
    for key in {**counted, **{case.key: None for case in kept}}:
        cases = tuple(case for case in kept if case.key == key)
        count = counted.get(key, {})
        kind = cases[0].kind if cases else Kind(key.split(":", 1)[0])
        groups.append(FindingGroup(key, kind, count.get("cases", len(cases)), count.get("first_seen"), cases))
    order = list(Kind)
    groups.sort(key=lambda group: (order.index(group.kind), group.first_seen or 0.0, group.key))
    return tuple(groups)
