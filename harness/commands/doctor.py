"""`fencepost doctor`: what this machine offers and lacks."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.commands.screen import show
from harness.doctor import examine
from harness.doctor.check import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.doctor.check import Check

NAME_WIDTH = 20
STYLES = {State.OK: "green", State.LACK: "yellow", State.BROKEN: "bold red"}


@click.command(
    name="doctor",
    epilog="""\b
Examples:
  fencepost doctor
  fencepost doctor --json""",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON on standard output.")
def command(as_json: bool) -> int:
    """Look at this machine: what it offers, what it lacks, and the line that mends each lack.

    Exit code 0 if the main job, `fencepost fuzz` at default settings, can run here, else 3.
    """
    checks = list(examine())
    runs = not any(check.state is State.BROKEN for check in checks)
    if as_json:
        click.echo(json.dumps({"runs": runs, "checks": [asdict(check) for check in checks]}))
    else:
        _print(checks)
    click.echo(f"the main job {'can' if runs else 'cannot'} run here", err=as_json)
    return 0 if runs else 3


def _print(checks: Sequence[Check]) -> None:
    for group in dict.fromkeys(check.group for check in checks):
        rows = Table.grid(padding=(0, 1))
        rows.add_column(no_wrap=True, min_width=max(map(len, State)))
        rows.add_column(overflow="fold", min_width=min(NAME_WIDTH, Console().width // 3), max_width=NAME_WIDTH)
        rows.add_column(overflow="fold")
        for check in checks:
            if check.group == group:
                words = f"{check.words}\n  mend: {check.mend}" if check.mend else check.words
                rows.add_row(Text(check.state.value, style=STYLES[check.state]), Text(check.name), Text(words))
        show(Text(group, style="bold"), rows)
