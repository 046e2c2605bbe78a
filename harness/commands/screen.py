"""Tables on standard output: drawn by rich, written by click.

Rich would end the process by itself, as if there were a finding, when a reader goes away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.console import Console

if TYPE_CHECKING:
    from rich.console import RenderableType


def show(*parts: RenderableType) -> None:
    """Prints some parts, one below the other, as wide as the terminal is."""
    console = Console(highlight=False)
    with console.capture() as drawn:
        for part in parts:
            console.print(part)
    click.echo(drawn.get(), nl=False)
