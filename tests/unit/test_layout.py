"""The arena map of hand-made JSON, and the values of options."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

from harness.commands.options import duration, size
from harness.layout import parse_layout
from harness.layout_svg import Mark, draw
from harness.layout_svg import size as shown_size


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


def test_a_mark_is_drawn_over_no_text() -> None:
    area = {"name": "instance structures", "offset": 0, "length": 1 << 12, "kind": "instance structures"}
    layout = parse_layout(json.dumps({"areas": [area], "structures": []}))
    picture = ET.fromstring(draw(layout, "x", [Mark(16, "read of 4 bytes")]))
    texts = {text.text: text for text in picture.iter("{http://www.w3.org/2000/svg}text")}
    line = next(picture.iter("{http://www.w3.org/2000/svg}line"))
    name, size_label = texts["instance structures"], texts["4 KiB (instance structures)"]
    assert _right(name) < int(line.get("x1", "")) < int(line.get("x2", "")) < int(size_label.get("x", ""))
    assert _right(size_label) < int(texts["read of 4 bytes"].get("x", ""))


def _right(text: ET.Element) -> float:
    """Where a text ends: a monospaced character is 0.6 of the font's 12 pixels wide."""
    return int(text.get("x", "")) + 0.6 * 12 * len(text.text or "")
