"""Options that several commands share, and the types of their values."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from harness.errors import UsageError
from harness.executors import EXECUTORS, MODULE_EXECUTORS
from harness.limits import Limits
from harness.native import OPTION, chosen_native
from harness.plan import MODES, REFERENCES, Plan

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")

SECONDS = {"s": 1, "m": 60, "h": 3600}
BYTES = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
LARGEST_MEMORY = "4GiB"
LEAST_WORKER_MEMORY = "512MiB"
LEAST_CASE_SECONDS = 1


def duration(text: str) -> float:
    """Seconds of a text such as ``90s``, ``10m`` or ``2h``."""
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)([smh])", text)
    if match is None:
        raise click.BadParameter(f"{text!r} is no duration such as 90s, 10m or 2h")
    return float(match[1]) * SECONDS[match[2]]


def size(text: str) -> int:
    """Bytes of a text such as ``64KiB`` or ``16MiB``."""
    match = re.fullmatch(r"(\d{1,18})(B|KiB|MiB|GiB)", text)
    if match is None:
        raise click.BadParameter(f"{text!r} is no size such as 64KiB or 16MiB")
    return int(match[1]) * BYTES[match[2]]


def memory_size(text: str) -> int:
    """A size that a memory of 32-bit addresses may have; a case header holds no other."""
    if size(text) > size(LARGEST_MEMORY):
        raise click.BadParameter(f"{text!r} is more than {LARGEST_MEMORY}")
    return size(text)


def worker_size(text: str) -> int:
    """A size that leaves a worker room for more than itself."""
    if size(text) < size(LEAST_WORKER_MEMORY):
        raise click.BadParameter(f"{text!r} is less than {LEAST_WORKER_MEMORY}, and a worker needs half of that")
    return size(text)


def case_duration(text: str) -> float:
    """A duration after which a case may be called a hang."""
    if duration(text) < LEAST_CASE_SECONDS:
        raise click.BadParameter(f"{text!r} is less than {LEAST_CASE_SECONDS} s, which is no hang")
    return duration(text)


def _references(_context: click.Context, _option: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """Checks names of references; whether binaries are there is for `plan_of` to see."""
    for name in value:
        if name not in (*REFERENCES, "wasm-tools", "none") and not name.startswith("wasmtime-cli="):
            raise click.BadParameter(
                f"{name!r} is not one of {', '.join(REFERENCES)}, wasmtime-cli=PATH, wasm-tools, none"
            )
    return value


def _found(reference: str) -> str:
    """A reference whose binary, if it needs one, is there; with an absolute path."""
    if reference == "wasm-tools":
        from harness.references.wasm_tools import check_installed  # noqa: PLC0415 (seldom used)

        check_installed()
    if reference.startswith("wasmtime-cli="):
        from harness.references.wasmtime_cli import PREFIX, path_of  # noqa: PLC0415 (seldom used)

        return PREFIX + path_of(reference)
    return reference


max_memory_option = click.option(
    "--max-memory",
    type=memory_size,
    default="256MiB",
    metavar="SIZE",
    help="How far a memory may grow.",
    show_default=True,
)


def checkout_corpus() -> Path | None:
    """The seeds of the checkout that this is; `None` in an installation."""
    folder = Path(__file__).parents[2] / "corpus"
    return folder if folder.joinpath("README.md").is_file() else None


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
            callback=_references,
            multiple=True,
            metavar="NAME",
            help=f"Compare with this reference only: {', '.join(REFERENCES)}, wasmtime-cli=PATH (a binary of yours), "
            f"wasm-tools (which only validates), or none. Repeatable.  [default: {' and '.join(REFERENCES)}]",
        ),
        click.option(
            "--guard",
            type=click.Choice(["guard", "decoy"]),
            default="guard",
            show_default=True,
            help="What lies around the arena: inaccessible pages, or canaries.",
        ),
        click.option(
            OPTION,
            type=click.Choice(["cell", "in-process"]),
            help="Where native code runs: in a process with nothing else in it, or in the worker.  "
            "[default: cell where the machine has them and without decoys, else in-process]",
        ),
        max_memory_option,
        click.option(
            "--gc-stress", is_flag=True, help="Collect garbage before each allocation, not only where the heap is full."
        ),
        click.option("--fault", metavar="NAME", help="Plant a fault, to see that it is found (02, 07, ...)."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


def limit_options(function: F) -> F:
    """Adds the options that make `WorkerLimits`: ``case_time`` and ``worker_memory``."""
    function = click.option(
        "--worker-memory",
        type=worker_size,
        default="2GiB",
        show_default=True,
        metavar="SIZE",
        help="A worker is replaced at half of it, and killed above it.",
    )(function)
    return click.option(
        "--case-time",
        type=case_duration,
        default="60s",
        show_default=True,
        metavar="DURATION",
        help="A case that takes more processor time is a hang.",
    )(function)


def plan_of(
    *,
    mode: str,
    executors: tuple[str, ...],
    references: tuple[str, ...],
    guard: str,
    native: str | None,
    max_memory: int,
    gc_stress: bool,
    fault: str | None,
) -> Plan:
    """The plan that `plan_options` describe. A fault prints its banner.

    Raises:
        UsageError: no such fault, no such binary, ``none`` beside other references, or decoys in a cell.
        EnvironmentFailure: a cell was asked for, and the machine refuses it.
    """
    if "none" in references and len(references) > 1:
        raise UsageError("--reference none stands alone", "", "leave the other references away")
    chosen = tuple(name for name in references if name != "none") if references else REFERENCES
    if fault is not None:
        announce(fault)
    return Plan(
        modes=MODES[mode],
        executors=tuple(name for name in EXECUTORS if name in (executors or MODULE_EXECUTORS)),
        references=tuple(map(_found, chosen)),
        guard="decoy" if guard == "decoy" else "guard",
        native=chosen_native(native, guard),
        fault=fault,
        limits=replace(Limits(), max_memory=max_memory),
        gc_stress=gc_stress,
        elsewhere=True,
    )


def announce(fault: str) -> None:
    """Prints the banner of a planted fault.

    Raises:
        UsageError: there is none of that name.
    """
    import engine  # noqa: PLC0415 (only with a fault)

    faults = dict(engine.faults())
    if fault not in faults:
        raise UsageError(f"there is no planted fault {fault!r}", "--fault", f"there are {', '.join(sorted(faults))}")
    click.echo(f"*** planted fault {fault}: {faults[fault]} ***", err=True)
    click.echo("*** findings of this run are about the fault, not about the engine ***", err=True)
