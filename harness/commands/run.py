"""`fencepost run`: a whole program with WASI."""

from __future__ import annotations

import click

from harness.commands.options import announce, duration, max_memory_option
from harness.errors import UsageError
from harness.program_run import run_program
from harness.quick_run import EXECUTORS, folder_of, variable_of


@click.command(
    name="run",
    context_settings={"allow_interspersed_args": False},
    epilog="""\b
Examples:
  fencepost run program.wasm --the-programs-own option
  fencepost run --dir . --env LANG=C program.wasm input.txt
  fencepost run --dir /srv/data::/data --executor interpreter --timeout 10s program.wasm
  fencepost run --invoke add module.wat 2 3""",
)
@click.argument("file", metavar="FILE")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--executor", type=click.Choice(list(EXECUTORS)), default="jit", show_default=True, help="What runs the program."
)
@click.option(
    "--dir",
    "folders",
    multiple=True,
    metavar="HOST[::GUEST]",
    help="Let the program use a folder, under the name GUEST. Repeatable.",
)
@click.option(
    "--env",
    multiple=True,
    metavar="NAME[=VALUE]",
    help="Set a variable of its environment, which is empty otherwise; without a value, to yours. Repeatable.",
)
@click.option("--timeout", type=duration, metavar="DURATION", help="Stop it after so long.")
@click.option("--fuel", type=click.IntRange(min=1), metavar="N", help="Stop the interpreter after N operations.")
@click.option("--invoke", metavar="NAME", help="Call this exported function with ARGUMENTS, and print its results.")
@click.option(
    "--mode",
    type=click.Choice(["as-shipped", "exact"]),
    default="as-shipped",
    show_default=True,
    help="as-shipped: the code as the compiler made it; exact: without undefined behaviour, and slower.",
)
@click.option(
    "--guard",
    type=click.Choice(["guard", "decoy"]),
    default="guard",
    show_default=True,
    help="What lies around the arena: inaccessible pages, or canaries.",
)
@max_memory_option
@click.option("--fault", metavar="NAME", help="Plant a fault, to see what it does (02, 07, ...).")
def command(  # noqa: PLR0917 (click passes them by name)
    file: str,
    arguments: tuple[str, ...],
    executor: str,
    folders: tuple[str, ...],
    env: tuple[str, ...],
    timeout: float | None,
    fuel: int | None,
    invoke: str | None,
    mode: str,
    guard: str,
    max_memory: int,
    fault: str | None,
) -> int:
    """Run FILE, a WebAssembly program with WASI preview 1, in the arena engine.

    Its streams are those of this process, and so is its exit code. A trap, or an access that left
    the arena, is one line on standard error and exit code 1; a program that cannot run, because
    it imports what is not there, say, is 2.
    """
    if fuel is not None and executor != "interpreter":
        raise UsageError(
            f"{executor} does not count operations", "--fuel", "add --executor interpreter, or use --timeout"
        )
    if fault is not None:
        announce(fault)
    return run_program(
        file,
        arguments,
        executor=EXECUTORS[executor],
        mode="exact" if mode == "exact" else "as-shipped",
        guard="decoy" if guard == "decoy" else "guard",
        folders=[folder_of(text) for text in folders],
        env=[variable_of(text) for text in env],
        fuel=fuel,
        timeout=timeout,
        max_memory=max_memory,
        invoke=invoke,
        fault=fault,
    )
