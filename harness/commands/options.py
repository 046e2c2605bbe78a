"""Options that several commands share, and the types of their values."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from harness.errors import UsageError
from harness.executors import EXECUTORS, MODULE_EXECUTORS, Limits
from harness.plan import MODES, REFERENCES, Plan

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")

SECONDS = {"s": 1, "m": 60, "h": 3600}
BYTES = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


def duration(text: str) -> float:
    """Seconds of a text such as ``90s``, ``10m`` or ``2h``."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text)
    if match is None:
        raise click.BadParameter(f"{text!r} is no duration such as 90s, 10m or 2h")
    return float(match[1]) * SECONDS[match[2]]


def size(text: str) -> int:
    """Bytes of a text such as ``64KiB`` or ``16MiB``."""
    match = re.fullmatch(r"(\d+)(B|KiB|MiB|GiB)", text)
    if match is None:
        raise click.BadParameter(f"{text!r} is no size such as 64KiB or 16MiB")
    return int(match[1]) * BYTES[match[2]]


def plan_options(function: F) -> F:
    """Adds the options that make a `Plan`; `plan_of` takes them."""
    options = [
        click.option(
            "--mode",
            type=click.Choice(list(MODES)),
            default="both",
            show_default=True,
            help="exact: judged bit for bit; as-shipped: flags as the front end left them.",
        ),
        click.option(
            "--executor",
            "executors",
            type=click.Choice(EXECUTORS),
            multiple=True,
            help="Use this executor only. Repeatable.  [default: all; the reference for CLIF only]",
        ),
        click.option(
            "--reference",
            "references",
            type=click.Choice((*REFERENCES, "none")),
            multiple=True,
            help="Compare with this reference only. Repeatable.  [default: all]",
        ),
        click.option(
            "--guard",
            type=click.Choice(["guard", "decoy"]),
            default="guard",
            show_default=True,
            help="What lies around the arena: inaccessible pages, or canaries.",
        ),
        click.option(
            "--max-memory",
            type=size,
            default="256MiB",
            metavar="SIZE",
            help="How far a memory may grow.",
            show_default=True,
        ),
        click.option("--fault", metavar="NAME", help="Plant a fault, to see that it is found (02, 07, ...)."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


def plan_of(
    *,
    mode: str,
    executors: tuple[str, ...],
    references: tuple[str, ...],
    guard: str,
    max_memory: int,
    fault: str | None,
) -> Plan:
    """The plan that `plan_options` describe. A fault prints its banner.

    Raises:
        UsageError: no such fault, or ``none`` beside other references.
    """
    if "none" in references and len(references) > 1:
        raise UsageError("--reference none stands alone", "", "leave the other references away")
    chosen = tuple(name for name in references if name != "none") if references else REFERENCES
    if fault is not None:
        _announce(fault)
    return Plan(
        modes=MODES[mode],
        executors=tuple(name for name in EXECUTORS if name in (executors or MODULE_EXECUTORS)),
        references=chosen,
        guard="decoy" if guard == "decoy" else "guard",
        fault=fault,
        limits=replace(Limits(), max_memory=max_memory),
    )


def _announce(fault: str) -> None:
    import engine  # noqa: PLC0415 (only with a fault)

    faults = dict(engine.faults())
    if fault not in faults:
        raise UsageError(f"there is no planted fault {fault!r}", "--fault", f"there are {', '.join(sorted(faults))}")
    click.echo(f"*** planted fault {fault}: {faults[fault]} ***", err=True)
    click.echo("*** findings of this run are about the fault, not about the engine ***", err=True)
