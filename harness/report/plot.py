"""Line plots as SVG that take their colours from the page, and so follow its light or dark scheme."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WIDTH, HEIGHT = 360, 200
LEFT, RIGHT, TOP, BOTTOM = 40, 10, 10, 24
MOST_POINTS = 240
WANTED_TICKS = 4
TIME_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400)

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Series:
    """A line: its name, the page's class for its colour, and its points by rising x."""

    name: str
    style: str
    points: tuple[Point, ...]

    @property
    def last(self) -> float:
        """The value that it ends at; 0 of nothing."""
        return self.points[-1][1] if self.points else 0.0


def line_plot(title: str, series: Sequence[Series]) -> str:
    """A plot over time: x in seconds, y from 0.

    Args:
        title: for those who do not see it.
        series: drawn in this order.
    """
    end = max((line.points[-1][0] for line in series if line.points), default=1.0) or 1.0
    steps = nice_steps(max((y for line in series for _, y in line.points), default=1.0))
    top = steps[-1]

    def x_of(seconds: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * seconds / end, 1)

    def y_of(value: float) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top, 1)

    root = ET.Element("svg", {"viewBox": f"0 0 {WIDTH} {HEIGHT}", "role": "img", "class": "plot"})
    ET.SubElement(root, "title").text = title
    for value in steps:
        _grid_line(root, y_of(value))
        _text(root, LEFT - 5, y_of(value) + 4, short(value), "end")
    for seconds in time_steps(end):
        _text(root, x_of(seconds), HEIGHT - 6, time_label(seconds), "middle")
    for line in series:
        _draw(root, line, x_of, y_of)
    return ET.tostring(root, encoding="unicode")


def nice_steps(highest: float) -> list[float]:
    """Ticks from 0 to at least ``highest``, 1, 2 or 5 times a power of ten apart, whole numbers from 1 up."""
    if highest <= 0:
        return [0.0, 1.0]
    rough = highest / WANTED_TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    step = max(step, 1.0) if highest >= 1 else step
    return [round(step * number, 9) for number in range(math.ceil(highest / step * 0.999) + 1)]


def time_steps(end: float) -> list[float]:
    """Ticks of a time axis of ``end`` seconds, without one at its very end, where it would be cut off."""
    days = 86400.0 * math.ceil(end / (86400 * WANTED_TICKS))
    step = next((float(step) for step in TIME_STEPS if end / step <= WANTED_TICKS + 1), days)
    return [step * number for number in range(int(end / step) + 1) if step * number <= end * 0.97]


def time_label(seconds: float) -> str:
    """Seconds as `30 s`, `5 min`, `2 h` or `3 d`."""
    if seconds == 0:
        return "0"
    units = ((86400, "d"), (3600, "h"), (60, "min"))
    for length, unit in units:
        if seconds >= 2 * length or seconds == length:
            return f"{seconds / length:g} {unit}"
    return f"{seconds:g} s"


def short(value: float) -> str:
    """A number in at most five characters: `950`, `1.2k`, `3M`."""
    for length, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= length:
            return f"{value / length:.3g}{unit}"
    return f"{value:.3g}"


def _draw(root: ET.Element, line: Series, x_of: Callable[[float], float], y_of: Callable[[float], float]) -> None:
    points = " ".join(f"{x_of(x)},{y_of(y)}" for x, y in thinned(line.points))
    ET.SubElement(root, "polyline", {"class": f"line {line.style}", "points": points})


def thinned(points: Sequence[Point]) -> list[Point]:
    """At most `MOST_POINTS` of the points and the last one."""
    step = math.ceil(len(points) / MOST_POINTS) or 1
    return [*points[:-1:step], *points[-1:]]


def _grid_line(root: ET.Element, y: float) -> None:
    ends = {"x1": LEFT, "y1": y, "x2": WIDTH - RIGHT, "y2": y}
    ET.SubElement(root, "line", {"class": "grid"} | {name: f"{value:g}" for name, value in ends.items()})


def _text(root: ET.Element, x: float, y: float, words: str, anchor: str) -> None:
    ET.SubElement(root, "text", {"x": f"{x:g}", "y": f"{y:g}", "text-anchor": anchor}).text = words
