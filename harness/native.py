"""Where native code runs: in a cell where the machine has them, else in the worker itself.

A cell is a process with nothing in it but what guest code may touch, so that whatever leaves
its bounds faults. In the worker's process there are guards, or decoys, as far as a broken
backend is likely to reach, and the worker's own memory beyond.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

import engine
from harness.errors import EnvironmentFailure, UsageError

if TYPE_CHECKING:
    from harness.executors import Native

OPTION = "--native"


def default_native() -> Native:
    """Cells, where there are any."""
    return "in-process" if engine.cell_refusal() else "cell"


def chosen_native(asked: str | None, guard: str) -> Native:
    """Where native code is to run; a machine without cells is told on standard error.

    Args:
        asked: what the user wants; `None` for the default.
        guard: what lies around the arena. There are no decoys in a cell.

    Raises:
        UsageError: decoys in a cell.
        EnvironmentFailure: a cell was asked for, and the machine refuses it.
    """
    if guard == "decoy" and asked == "cell":
        raise UsageError("there are no decoys in a cell", "--guard decoy", f"use {OPTION} in-process with it")
    if guard == "decoy" or asked == "in-process":
        return "in-process"
    refusal = engine.cell_refusal()
    if refusal is None:
        return "cell"
    if asked == "cell":
        raise EnvironmentFailure(refusal, f"{OPTION} cell", "see fencepost doctor; --native in-process works without")
    click.echo(f"fencepost: no cells here, native code runs in the workers: {refusal}; see fencepost doctor", err=True)
    return "in-process"
