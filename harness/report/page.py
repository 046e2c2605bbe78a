"""The page: what a campaign came to, worded and put into the template."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harness.commands.summary import clock, percent, plural
from harness.coverage import catalogue
from harness.report.plot import Series, line_plot
from harness.verdict import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from harness.report.data import CampaignData

MEANINGS = {
    Kind.ESCAPE: "an access or a jump left the arena, its guards or the code table",
    Kind.RUNTIME_FAULT: "trusted code panicked, or would have acted on a corrupted value",
    Kind.MISMATCH: "executors, or the engine and Wasmtime, disagree",
    Kind.COMPILE_FAILURE: "the compiler panicked or rejected valid input",
    Kind.HANG: "no answer in time",
    Kind.POISONED: "legitimately undefined, for one of a closed list of reasons",
    Kind.INCOMPLETE: "an executor or a reference does not support the program",
    Kind.CLEAN: "everything ran and every oracle agrees",
}
STYLES = {Kind.CLEAN: "good", Kind.POISONED: "fair", Kind.INCOMPLETE: "fair"}
SHOWN_VALUES = 2000


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of a bar chart.

    Attributes:
        share: of the whole, from 0 to 1.
    """

    name: str
    words: str
    share: float
    style: str = "main"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A plot with its legend."""

    title: str
    svg: Markup
    series: tuple[Series, ...]


@dataclass(frozen=True, slots=True)
class Reached:
    """One opcode or field: in how many cases it stood."""

    name: str
    cases: int
    share: float


@dataclass(frozen=True, slots=True)
class CoverageTable:
    """Opcodes, or the fields of one structure, sorted by name."""

    title: str
    names: tuple[Reached, ...]

    @property
    def reached(self) -> int:
        """How many stood in any case."""
        return sum(name.cases > 0 for name in self.names)


def render(campaign: CampaignData, target: Path) -> str:
    """The page as HTML.

    Args:
        campaign: what it shows.
        target: the file that it will be written to: links to cases are relative to it.
    """
    folder = Path(__file__).parent
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"clock": clock, "percent": percent, "short_value": _short_value}
    environment.globals |= {"link": _linker(target), "plural": plural, "style_of": style_of, "meaning_of": MEANINGS.get}
    return environment.get_template("page.html").render(
        campaign=campaign,
        last=campaign.last,
        css=Markup((folder / "page.css").read_text(encoding="utf-8")),  # noqa: S704 (ours)
        figures=_figures(campaign.lines),
        verdicts=_verdicts(campaign.last),
        reasons=_bars(campaign.last["reasons"], campaign.last["cases"], "fair"),
        oracles=_bars(campaign.last["oracles"], campaign.last["cases"], "main"),
        stages=_stages(campaign.last["seconds_by_stage"]),
        catalogue=catalogue(),
        coverage=_coverage(campaign.last),
    )


def style_of(kind: Kind) -> str:
    """The page's class for a verdict."""
    return STYLES.get(kind, "bad")


def _linker(target: Path) -> Any:
    """Makes relative links from the folder of ``target``."""
    start = target.absolute().parent

    def link(path: Path) -> str:
        return quote(os.path.relpath(path.absolute(), start))

    return link


def _short_value(value: Any) -> str:
    """A value of the configuration as text."""
    words = str(value)
    return words if len(words) <= SHOWN_VALUES else words[:SHOWN_VALUES] + " ..."


def _figures(lines: Sequence[Mapping[str, Any]]) -> list[Figure]:
    """The progress of the campaign."""
    opcodes, fields = (_over_time(lines, f"{name} reached", ("covered", name)) for name in ("opcodes", "fields"))
    return [
        _figure("Cases", [_over_time(lines, "cases", ("cases",)), Series("undecided", "fair", _undecided(lines))]),
        _figure("Cases per second", [Series("cases/s", "main", _rates(lines))]),
        _figure("Coverage", [opcodes, Series(fields.name, "fair", fields.points)]),
        _figure("Findings", [Series("kinds of findings", "bad", _kinds(lines))]),
    ]


def _figure(title: str, series: Iterable[Series]) -> Figure:
    drawn = tuple(series)
    svg = line_plot(f"{title} over time", drawn)
    return Figure(title, Markup(svg), drawn)  # noqa: S704 (made by ElementTree, which escapes)


def _over_time(lines: Sequence[Mapping[str, Any]], name: str, path: Sequence[str], style: str = "main") -> Series:
    points = [(0.0, 0.0)]
    for line in lines:
        value: Any = line
        for part in path:
            value = value[part]
        points.append((float(line["elapsed"]), float(value)))
    return Series(name, style, tuple(points))


def _undecided(lines: Sequence[Mapping[str, Any]]) -> tuple[tuple[float, float], ...]:
    """How many cases had been left without an answer, at the time of each line."""
    return ((0.0, 0.0), *((float(line["elapsed"]), float(line["cases"] - line["decided"])) for line in lines))


def _rates(lines: Sequence[Mapping[str, Any]]) -> tuple[tuple[float, float], ...]:
    """Cases per second between two lines, at the time of the later one."""
    before = {"elapsed": 0.0, "cases": 0}
    points = []
    for line in lines:
        seconds = line["elapsed"] - before["elapsed"]
        points.append((float(line["elapsed"]), (line["cases"] - before["cases"]) / seconds if seconds else 0.0))
        before = dict(line)
    return tuple(points)


def _kinds(lines: Sequence[Mapping[str, Any]]) -> tuple[tuple[float, float], ...]:
    """How many keys had been seen, at the time of each line."""
    return ((0.0, 0.0), *((float(line["elapsed"]), float(len(line["keys"]))) for line in lines))


def _verdicts(last: Mapping[str, Any]) -> list[Bar]:
    counts = last["verdicts"]
    return [
        Bar(
            kind.value,
            f"{counts[kind.value]:,}",
            counts[kind.value] / last["cases"],
            style_of(kind),
            MEANINGS[kind],
        )
        for kind in Kind
        if kind.value in counts
    ]


def _bars(counts: Mapping[str, int], cases: int, style: str) -> list[Bar]:
    largest = sorted(counts.items(), key=lambda item: -item[1])
    return [Bar(name, f"{count:,}", count / cases, style) for name, count in largest]


def _stages(seconds: Mapping[str, float]) -> list[Bar]:
    whole = sum(seconds.values()) or 1.0
    largest = sorted(seconds.items(), key=lambda item: -item[1])
    return [Bar(name, percent(spent / whole), spent / whole) for name, spent in largest]


def _coverage(last: Mapping[str, Any]) -> list[CoverageTable]:
    """Opcodes in one table, fields in one for each structure, kinds of memory in the last."""
    everything = catalogue()
    counts, cases = last["coverage"], last["cases"]
    structures: dict[str, list[str]] = {}
    for name in everything.fields:
        structures.setdefault(name.split(".", maxsplit=1)[0], []).append(name)
    tables = [_table("CLIF opcodes", everything.opcodes, counts["opcodes"], cases)]
    tables += [_table(title, names, counts["fields"], cases) for title, names in sorted(structures.items())]
    others = sorted(counts["fields"].keys() - set(everything.fields))
    return [*tables, _table("Other memory", others, counts["fields"], cases)] if others else tables


def _table(title: str, names: Iterable[str], counts: Mapping[str, int], cases: int) -> CoverageTable:
    reached = (Reached(name, counts.get(name, 0), counts.get(name, 0) / max(1, cases)) for name in sorted(names))
    return CoverageTable(title, tuple(reached))
