"""What stands on the page: figures, bars and tables, made from the statistics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from harness.commands.summary import percent
from harness.coverage import catalogue
from harness.report.plot import Point, Series, line_plot
from harness.verdict import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

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
SHOWN_CHARACTERS = 2000

Line = Mapping[str, Any]
"""A line of statistics, see `docs/statistics.md`."""


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


@dataclass(frozen=True, slots=True)
class Options:
    """The configuration of a campaign in words.

    Attributes:
        given: by name.
        unset: names of options that say nothing.
    """

    given: dict[str, str]
    unset: tuple[str, ...]


def options_of(configuration: Mapping[str, Any]) -> Options:
    """All of the configuration but the versions."""
    options = {name.replace("_", " "): value for name, value in configuration.items() if name != "versions"}
    given = {name: _words(value) for name, value in options.items() if _is_set(value)}
    return Options(given, tuple(name for name in options if name not in given))


def _is_set(value: Any) -> bool:
    """Whether an option says anything."""
    return value is not None and value is not False and value not in ("", [])


def _words(value: Any) -> str:
    """The value of an option for people."""
    if value is True:
        return "yes"
    words = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return words if len(words) <= SHOWN_CHARACTERS else words[:SHOWN_CHARACTERS] + " ..."


def style_of(kind: Kind) -> str:
    """The page's class for a verdict."""
    return STYLES.get(kind, "bad")


def figures(lines: Sequence[Line]) -> list[Figure]:
    """The progress of the campaign."""
    return [
        _figure(
            "Cases",
            Series("cases", "main", _over_time(lines, lambda line: line["cases"])),
            Series("undecided", "fair", _over_time(lines, lambda line: line["cases"] - line["decided"])),
        ),
        _figure("Cases per second", Series("cases/s", "main", _rates(lines))),
        _figure(
            "Coverage",
            Series("opcodes reached", "main", _over_time(lines, lambda line: line["covered"]["opcodes"])),
            Series("fields reached", "fair", _over_time(lines, lambda line: line["covered"]["fields"])),
        ),
        _figure("Findings", Series("kinds of findings", "bad", _over_time(lines, lambda line: len(line["keys"])))),
    ]


def _figure(title: str, *series: Series) -> Figure:
    svg = line_plot(f"{title} over time", series)
    return Figure(title, Markup(svg), series)  # noqa: S704 (made by ElementTree, which escapes)


def _over_time(lines: Sequence[Line], reading: Callable[[Line], float]) -> tuple[Point, ...]:
    """A figure that begins at 0, at the time of each line."""
    return ((0.0, 0.0), *((float(line["elapsed"]), float(reading(line))) for line in lines))


def _rates(lines: Sequence[Line]) -> tuple[Point, ...]:
    """Cases per second between two lines, at the time of the later one."""
    begin: Line = {"elapsed": 0.0, "cases": 0}
    pairs = zip((begin, *lines), lines, strict=False)
    return tuple(
        (float(line["elapsed"]), (line["cases"] - before["cases"]) / (line["elapsed"] - before["elapsed"]))
        for before, line in pairs
        if line["elapsed"] > before["elapsed"]
    )


def verdict_bars(last: Line) -> list[Bar]:
    """The verdicts by precedence, with their meanings."""
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


def bars(counts: Mapping[str, int], cases: int, style: str) -> list[Bar]:
    """Counts as shares of all cases, the largest first."""
    largest = sorted(counts.items(), key=lambda item: -item[1])
    return [Bar(name, f"{count:,}", count / cases, style) for name, count in largest]


def stage_bars(seconds: Mapping[str, float]) -> list[Bar]:
    """Times as shares of their sum, the longest first."""
    whole = sum(seconds.values()) or 1.0
    largest = sorted(seconds.items(), key=lambda item: -item[1])
    return [Bar(name, percent(spent / whole), spent / whole) for name, spent in largest]


def coverage_tables(last: Line) -> list[CoverageTable]:
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
