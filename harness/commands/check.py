"""`fencepost check`: the user's own files through all oracles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.commands.options import limit_options, plan_of, plan_options
from harness.commands.program_options import program_options, with_input
from harness.files import read_all
from harness.pool import Pool, WorkerLimits
from harness.printable import encodable, printable, quoted_lines
from harness.source import ListSource
from harness.verdict import exit_code

if TYPE_CHECKING:
    from harness.record import Record


@click.command(
    name="check",
    epilog="""\b
Examples:
  fencepost check module.wasm
  fencepost check -v corpus/*.wat
  fencepost check program.clif
  fencepost check corpus/attacks
  fencepost check --executor jit --reference none --mode exact module.wat
  fencepost check --dir inputs --arg data.txt --case-time 10m program.wasm""",
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@plan_options
@program_options
@limit_options
@click.option("--json", "as_json", is_flag=True, help="Print the verdicts as JSON lines on standard output.")
@click.option("-v", "--verbose", is_flag=True, help="Print what each executor came to.")
def command(  # noqa: PLR0917 (click passes them by name)
    files: tuple[Path, ...],
    args: tuple[str, ...],
    env: tuple[str, ...],
    stdin: Path | None,
    folder: Path | None,
    case_time: float,
    worker_memory: int,
    as_json: bool,
    verbose: bool,
    **plan: Any,
) -> int:
    """Judge FILE..., WebAssembly in binary or text or CLIF, by all oracles.

    Without calls in its header, a program in CLIF makes those of its run lines, and every exported
    function of a module is called with edge-case arguments. A program with WASI, which exports
    _start, is run as a whole: how it ends, its output, and the files that it leaves are compared.
    Exit code 1 if there is a finding.
    """
    names, cases = read_all(files)
    cases = tuple(with_input(case, args=args, env=env, stdin=stdin, folder=folder) for case in cases)
    source = ListSource(cases, names)
    kinds = []
    limits = WorkerLimits(case_time, worker_memory)
    within = plan_of(**plan).within(case_time)
    for record in Pool(source, within, thin=False, limits=limits).records():
        if record is not None:
            kinds.append(record.verdict.kind)
            click.echo(_json(record, source) if as_json else _text(record, source, verbose=verbose))
    return exit_code(kinds)


def _text(record: Record, source: ListSource, *, verbose: bool) -> str:
    name = source.where(record.index)
    place = f"./{name}" if name.lstrip().startswith("::") else name  # no command to a CI runner
    lines = [f"{printable(place)}: {printable(record.verdict.key)}", *quoted_lines(record.verdict.evidence)]
    if verbose:
        lines += [f"  {printable(line)}" for line in record.lines]
    return "\n".join(lines)


def _json(record: Record, source: ListSource) -> str:
    verdict = record.verdict
    return json.dumps(
        {
            "file": encodable(source.where(record.index)),
            "verdict": verdict.kind.value,
            "key": verdict.key,
            "evidence": verdict.evidence,
            "outcomes": record.lines,
        }
    )
