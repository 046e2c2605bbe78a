"""`fencepost gate`: one answer for CI."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.commands.options import duration, plan_of, plan_options
from harness.commands.status import Status
from harness.errors import UsageError, from_os
from harness.gate.baseline import read_baseline, render_baseline
from harness.gate.console import json_of, lines_of
from harness.gate.github import annotation_lines, summary
from harness.gate.job import GENERATORS as DEFAULT_GENERATORS
from harness.gate.job import Job, carry_out
from harness.gate.junit import render_junit
from harness.gate.reason import HINT, fault_of
from harness.gate.sarif import render_sarif
from harness.outputs import Output, write_all
from harness.printable import printable
from harness.source import GENERATORS
from harness.versions import versions

if TYPE_CHECKING:
    from harness.errors import FencepostError
    from harness.gate.report import Report

FILE = click.Path(path_type=Path)


def budget(text: str) -> tuple[float | None, int | None]:
    """Seconds or cases of a text such as ``60s`` or ``1000``."""
    if re.fullmatch(r"\d{1,9}", text):
        return None, int(text)
    try:
        return duration(text), None
    except click.BadParameter:
        raise click.BadParameter(f"{text!r} is neither a duration such as 60s nor a number of cases") from None


@click.command(
    name="gate",
    epilog="""\b
Examples:
  fencepost gate
  fencepost gate --budget 1000 --junit gate.xml --sarif gate.sarif
  fencepost gate --baseline fencepost-baseline.json
  fencepost gate my-crashes --budget 0        (replay only)
  fencepost gate --fault 02                   (must fail)""",
)
@click.argument("paths", nargs=-1, type=FILE, metavar="[PATH]...")
@click.option("--crashes", type=FILE, metavar="DIR", help="Known findings to replay.  [default: crashes, if there]")
@click.option("--corpus", type=FILE, metavar="DIR", help="Seeds to replay.  [default: corpus, if there]")
@click.option(
    "--budget",
    "limit",
    type=budget,
    default="60s",
    show_default=True,
    metavar="60s|N",
    help="Then fuzz for this time, or for this many cases.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, metavar="N", help="Seed of all cases."
)
@click.option(
    "--generator",
    "generators",
    type=click.Choice(GENERATORS),
    multiple=True,
    default=DEFAULT_GENERATORS,
    show_default=True,
    help="Fuzz with this generator only. Repeatable. Seeds are those of --corpus.",
)
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, metavar="N", help="Worker processes.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where new findings go.  [default: a fresh folder]",
)
@click.option("--baseline", type=FILE, metavar="FILE", help="Findings that are accepted for now.")
@click.option("--write-baseline", type=FILE, metavar="FILE", help="Accept the findings of this run; needs --reason.")
@click.option("--reason", metavar="TEXT", help="Why --write-baseline accepts what is new.")
@click.option("--junit", type=FILE, metavar="FILE", help="Write the report as JUnit XML.")
@click.option("--sarif", type=FILE, metavar="FILE", help="Write the report as SARIF 2.1.0.")
@plan_options
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON on standard output.")
@click.option("--no-tty", is_flag=True, help="Plain lines instead of a live status.")
@click.option("-v", "--verbose", is_flag=True, help="List what passed, too, and all evidence.")
def command(  # noqa: PLR0917 (click passes them by name)
    limit: tuple[float | None, int | None],
    baseline: Path | None,
    write_baseline: Path | None,
    reason: str | None,
    junit: Path | None,
    sarif: Path | None,
    as_json: bool,
    no_tty: bool,
    verbose: bool,
    **rest: Any,
) -> int:
    """Replay the known cases, fuzz for a while with a fixed seed, and say yes or no.

    A case whose header expects a verdict must come to it; any other must have no finding.
    PATH..., files or folders, are replayed in place of the default folders.

    Exit codes: 0 passed, 1 a finding or a changed case, 2 usage or bad input, 3 no answer:
    interrupted, no case, fewer than 80 % of the cases decided, or a file not written.
    """
    _check_reason(write_baseline, reason)
    accepted = read_baseline(baseline) if baseline else {}
    seconds, cases = limit
    asked = {name: rest.pop(name) for name in ("paths", "crashes", "corpus", "seed", "jobs", "generators", "out")}
    plan = plan_of(**rest)
    options = click.get_current_context().params | {"native": plan.native}
    job = Job(seconds=seconds, cases=cases, options=options, **asked)
    with Status(live=not no_tty, verbose=verbose, budget=seconds, title="fencepost gate") as status:
        report = carry_out(job, plan, accepted, status.update)
    outputs = []
    if write_baseline and not report.shortfall:
        accepted |= dict.fromkeys((result.verdict.key for result in report.acceptable), reason or "")
        report = report.accepting(accepted)
        outputs.append(Output(write_baseline, "baseline", render_baseline(accepted)))
    errors = write_all(outputs + _outputs(report, junit, sarif))
    errors += _print(report, as_json=as_json, verbose=verbose)
    for error in errors:
        click.echo(f"fencepost: error: {printable(str(error))}", err=True)
    return 3 if errors else report.exit_code


def _check_reason(write_baseline: Path | None, reason: str | None) -> None:
    if write_baseline is None:
        if reason is not None:
            raise UsageError("--reason needs --write-baseline FILE")
    elif fault := fault_of(reason or ""):
        raise UsageError(fault, "--reason", HINT)


def _outputs(report: Report, junit: Path | None, sarif: Path | None) -> list[Output]:
    """The files that were asked for, the summary of a GitHub step among them."""
    outputs = []
    if junit:
        outputs.append(Output(junit, "JUnit report", render_junit(report)))
    if sarif:
        outputs.append(Output(sarif, "SARIF report", render_sarif(report, versions()["fencepost"])))
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        outputs.append(Output(Path(path), "summary of the step", summary(report), append=True))
    return outputs


def _print(report: Report, *, as_json: bool, verbose: bool) -> list[FencepostError]:
    """Prints the report. A reader that went away changes no answer; a full disk behind standard output is an error."""
    lines = lines_of(report, verbose=verbose)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        lines += annotation_lines(report)
    try:
        for line in lines:
            click.echo(line, err=as_json)
        if as_json:
            click.echo(json.dumps(json_of(report)))
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter complains at its end
        if not isinstance(error, BrokenPipeError):
            return [from_os(error, "standard output", "print the report")]
    return []
