"""`fencepost compare`: the same confusions on the arena and on raw pointers."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

import engine
from harness.benefit.lines import lines_of
from harness.benefit.plans import Comparison, taking_part
from harness.benefit.report import PICTURE, REPORT, Report
from harness.benefit.tally import Tally
from harness.benefit.work import Work
from harness.case_file import read_case
from harness.commands.options import checkout_corpus, duration, max_memory_option
from harness.errors import EnvironmentFailure, UsageError, from_os
from harness.files import find_files

if TYPE_CHECKING:
    from harness.case import Case
    from harness.errors import FencepostError

PROGRESS_SECONDS = 10.0
DEFAULT_CASES = 1000


@click.command(
    name="compare",
    epilog="""\b
Examples:
  fencepost compare
  fencepost compare --cases 100000 --jobs 2 --out comparison
  fencepost compare --resume --out comparison --cases 200000
  fencepost compare --generator corrupt --time 10m
  fencepost compare --time 60s --corpus corpus --json""",
)
@click.option(
    "--cases",
    type=click.IntRange(min=1),
    metavar="N",
    help=f"How many plans to draw.  [default: {DEFAULT_CASES} without --time]",
)
@click.option("--time", "seconds", type=duration, metavar="60s", help="Begin no plans after this time.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, metavar="N", help="Seed of all plans."
)
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, metavar="N", help="Worker processes.")
@click.option(
    "--generator",
    type=click.Choice(["confuse", "corrupt"]),
    default="confuse",
    show_default=True,
    help="confuse: plans of one wrong instruction; corrupt: schedules of one write to VM data.",
)
@click.option(
    "--corpus",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Draw half of the modules from here, but for those that attack themselves.  [default: the checkout's, in one]",
)
@max_memory_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help=f"Write {REPORT} and {PICTURE} there, and again every few seconds.",
)
@click.option("--resume", is_flag=True, help="Go on with the comparison in --out.")
@click.option("--json", "as_json", is_flag=True, help="Print all counts as JSON on standard output.")
def command(  # noqa: PLR0917 (click passes them by name)
    cases: int | None,
    seconds: float | None,
    seed: int,
    jobs: int,
    generator: Literal["confuse", "corrupt"],
    corpus: Path | None,
    max_memory: int,
    out: Path | None,
    *,
    resume: bool,
    as_json: bool,
) -> int:
    """Run the same attacks on the arena and on today's layout with raw pointers.

    A plan changes one instruction of a module, a schedule writes to its VM data once. The module
    runs on both layouts in a cell, with every access and indirect call recorded. The report says
    what they reached: nothing wrong, a check, another object, or something outside VM data.

    Exit codes: 0 when nothing left the arena, 1 when something did, 2 usage or bad input,
    3 no plan was compared. Ctrl-C keeps what was measured; what was ended by anything else
    goes on with --resume from the report in --out. --cases is in total, --time for the session.
    """
    if resume and out is None:
        raise UsageError("there is nothing to go on from", "--resume", "name the folder with --out")
    if (refusal := engine.cell_refusal()) is not None:
        raise EnvironmentFailure("raw pointers run in cells only", refusal, "see fencepost doctor")
    if cases is None and seconds is None:
        cases = DEFAULT_CASES
    report = Report(Comparison(seed, _corpus(corpus), max_memory, generator))
    tally = report.read(out) if resume and out is not None else Tally()
    if out is not None:
        _make(out)
    progress = _Progress(report, cases, out, tally.plans)
    work = Work(report.comparison, cases, seconds, jobs, progress, tally)
    try:
        work.run()
    finally:
        failed = _conclude(report, work, out, as_json=as_json)
    if failed is not None:
        raise failed
    if not work.tally.compared:
        raise EnvironmentFailure("no plan was compared", f"{work.tally.plans} drawn", "the lines above say why")
    return 1 if work.tally.escapes else 0


class _Progress:
    """Now and then a line on standard error, and the files as far as they are."""

    def __init__(self, report: Report, cases: int | None, out: Path | None, before: int) -> None:
        self._report = report
        self._out = out
        self._before = before
        self._wanted = "" if cases is None else f" of {cases:,}"
        self._began = self._last = time.monotonic()

    def __call__(self, tally: Tally) -> None:
        now = time.monotonic()
        if now - self._last < PROGRESS_SECONDS:
            return
        self._last = now
        if self._out is not None and (failed := self._report.write(self._out, tally, interrupted=True)) is not None:
            raise failed
        rate = (tally.plans - self._before) / (now - self._began)
        click.echo(f"{now - self._began:.0f} s: {tally.plans:,}{self._wanted} plans, {rate:.0f}/s", err=True)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise from_os(error, str(folder), "make the folder") from None


def _corpus(folder: Path | None) -> tuple[Case, ...]:
    folder = folder or checkout_corpus()
    if folder is None:
        return ()
    cases = tuple(map(read_case, find_files([folder])))
    modules = taking_part(cases)
    if not modules:
        raise UsageError("there is no module", str(folder), "name a folder of .wasm or .wat files")
    return modules


def _conclude(report: Report, work: Work, out: Path | None, *, as_json: bool) -> FencepostError | None:
    """Prints what was measured and writes it to files; gives what went wrong with these."""
    if not work.complete:
        click.echo("interrupted: this is what was measured until then", err=True)
    for line in (report.origin, *lines_of(work.tally)):
        click.echo(line, err=as_json)
    if as_json:
        click.echo(report.to_json(work.tally, interrupted=not work.complete))
    return None if out is None else report.write(out, work.tally, interrupted=not work.complete)
