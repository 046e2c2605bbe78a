"""Statistics of hand-made records, and the arena map of hand-made JSON."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

from harness.commands.options import duration, size
from harness.commands.status import summary_lines
from harness.layout import parse_layout
from harness.layout_svg import draw
from harness.layout_svg import size as shown_size
from harness.outcome import Counts
from harness.record import Record
from harness.statistics import Statistics
from harness.verdict import CLEAN, Kind, PoisonReason, Verdict, poisoned

RECORDS = [
    Record(0, CLEAN, "wasm", Counts(1000, 5, 1), trapped=True, seconds={"jit/exact": 0.5}),
    Record(1, CLEAN, "wasm", Counts(200, 0, 0), seconds={"jit/exact": 0.25}),
    Record(2, poisoned(PoisonReason.OUT_OF_FUEL, "differential"), "corpus", Counts(90, 1, 0)),
    Record(3, Verdict(Kind.ESCAPE, "containment", "access read"), "wasm", Counts(50, 1, 0), fault_triggered=True),
]


def statistics() -> Statistics:
    result = Statistics()
    for record in RECORDS:
        result.add(record)
    return result


def test_statistics_count_what_is_decided_and_what_keeps_it_honest() -> None:
    figures = statistics().to_json(elapsed=2.0)
    assert figures["verdicts"] == {"clean": 2, "escape": 1, "poisoned": 1}
    assert (figures["cases"], figures["decided"], figures["findings"]) == (4, 3, 1)
    assert figures["decided_share"] == 0.75
    assert figures["decided_per_second"] == 1.5
    assert figures["reasons"] == {"poisoned: out of fuel": 1}
    assert figures["generators"] == {"corpus": 1, "wasm": 3}
    assert figures["honesty"] == {
        "memory_access_share": 0.75,
        "indirect_call_share": 0.25,
        "trap_share": 0.25,
        "median_ops": 145,
    }
    assert figures["seconds_by_stage"] == {"jit/exact": 0.75}
    json.dumps(figures)


def test_the_summary_names_poison_and_warns_of_idle_programs() -> None:
    text = "\n".join(summary_lines(statistics(), 2.0, interrupted=True))
    assert "75% decided" in text
    assert "(interrupted)" in text
    assert "1 poisoned: out of fuel" in text
    assert "triggered in 1 case" in text
    assert "warning" not in text
    idle = Statistics()
    idle.add(RECORDS[3])
    assert "warning: fewer than 100 ops" in "\n".join(summary_lines(idle, 1.0))
    assert summary_lines(Statistics(), 0.0)[0].startswith("0 s: 0 cases")


def test_durations_and_sizes() -> None:
    assert [duration(text) for text in ("90s", "1.5m", "2h")] == [90, 90, 7200]
    assert [size(text) for text in ("12B", "64KiB", "16MiB", "4GiB")] == [12, 65536, 16 << 20, 4 << 30]
    assert [shown_size(length) for length in (0, 12, 65536, 3 << 30)] == ["0 B", "12 B", "64 KiB", "3 GiB"]


def test_a_layout_is_drawn_in_address_order_with_every_area_named() -> None:
    areas = [
        {"name": "memory 0 <&>", "offset": 1 << 20, "length": 1 << 28, "kind": "memory"},
        {"name": "null page", "offset": 0, "length": 1 << 16, "kind": "null"},
    ]
    field = {"name": "base", "offset": 0, "width": 4, "meaning": "offset of the memory"}
    structure = {"name": "VMMemoryDefinition", "offset": None, "size": 8, "count": 1, "fields": [field]}
    layout = parse_layout(json.dumps({"areas": areas, "structures": [structure]}))
    assert [area.name for area in layout.areas] == ["null page", "memory 0 <&>"]
    assert layout.structures[0].fields[0].meaning == "offset of the memory"
    picture = ET.fromstring(draw(layout, "arena of x.wat"))
    texts = [element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[0] == "arena of x.wat"
    assert texts.index("null page") < texts.index("memory 0 <&>")
