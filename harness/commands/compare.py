"""`fencepost compare`: the same confusions on the arena and on raw pointers."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

import engine
from harness.benefit.lines import lines_of
from harness.benefit.picture import draw
from harness.benefit.plans import Comparison
from harness.benefit.work import Work
from harness.case_file import read_case
from harness.commands.options import duration, memory_size
from harness.errors import EnvironmentFailure, UsageError, from_os
from harness.files import find_files
from harness.outputs import Output, write_all
from harness.versions import versions

if TYPE_CHECKING:
    from harness.benefit.tally import Tally
    from harness.case import Case

CHECKOUT_CORPUS = Path(__file__).parents[2] / "corpus"
PROGRESS_SECONDS = 10.0
DEFAULT_CASES = 1000
REPORT, PICTURE = "comparison.json", "comparison.svg"


@click.command(
    name="compare",
    epilog="""\b
Examples:
  fencepost compare
  fencepost compare --cases 100000 --jobs 2 --out comparison
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
    help="Draw half of the modules from here.  [default: the checkout's, in one]",
)
@click.option(
    "--max-memory",
    type=memory_size,
    default="256MiB",
    metavar="SIZE",
    help="How far a memory may grow.",
    show_default=True,
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help=f"Write {REPORT} and {PICTURE} there.",
)
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
    as_json: bool,
) -> int:
    """Run the same attacks on the arena and on today's layout with raw pointers.

    A plan changes one instruction of a module, a schedule writes to its VM data once. The module
    runs on both layouts in a cell, with every access and indirect call recorded. The report says
    what they reached: nothing wrong, a check, another object, or something outside VM data.

    Exit codes: 0 when nothing left the arena, 1 when something did, 2 usage or bad input,
    3 no plan was compared. Ctrl-C keeps what was measured.
    """
    if (refusal := engine.cell_refusal()) is not None:
        raise EnvironmentFailure("raw pointers run in cells only", refusal, "see fencepost doctor")
    if cases is None and seconds is None:
        cases = DEFAULT_CASES
    if out is not None:
        _make(out)
    comparison = Comparison(seed, _corpus(corpus), max_memory, generator)
    work = Work(comparison, cases, seconds, jobs, _Progress(cases))
    try:
        work.run()
    finally:
        failed = _report(work, seed, out, as_json=as_json)
    if failed is not None:
        raise failed
    if not work.tally.compared:
        raise EnvironmentFailure("no plan was compared", f"{work.tally.plans} drawn", "the lines above say why")
    return 1 if work.tally.escapes else 0


class _Progress:
    """A line on standard error now and then."""

    def __init__(self, cases: int | None) -> None:
        self._wanted = "" if cases is None else f" of {cases:,}"
        self._began = self._last = time.monotonic()

    def __call__(self, tally: Tally) -> None:
        now = time.monotonic()
        if now - self._last >= PROGRESS_SECONDS:
            self._last = now
            rate = tally.plans / (now - self._began)
            click.echo(f"{now - self._began:.0f} s: {tally.plans:,}{self._wanted} plans, {rate:.0f}/s", err=True)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise from_os(error, str(folder), "make the folder") from None


def _corpus(folder: Path | None) -> tuple[Case, ...]:
    if folder is None and not CHECKOUT_CORPUS.is_dir():
        return ()
    cases = tuple(map(read_case, find_files([folder or CHECKOUT_CORPUS])))
    modules = tuple(case for case in cases if not case.is_clif)
    if not modules:
        raise UsageError("there is no module", str(folder), "name a folder of .wasm or .wat files")
    return modules


def _report(work: Work, seed: int, out: Path | None, *, as_json: bool) -> Exception | None:
    """Prints what was measured and writes it to files; gives what went wrong with these."""
    tally = work.tally
    generator = work.comparison.generator
    report = {
        "seed": seed,
        "generator": generator,
        "interrupted": work.interrupted,
        "versions": versions(),
        **tally.to_json(),
    }
    if work.interrupted:
        click.echo("interrupted: this is what was measured until then", err=True)
    for line in lines_of(tally):
        click.echo(line, err=as_json)
    if as_json:
        click.echo(json.dumps(report, indent=2))
    if out is None:
        return None
    attacks = "confusions" if generator == "confuse" else "corruptions"
    title = f"{tally.all.total:,} {attacks} on two layouts: the worst that each did, in % (seed {seed})"
    outputs = [
        Output(out / REPORT, "report", json.dumps(report, indent=2) + "\n"),
        Output(out / PICTURE, "picture", draw(tally, title)),
    ]
    return next(iter(write_all(outputs)), None)
