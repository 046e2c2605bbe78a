"""The live status as a panel: one row a subject, readable from 40 columns up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from harness.commands.summary import (
    clock,
    counts,
    coverage,
    honesty,
    percent,
    plural,
    translation,
    warnings,
    yield_of,
)
from harness.printable import printable

if TYPE_CHECKING:
    from harness.health import WorkerHealth
    from harness.statistics import Statistics

FINDING_STYLE = "bold red"
WARNING_STYLE = "yellow"


@dataclass(frozen=True, slots=True)
class View:
    """What a panel shows.

    Attributes:
        title: the command that runs.
        elapsed: seconds since the start.
        budget: seconds until the end; `None` for without end.
        rate: cases per second of late.
        busy: share of the processor time that the workers could have used of late.
    """

    title: str
    statistics: Statistics
    elapsed: float
    budget: float | None
    rate: float
    workers: tuple[WorkerHealth, ...]
    busy: float


def panel(view: View) -> Panel:
    """The panel."""
    rows = Table.grid(padding=(0, 1))
    rows.add_column(style="cyan", no_wrap=True)
    rows.add_column(overflow="fold")
    for label, words, style in _rows(view):
        rows.add_row(label, Text(words, style=style))
    return Panel(rows, title=view.title, title_align="left", border_style="dim")


def _rows(view: View) -> list[tuple[str, str, str]]:
    """Label, words and style of each row."""
    statistics = view.statistics
    rows = [
        ("uptime", clock(view.elapsed) + (f" of {clock(view.budget)}" if view.budget else ""), ""),
        ("cases", _cases(view), ""),
        ("decided", percent(statistics.total.share(statistics.decided)), ""),
        ("all cases", honesty(statistics.total), ""),
        ("verdicts", counts(statistics.verdicts), ""),
    ]
    if statistics.reasons:
        rows.append(("undecided", counts(statistics.reasons), ""))
    if statistics.total.to_translate:
        rows.append(("CLIF in Wasm", translation(statistics), ""))
    if statistics.oracles:
        rows.append(("oracles", counts(statistics.oracles), ""))
    rows.extend(_generator_rows(statistics))
    rows.append(("coverage", coverage(statistics), ""))
    if statistics.corpus:
        rows.append(("corpus", f"{statistics.corpus} seeds", ""))
    rows.extend((_findings_row(view), ("workers", worker_words(view), "" if view.workers else WARNING_STYLE)))
    rows.extend(("", line, WARNING_STYLE) for line in warnings(statistics))
    return rows


def _cases(view: View) -> str:
    overall = view.statistics.cases / view.elapsed if view.elapsed else 0.0
    return f"{view.statistics.cases:,}, {view.rate:.0f}/s now, {overall:.0f}/s overall"


def _generator_rows(statistics: Statistics) -> list[tuple[str, str, str]]:
    tallies = sorted(statistics.generators.items())
    labels = ["generators", *[""] * len(tallies)]
    return [
        (label, f"{name}: {yield_of(tally)}", WARNING_STYLE if statistics.weakness(name) else "")
        for label, (name, tally) in zip(labels, tallies, strict=False)
    ]


def _findings_row(view: View) -> tuple[str, str, str]:
    newest = view.statistics.newest_key
    if newest is None:
        return "findings", "none", ""
    key, found = newest
    words = (
        f"{plural(view.statistics.findings, 'case')} of {plural(len(view.statistics.keys), 'kind')}; "
        f"newest {clock(view.elapsed - found.first_seen)} ago: {printable(key)}"
    )
    return "findings", words, FINDING_STYLE


def worker_words(view: View) -> str:
    """How the workers are."""
    if not view.workers:
        return "none running"
    largest = max(worker.rss_bytes for worker in view.workers)
    words = f"{len(view.workers)} running, {percent(view.busy)} busy, largest {largest >> 20} MiB"
    ends = view.statistics.ends
    return words + (f", {ends.total()} replaced ({counts(ends)})" if ends else "")
