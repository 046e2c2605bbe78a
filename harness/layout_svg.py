"""The arena map as a picture.

Areas differ by six orders of magnitude in size, so heights grow with the logarithm of
the length: the picture shows order and neighbours, the labels show sizes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from harness.layout import Area, Layout

WIDTH = 760
BAR_LEFT, BAR_WIDTH = 130, 250
ROW_MINIMUM = 18
MARGIN = 24
COLORS = ("#cfe3f5", "#f9dcc4", "#d8ecd0", "#f4cfd3", "#e4d7f2", "#f6efc2")
GREY = "#dddddd"


def draw(layout: Layout, title: str) -> str:
    """An SVG document."""
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
        top += height
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
    _text(group, BAR_LEFT + BAR_WIDTH + 16, middle, f"{size(area.length)} ({area.kind})")


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
