"""A comparison as a picture: a pair of bars for all attacks, one for each kind and for each structure.

Rows of few attacks say little, and are left out: the tables have them, with their intervals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from harness.benefit.share import EFFECTS, LAYOUTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.benefit.share import Share
    from harness.benefit.tally import Tally

COLORS = dict(
    zip(
        EFFECTS,
        ("#eeeeee", "#d9e8d0", "#f6efc2", "#8fbf7f", "#f3c78f", "#e58f4e", "#d04040", "#7a1030"),
        strict=True,
    )
)
LEFT, WIDTH, BAR, GAP, MARGIN = 330, 800, 14, 12, 24
LEGEND_COLUMNS = 4
TICKS = (0, 25, 50, 75, 100)
FEWEST = 0.001
"""Of all attacks, a row of its own has at least so many."""


def draw(tally: Tally, title: str) -> str:
    """An SVG document."""
    root = ET.Element("svg", xmlns="http://www.w3.org/2000/svg", width=str(LEFT + WIDTH + 2 * MARGIN))
    root.set("font-family", "sans-serif")
    root.set("font-size", "12")
    ET.SubElement(root, "title").text = title
    ET.SubElement(root, "rect", width="100%", height="100%", fill="#ffffff")
    _text(root, MARGIN, MARGIN, title)
    top = _legend(root, 2 * MARGIN) + GAP
    for heading, rows in tally.tables.items():
        top = _section(root, top, heading, _large(rows, tally.all.total))
    root.set("height", str(top + MARGIN))
    root.set("viewBox", f"0 0 {LEFT + WIDTH + 2 * MARGIN} {top + MARGIN}")
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"


def _large(rows: Mapping[str, Share], total: int) -> dict[str, Share]:
    """The rows to draw, the largest first."""
    ordered = sorted(rows.items(), key=lambda row: (-row[1].total, row[0]))
    return {name: share for name, share in ordered if share.total and share.total >= FEWEST * total}


def _section(root: ET.Element, top: int, heading: str, rows: Mapping[str, Share]) -> int:
    """Draws the bars of one table under a scale; returns where they end."""
    _text(root, MARGIN, top + BAR - 3, heading, weight="bold")
    for tick in TICKS:
        _text(root, LEFT + WIDTH * tick // 100, top + BAR - 3, f"{tick} %", anchor="middle", fill="#666666")
    top += BAR + GAP // 2
    for name, share in rows.items():
        _text(root, MARGIN, top + BAR + 4, f"{name or '(none)'} ({share.total:,})")
        for layout in LAYOUTS:
            _text(root, LEFT - 8, top + BAR - 3, layout, anchor="end")
            _bar(root, top, share, layout)
            top += BAR + 2
        top += GAP
    return top + GAP


def _legend(root: ET.Element, top: int) -> int:
    """Draws which color is what; returns where it ends."""
    for number, (effect, color) in enumerate(COLORS.items()):
        row, column = divmod(number, LEGEND_COLUMNS)
        x, y = LEFT + column * WIDTH // LEGEND_COLUMNS, top + row * 20
        _rectangle(root, x, y, BAR, color)
        _text(root, x + BAR + 6, y + BAR - 3, effect)
    return top + 20 * (len(COLORS) // LEGEND_COLUMNS)


def _bar(root: ET.Element, top: int, share: Share, layout: str) -> None:
    """The worst stands on the left, so that bars are compared from one edge."""
    x = float(LEFT)
    for effect in reversed(EFFECTS):
        width = WIDTH * share.percent(layout, effect) / 100
        if width:
            bar = _rectangle(root, x, top, width, COLORS[effect])
            ET.SubElement(bar, "title").text = f"{layout}, {effect}: {share.percent(layout, effect):.2f} %"
        x += width


def _rectangle(root: ET.Element, x: float, y: int, width: float, color: str) -> ET.Element:
    box = {"x": f"{x:.2f}", "y": str(y), "width": f"{width:.2f}", "height": str(BAR), "fill": color}
    return ET.SubElement(root, "rect", box)


def _text(
    root: ET.Element, x: int, y: int, text: str, *, anchor: str = "start", weight: str = "normal", fill: str = "#000000"
) -> None:
    style = {"text-anchor": anchor, "font-weight": weight, "fill": fill}
    ET.SubElement(root, "text", style, x=str(x), y=str(y)).text = text
