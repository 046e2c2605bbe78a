"""The arena map as a picture.

Areas differ by six orders of magnitude in size, so heights grow with the logarithm of
the length: the picture shows order and neighbours, the labels show sizes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.layout import Area, Layout

WIDTH = 1300
BAR_LEFT, BAR_WIDTH = 130, 250
BAR_RIGHT = BAR_LEFT + BAR_WIDTH
MARK_LEFT = BAR_RIGHT - 60
"""Where the line of a mark begins: right of the areas' names."""
LABEL_LEFT = BAR_RIGHT + 240
"""Where the label of a mark begins: right of the areas' sizes."""
ROW_MINIMUM = 18
MARGIN = 24
COLORS = ("#cfe3f5", "#f9dcc4", "#d8ecd0", "#f4cfd3", "#e4d7f2", "#f6efc2")
GREY = "#dddddd"
RED = "#b00020"


@dataclass(frozen=True, slots=True)
class Mark:
    """An access to point at: its arena offset, and what it is."""

    offset: int
    label: str


def draw(layout: Layout, title: str, marks: Sequence[Mark] = ()) -> str:
    """An SVG document: the areas, and a red line for each mark, in its area or below all."""
    kinds = sorted({area.kind for area in layout.areas})
    colors = {kind: COLORS[position % len(COLORS)] for position, kind in enumerate(kinds)}
    root = ET.Element("svg", xmlns="http://www.w3.org/2000/svg", width=str(WIDTH))
    root.set("font-family", "monospace")
    root.set("font-size", "12")
    ET.SubElement(root, "title").text = title
    _text(root, MARGIN, MARGIN, title)
    top = 2 * MARGIN
    for area in layout.areas:
        height = _height(area.length)
        _area(root, area, top, height, colors.get(area.kind, GREY))
        inside = [mark for mark in marks if area.offset <= mark.offset < area.offset + area.length]
        for number, mark in enumerate(inside):
            _mark(root, mark, top + (2 * number + 1) * height // (2 * len(inside)))
        top += height
    end = max((area.offset + area.length for area in layout.areas), default=0)
    for mark in (mark for mark in marks if mark.offset >= end):
        top += ROW_MINIMUM
        _mark(root, mark, top)
    root.set("height", str(top + MARGIN))
    root.set("viewBox", f"0 0 {WIDTH} {top + MARGIN}")
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"


def _area(root: ET.Element, area: Area, top: int, height: int, color: str) -> None:
    group = ET.SubElement(root, "g")
    box = {"x": BAR_LEFT, "y": top, "width": BAR_WIDTH, "height": height}
    rectangle = ET.SubElement(group, "rect", {name: str(value) for name, value in box.items()})
    rectangle.set("fill", color)
    rectangle.set("stroke", "#555555")
    ET.SubElement(rectangle, "title").text = f"{area.kind}: {area.name}"
    middle = top + height // 2 + 4
    _text(group, MARGIN, middle, f"{area.offset:#010x}")
    _text(group, BAR_LEFT + 8, middle, area.name)
    _text(group, BAR_RIGHT + 16, middle, f"{size(area.length)} ({area.kind})")


def _mark(root: ET.Element, mark: Mark, y: int) -> None:
    group = ET.SubElement(root, "g", {"class": "mark"})
    line = {"x1": MARK_LEFT, "y1": y, "x2": BAR_RIGHT + 8, "y2": y}
    ET.SubElement(group, "line", {name: str(value) for name, value in line.items()}).set("stroke", RED)
    label = ET.SubElement(group, "text", x=str(LABEL_LEFT), y=str(y + 4), fill=RED)
    label.text = mark.label


def _text(parent: ET.Element, x: int, y: int, text: str) -> None:
    ET.SubElement(parent, "text", x=str(x), y=str(y)).text = text


def _height(length: int) -> int:
    return ROW_MINIMUM + 3 * int(math.log2(max(length, 1)))


def size(length: int) -> str:
    """A length in bytes, in the largest unit that divides it."""
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if length and length % unit == 0:
            return f"{length // unit} {name}"
    return f"{length} B"
