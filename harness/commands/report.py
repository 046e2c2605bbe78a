"""`fencepost report`: a campaign as one HTML page."""

from __future__ import annotations

from pathlib import Path

import click

from harness.output_root import latest_folder
from harness.outputs import Output, write


@click.command(
    name="report",
    epilog="""\b
Examples:
  fencepost report
  fencepost report fencepost-out/0001
  fencepost report --output /tmp/report.html""",
)
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where to write it.  [default: report.html in the campaign's folder]",
)
def command(folder: Path | None, output: Path | None) -> int:
    """Write what the campaign in FOLDER came to as one self-contained HTML page.

    FOLDER is an output folder of `fencepost fuzz`, by default that of the latest campaign.
    The campaign may still be running.
    """
    from harness.report.data import read_campaign  # noqa: PLC0415 (so that --help is quick)
    from harness.report.page import render  # noqa: PLC0415 (the same)

    folder = latest_folder() if folder is None else folder
    target = output or folder / "report.html"
    page = render(read_campaign(folder), target)
    write(Output(target, "report", page), hint="name another file with --output")
    click.echo(str(target))
    return 0
