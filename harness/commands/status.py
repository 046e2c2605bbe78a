"""The status of a campaign: a live panel on a terminal, plain lines elsewhere.

All of it goes to standard error, so that standard output stays free for machines.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.live import Live
from rich.panel import Panel

from harness.statistics import LOW_MEDIAN_OPS, Statistics

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from harness.record import Record

PLAIN_SECONDS = 10.0
REFRESHES_PER_SECOND = 4
SHOWN_REASONS = 5


class Status:
    """Shows progress while it is entered.

    Args:
        live: whether to draw a panel where the terminal can.
        verbose: whether to print the evidence of findings.
    """

    def __init__(self, *, live: bool, verbose: bool) -> None:
        self._console = Console(stderr=True)
        self._verbose = verbose
        self._shown = 0.0
        self._live: Live | None = None
        if live and sys.stderr.isatty():
            self._live = Live(console=self._console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _tb: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def update(self, statistics: Statistics, elapsed: float) -> None:
        """Shows the state of the campaign, at most a few times a second."""
        pause = 1 / REFRESHES_PER_SECOND if self._live is not None else PLAIN_SECONDS
        if elapsed - self._shown < pause:
            return
        self._shown = elapsed
        if self._live is not None:
            lines = "\n".join(summary_lines(statistics, elapsed))
            self._live.update(Panel(lines, title="fencepost fuzz", title_align="left"), refresh=True)
        else:
            click.echo(progress_line(statistics, elapsed), err=True)

    def found(self, record: Record, where: str) -> None:
        """Announces a finding."""
        text = f"{record.verdict.key}: {where}"
        if self._verbose:
            text += f"\n  {record.verdict.evidence}"
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


def progress_line(statistics: Statistics, elapsed: float) -> str:
    """The state of a campaign on one line."""
    rate = statistics.decided / elapsed if elapsed else 0.0
    return (
        f"{elapsed:.0f} s: {statistics.cases} cases, {percent(statistics.share(statistics.decided))} decided, "
        f"{rate:.0f} decided/s, {statistics.findings} findings"
    )


def summary_lines(statistics: Statistics, elapsed: float, *, interrupted: bool = False) -> list[str]:
    """What a campaign came to, for people."""
    share = statistics.share
    lines = [progress_line(statistics, elapsed) + (" (interrupted)" if interrupted else "")]
    lines.append("verdicts: " + _counts(dict(statistics.verdicts)))
    lines.append(
        f"of all cases: {percent(share(statistics.with_access))} access memory, "
        f"{percent(share(statistics.with_indirect_call))} call indirectly, "
        f"{percent(share(statistics.with_trap))} trap; median of executed ops: {statistics.median_ops}"
    )
    reasons = dict(statistics.reasons.most_common(SHOWN_REASONS))
    if reasons:
        lines.append("undecided: " + _counts(reasons))
    if statistics.with_fault:
        lines.append(f"the planted fault was triggered in {statistics.with_fault} cases")
    if statistics.cases and statistics.median_ops < LOW_MEDIAN_OPS:
        lines.append(f"warning: fewer than {LOW_MEDIAN_OPS} ops: the programs of this campaign do next to nothing")
    return lines


def percent(share: float) -> str:
    """A share from 0 to 1 as a percentage."""
    return f"{share:.0%}"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "none"
