"""`fencepost fuzz`: campaigns over generated cases."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.campaign import Budget, Campaign
from harness.commands.options import duration, plan_of, plan_options
from harness.commands.status import Status, summary_lines
from harness.errors import UsageError
from harness.source import GENERATORS, GeneratedSource
from harness.store import Store, fresh_folder
from harness.versions import versions

if TYPE_CHECKING:
    from harness.case import Case


@click.command(
    name="fuzz",
    epilog="""\b
Examples:
  fencepost fuzz --time 60s
  fencepost fuzz --cases 1000 --seed 7 --mode exact
  fencepost fuzz --time 10s --fault 02      (must find an escape)
  fencepost fuzz --generator corpus --corpus corpus --cases 100
  fencepost fuzz --generator confuse --corpus corpus --time 60s""",
)
@click.option("--time", "seconds", type=duration, metavar="DURATION", help="Stop after 90s, 10m, 2h.")
@click.option("--cases", type=click.IntRange(min=1), metavar="N", help="Stop after N cases.")
@click.option("--seed", type=click.IntRange(min=0), metavar="N", help="Seed of all cases.  [default: drawn]")
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, metavar="N", help="Worker processes.")
@click.option(
    "--generator",
    "generators",
    type=click.Choice(GENERATORS),
    multiple=True,
    help="Use this generator only. Repeatable.  [default: wasm]",
)
@click.option("--corpus", type=click.Path(path_type=Path), metavar="DIR", help="What the generator corpus draws from, and confuse too.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Output folder.  [default: a fresh one]")
@plan_options
@click.option("--json", "as_json", is_flag=True, help="Print the statistics as JSON on standard output.")
@click.option("--no-tty", is_flag=True, help="Plain lines instead of a live status.")
@click.option("-v", "--verbose", is_flag=True, help="Print the evidence of each finding.")
def command(  # noqa: PLR0917 (click passes them by name)
    seconds: float | None,
    cases: int | None,
    seed: int | None,
    jobs: int,
    generators: tuple[str, ...],
    corpus: Path | None,
    out: Path | None,
    as_json: bool,
    no_tty: bool,
    verbose: bool,
    **plan: Any,
) -> int:
    """Attack the engine with generated programs until --time or --cases, or Ctrl-C.

    Findings are kept in the output folder. Exit code 1 if there are any.
    """
    chosen = plan_of(**plan)
    seed = secrets.randbits(32) if seed is None else seed
    source = GeneratedSource(seed, generators or ("wasm",), _corpus(generators, corpus), cases)
    store = Store(out or fresh_folder())
    try:
        store.configure(
            {
                "seed": seed,
                "jobs": jobs,
                "cases": cases,
                "seconds": seconds,
                "generators": source.generators,
                "plan": repr(chosen),
                "versions": versions(),
            }
        )
        click.echo(f"seed {seed}, output in {store.folder}", err=True)
        with Status(live=not no_tty, verbose=verbose) as status:
            campaign = Campaign(source, chosen, store, Budget(seconds), jobs, status.update, status.found)
            campaign.run()
    finally:
        store.close()
    for line in summary_lines(campaign.statistics, campaign.elapsed, interrupted=campaign.interrupted):
        click.echo(line, err=True)
    if as_json:
        click.echo(json.dumps({"seed": seed, "out": str(store.folder)} | campaign.statistics.to_json(campaign.elapsed)))
    return int(campaign.statistics.findings > 0)


def _corpus(generators: tuple[str, ...], folder: Path | None) -> tuple[Case, ...]:
    from harness.files import read_all  # noqa: PLC0415 (only where a folder is given)

    if not {"corpus", "confuse"} & set(generators):
        if folder is not None:
            raise UsageError("--corpus needs --generator corpus or confuse")
        return ()
    if folder is None and "corpus" not in generators:
        return ()
    if folder is None:
        raise UsageError("--generator corpus needs --corpus DIR")
    _, cases = read_all([folder])
    return cases
