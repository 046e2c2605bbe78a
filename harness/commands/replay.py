"""`fencepost replay`: kept cases again, against what is expected of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.commands.options import plan_of, plan_options
from harness.errors import UsageError
from harness.files import read_all
from harness.gate.console import line_of, result_json
from harness.gate.judgement import Status
from harness.gate.promote import promote
from harness.gate.reason import HINT, fault_of
from harness.gate.run import Gate
from harness.printable import quoted_lines
from harness.source import ListSource

if TYPE_CHECKING:
    from harness.case import Case
    from harness.gate.judgement import Result

FOLDER = Path("crashes")


@click.command(
    name="replay",
    epilog="""\b
Examples:
  fencepost replay fencepost-out/latest
  fencepost replay crashes
  fencepost replay fencepost-out/0001/findings/escape-1a2b3c4d-17/case.wasm
  fencepost replay fencepost-out/0001/findings/escape-1a2b3c4d-17 --promote \\
      --reason 'the lowering folds an add that wraps into a displacement'""",
)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--promote", "promotes", is_flag=True, help="Keep the finding as a known case; needs --reason.")
@click.option("--reason", metavar="TEXT", help="Why the finding is known: its cause.")
@click.option(
    "--crashes",
    type=click.Path(path_type=Path),
    default=FOLDER,
    show_default=True,
    metavar="DIR",
    help="Where --promote keeps known cases.",
)
@plan_options
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, metavar="N", help="Worker processes.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON lines on standard output.")
@click.option("-v", "--verbose", is_flag=True, help="Print the evidence.")
def command(  # noqa: PLR0917 (click passes them by name)
    paths: tuple[Path, ...],
    promotes: bool,
    reason: str | None,
    crashes: Path,
    jobs: int,
    as_json: bool,
    verbose: bool,
    **plan: Any,
) -> int:
    """Run the cases in PATH... again and compare with what their headers expect.

    PATH is a file, a folder, a finding, or a campaign, of which its findings are meant. A
    case whose verdict is the expected one passes; a case without expectation must have no
    finding. Exit code 1 if any does not pass. With --promote, findings of one key become
    known cases and pass.
    """
    _check_reason(promotes=promotes, reason=reason)
    names, cases = read_all(paths)
    asked = plan_of(**plan)
    gate = Gate(asked, jobs=jobs)
    gate.replay(ListSource(cases, names))
    results = gate.report().results
    for result in results:
        click.echo(json.dumps(result_json(result)) if as_json else line_of(result))
        if verbose and not as_json:
            click.echo("\n".join(quoted_lines(result.verdict.evidence)))
    if promotes and reason is not None:
        run = [replace(case, options=asked.options(case.options, ())) for case in cases]
        return _promote(list(zip(results, run, strict=True)), reason, crashes)
    return int(any(result.status is Status.FAILED for result in results))


def _check_reason(*, promotes: bool, reason: str | None) -> None:
    if not promotes:
        if reason is not None:
            raise UsageError("--reason needs --promote")
    elif fault := fault_of(reason or ""):
        raise UsageError(fault, "--reason", HINT)


def _promote(replayed: list[tuple[Result, Case]], reason: str, folder: Path) -> int:
    """Keeps the first finding; the exit code says whether there was any, and nothing else failed.

    Raises:
        UsageError: the findings have several keys, so one reason cannot explain them.
    """
    findings = [(result, case) for result, case in replayed if result.verdict.kind.is_finding]
    keys = sorted({result.verdict.key for result, _ in findings})
    if len(keys) > 1:
        raise UsageError(f"the findings have {len(keys)} keys", ", ".join(keys), "promote those of one key at a time")
    if not findings:
        click.echo("nothing promoted: no case came to a finding", err=True)
        return 1
    result, case = findings[0]
    path = promote(case, result.verdict, reason, folder)
    click.echo(f"promoted: {result.name} to {path}", err=True)
    return 0
