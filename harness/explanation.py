"""Explanations of confused and corrupted cases: what each change and write did, and where it led.

The engine says what a plan's entry made of an instruction; the interpreter, which watches
the changed places, where they landed; the arena map, what lies there.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from harness.check import check
from harness.executors import Subject
from harness.explained_write import Write, events_of, writes_of
from harness.layout import clif_layout, parse_layout
from harness.layout_svg import Mark
from harness.outcome import Ran
from harness.record import outcome_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.case import Case
    from harness.check import Checked
    from harness.executors import Executor
    from harness.layout import Layout
    from harness.outcome import Witness


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of a plan and what became of it.

    Attributes:
        entry: function, site, kind and params, as in the case.
        before: the instruction as it was; `after`: as it is, `None` where it is gone.
        shown_by: the access or call whose execution shows the change, if there is one.
        meant: the structure and field that it names, empty if it names none.
        pointer: the value that it goes through, and what that is.
        executed: how often it was executed, by executor that watched.
        landed: where it landed the first time, in words; empty if it did not.
        offset: the same, in the arena; `None` for calls too.
        in_object: whether it landed in an object of the kind that it names.
    """

    entry: dict[str, Any]
    before: str
    after: str | None
    shown_by: str | None
    meant: str
    pointer: str
    wasm_offset: int | None
    executed: dict[str, int]
    landed: str = ""
    offset: int | None = None
    in_object: bool | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A case, explained.

    Attributes:
        writes: one for each entry of the schedule.
        events: by executor, how often what a schedule can wait for took place.
        outcomes: what each executor did, one a line.
    """

    verdict: str
    evidence: str
    changes: tuple[Change, ...]
    writes: tuple[Write, ...]
    events: dict[str, dict[str, int]]
    outcomes: tuple[str, ...]
    layout: Layout
    is_clif: bool = False

    def to_json(self) -> dict[str, Any]:
        """Everything but the arena map."""
        return {
            "verdict": self.verdict,
            "evidence": self.evidence,
            "changes": [asdict(change) for change in self.changes],
            "writes": [asdict(write) for write in self.writes],
            "events": self.events,
            "outcomes": list(self.outcomes),
        }

    def marks(self) -> list[Mark]:
        """What to draw into the arena map."""
        changes = [
            Mark(change.offset, f"{change.entry['kind']}: {change.landed}")
            for change in self.changes
            if change.offset is not None
        ]
        writes = [
            Mark(write.offset, f"{write.target} {write.when}") for write in self.writes if write.offset is not None
        ]
        return changes + writes


def explain(case: Case, executors: Sequence[Executor]) -> Explanation:
    """Runs a case in all ``executors`` and explains it.

    Raises:
        engine.InvalidInput: the module is not valid.
        engine.Unsupported: the engine cannot run it at all.
        engine.PlanError: the plan does not fit.
        engine.ScheduleError: the schedule does not.
        ValueError: a call does not fit.
    """
    subject = Subject(case)
    layout = clif_layout() if case.is_clif else parse_layout(subject.program.layout())
    checked = check(case, executors)
    described: list[dict[str, Any]] = json.loads(subject.program.describe_plan())
    changes = tuple(_change(entry, position, checked, layout) for position, entry in enumerate(described))
    writes = writes_of(case.parts.get("schedule", []), checked.outcomes)
    events = events_of(checked.outcomes)
    lines = outcome_lines(checked.outcomes)
    return Explanation(
        checked.verdict.key, checked.verdict.evidence, changes, writes, events, lines, layout, case.is_clif
    )


def _change(entry: dict[str, Any], position: int, checked: Checked, layout: Layout) -> Change:
    runs = {name: run for name, run in checked.outcomes.items() if isinstance(run, Ran) and run.witnesses}
    witnesses = {name: run.witnesses[position] for name, run in runs.items()}
    landed = next((witness for witness in witnesses.values() if witness.offset is not None), None)
    pointer = f"{entry['pointer']} ({entry['pointer_meaning']})" if entry["pointer"] else ""
    return Change(
        entry={name: entry[name] for name in ("function", "site", "kind", "params") if name in entry},
        before=entry["before"],
        after=entry["after"],
        shown_by=entry["shown_by"],
        meant=entry["meant"] or "",
        pointer=pointer,
        wasm_offset=entry["wasm_offset"],
        executed={name: witness.executed for name, witness in witnesses.items() if name.startswith("interpreter")},
        landed=_landing(landed, layout) if landed else "",
        offset=landed.offset if landed and landed.access != "execute" else None,
        in_object=landed.in_object if landed else None,
    )


def _landing(witness: Witness, layout: Layout) -> str:
    assert witness.offset is not None
    if witness.access == "execute":
        return f"called code index {witness.offset}"
    return f"{witness.access} of {witness.width} bytes at {witness.offset:#010x}, {place_of(witness.offset, layout)}"


def place_of(offset: int, layout: Layout) -> str:
    """What lies at an arena offset: the structure and field if there is one, else the area."""
    for structure in layout.structures:
        if structure.offset is None or not structure.fields:
            continue
        index, inside = divmod(offset - structure.offset, structure.size)
        if not 0 <= index < structure.count:
            continue
        for field in structure.fields:
            if field.offset <= inside < field.offset + field.width:
                number = f"[{index}]" if structure.count > 1 else ""
                rest = f"+{inside - field.offset}" if inside != field.offset else ""
                return f"{structure.name}{number}.{field.name}{rest}"
    for area in layout.areas:
        if area.offset <= offset < area.offset + area.length:
            return f"{area.name} + {offset - area.offset:#x}"
    return "past the arena"
