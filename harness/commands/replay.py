"""`fencepost replay`: kept cases again, against what is expected of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.commands.options import plan_of, plan_options
from harness.files import read_all
from harness.pool import records
from harness.source import ListSource
from harness.verdict import Kind, Verdict

if TYPE_CHECKING:
    from harness.case import Expectation


@click.command(
    name="replay",
    epilog="""\b
Examples:
  fencepost replay fencepost-out/latest/findings
  fencepost replay crashes
  fencepost replay fencepost-out/0001/findings/escape-1a2b3c4d/case.wasm""",
)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@plan_options
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON lines on standard output.")
@click.option("-v", "--verbose", is_flag=True, help="Print the evidence.")
def command(paths: tuple[Path, ...], as_json: bool, verbose: bool, **plan: Any) -> int:
    """Run the cases in PATH..., files or folders, and compare with what their headers expect.

    A case whose verdict is the expected one passes as known; a case without expectation
    must have no finding. Exit code 1 if any does not pass.
    """
    names, cases = read_all(paths)
    source = ListSource(cases, names)
    failed = False
    for record in records(source, plan_of(**plan), thin=False):
        if record is None:
            continue
        expect = cases[record.index].expect
        passes, words = judge(record.verdict, expect)
        failed |= not passes
        name = source.where(record.index)
        if as_json:
            click.echo(json.dumps({"file": name, "passes": passes, "key": record.verdict.key, "result": words}))
        else:
            click.echo(f"{name}: {words}")
            if verbose and record.verdict.evidence:
                click.echo(f"  {record.verdict.evidence}")
    return int(failed)


def judge(verdict: Verdict, expect: Expectation | None) -> tuple[bool, str]:
    """Whether a replayed case passes, and the result in words."""
    if expect is None:
        return not verdict.kind.is_finding, verdict.key
    expected = expect.key or expect.verdict
    same = verdict.kind is Kind(expect.verdict) and expect.key in ("", verdict.key)
    if not same:
        return False, f"{verdict.key}, expected {expected}"
    return True, f"{verdict.key}, as expected" + (f" ({expect.reason})" if expect.reason else "")
