"""Output folders of campaigns that never ran, with names that a hostile module could have chosen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import engine
from harness.case import Case
from harness.coverage import Census
from harness.outcome import Counts
from harness.record import Record
from harness.statistics import Statistics
from harness.store import Store
from harness.verdict import CLEAN, Kind, PoisonReason, Verdict, poisoned

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "</pre><script>document.title = 'owned'</script><img src=x onerror=alert(1)>\" ' & {{ 7 * 7 }}"
LONG = "access_" + "x" * 300
CENSUS = Census(("iadd", "load"), ("VMMemoryDefinition.base", "DefinedMemory"))


def records() -> list[Record]:
    """Clean cases, findings of several keys, and one of each undecided verdict."""
    clean = [Record(i, CLEAN, "wasm", Counts(1000, 5, 1), seconds={"jit": 0.01}, census=CENSUS) for i in range(60)]
    return [
        *clean,
        Record(60, Verdict(Kind.MISMATCH, "differential", "memory", HOSTILE), "wasm", Counts(1000, 5)),
        Record(61, Verdict(Kind.ESCAPE, "containment", HOSTILE, HOSTILE), HOSTILE, lines=(HOSTILE, "jit: " + LONG)),
        Record(62, Verdict(Kind.ESCAPE, "containment", HOSTILE, "again"), HOSTILE, Counts(5)),
        Record(63, Verdict(Kind.RUNTIME_FAULT, "completion", LONG, LONG), "wasm", Counts(1000)),
        Record(64, poisoned(PoisonReason.OUT_OF_FUEL, "differential"), "wasm", Counts(1000)),
        Record(65, Verdict(Kind.INCOMPLETE, "front end", HOSTILE), "wasm", Counts(1000)),
    ]


def write_campaign(folder: Path) -> Path:
    """Writes the folder as a campaign does, a line of statistics every ten cases."""
    wasm = engine.assemble(b"(module)")
    statistics = Statistics()
    statistics.expect(["silent"])
    statistics.ends.update(grown=1)
    store = Store(folder)
    store.configure(
        {"seed": 7, "versions": {HOSTILE: HOSTILE}, "plan": LONG, "generators": ["wasm", HOSTILE], "fault": None}
    )
    for record in records():
        statistics.add(record, float(record.index))
        if record.verdict.kind.is_finding:
            store.add_finding(record, replace(Case(wasm), history={"generator": record.generator}))
        if record.index % 10 == 0:
            store.add_statistics(statistics.to_json(float(record.index)))
    store.add_statistics(statistics.to_json(66.0))
    store.close()
    return folder
