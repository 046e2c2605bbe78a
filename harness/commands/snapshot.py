"""`fencepost snapshot`: a case between two of its calls, as a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from rich.table import Table

import engine
from harness.case_file import invalid, read_case
from harness.check import prepare
from harness.commands.options import max_memory_option
from harness.commands.screen import show
from harness.commands.summary import plural
from harness.errors import CaseError, EnvironmentFailure, FileError, InputError, UsageError
from harness.executors import EXECUTORS, EngineExecutor
from harness.layout_svg import size
from harness.limits import Limits
from harness.native import OPTION, chosen_native
from harness.outcome import Escaped, RuntimeFault
from harness.outputs import Output, write
from harness.printable import printable
from harness.snapshot_file import PAGE, SnapshotFile, load_snapshot, write_snapshot
from oracles.containment import INSIDE

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.case import Case
    from harness.executors import ExecutorName, Native, Subject
    from harness.outcome import Ran
    from harness.plan import Mode

T = TypeVar("T")
JUDGED = "fencepost check judges cases"

native_option = click.option(
    OPTION,
    "native",
    type=click.Choice(["cell", "in-process"]),
    help="Where native code runs.  [default: cell where the machine has them, else in-process]",
)
executor_option = click.option(
    "--executor",
    type=click.Choice(EXECUTORS),
    default="interpreter",
    show_default=True,
    help="What makes the calls.",
)


@click.group(
    name="snapshot",
    epilog="""\b
Examples:
  fencepost snapshot save corpus/table_many.wat --after 3 -o table.snap
  fencepost snapshot show table.snap
  fencepost snapshot restore table.snap --executor jit""",
)
def command() -> None:
    """Stop a case between two of its calls, and go on elsewhere.

    VM data holds no address, so a snapshot goes on in another process, at another base and in
    another executor. docs/snapshots.md has the format.
    """


@command.command(
    name="save",
    epilog="""\b
Examples:
  fencepost snapshot save module.wat --after 2 -o module.snap
  fencepost snapshot save case.wasm --after 1 -o case.snap --executor jit --mode as-shipped""",
)
@click.argument("file", metavar="CASE", type=click.Path(path_type=Path))
@click.option("--after", type=click.IntRange(min=0), required=True, metavar="N", help="Make so many calls before.")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, metavar="FILE", help="Write this file.")
@executor_option
@click.option(
    "--mode",
    type=click.Choice(["exact", "as-shipped"]),
    default="exact",
    show_default=True,
    help="exact: every executor comes to the same; as-shipped: flags as the front end left them.",
)
@native_option
@max_memory_option
def save(  # noqa: PLR0917 (click passes them by name)
    file: Path, after: int, output: Path, executor: ExecutorName, mode: Mode, native: str | None, max_memory: int
) -> int:
    """Make the first N calls of CASE, and write what it takes to go on.

    Without calls in its header, a case makes those that fencepost check makes. What cannot be
    gone on with, because a call ended the run or was one of a whole program, is exit code 2.
    """
    case = read_case(file)
    limits = Limits(max_memory=case.options.max_memory or max_memory)
    runner = EngineExecutor(
        executor, mode, native=_native(native, executor), limits=limits, gc_stress=bool(case.options.gc_stress)
    )
    subject = _subject(case, str(file))
    if after > len(subject.calls):
        raise UsageError(f"the case has {plural(len(subject.calls), 'call')}", f"--after {after}")
    begun, snapshot = _run(lambda: runner.save(subject, after), str(file))
    if snapshot is None:
        raise InputError(f"the run ended before: {begun.steps[-1]}", str(file), "nothing goes on from there")
    data = write_snapshot(case, snapshot)
    write(Output(output, "snapshot", data))
    pages = len(snapshot["offsets"])
    dirtied = f"{plural(pages, 'page')} of {size(PAGE)}"
    click.echo(f"{printable(str(output))}: after {after} of {plural(len(subject.calls), 'call')}, {dirtied}")
    return 0


@command.command(
    name="restore",
    epilog="""\b
Examples:
  fencepost snapshot restore module.snap
  fencepost snapshot restore module.snap --executor jit --json""",
)
@click.argument("file", type=click.Path(path_type=Path))
@executor_option
@native_option
@click.option("--json", "as_json", is_flag=True, help="Print what the calls came to as JSON.")
def restore(file: Path, executor: ExecutorName, native: str | None, as_json: bool) -> int:
    """Go on from the snapshot in FILE: make the calls that are left.

    Prints what each call came to, those before the snapshot too. Exit code 1 if one leaves the arena,
    or trusted code fails.
    """
    snapshot = load_snapshot(file)
    limits = Limits(max_memory=snapshot.max_memory, max_table=snapshot.max_table)
    stress = bool(snapshot.case.options.gc_stress)
    runner = EngineExecutor(executor, snapshot.mode, native=_native(native, executor), limits=limits, gc_stress=stress)
    subject = _subject(snapshot.case, f"{file}, its case")
    ran = _run(lambda: runner.resume(subject, snapshot.snapshot), str(file))
    lines = [(call.export, str(outcome)) for call, outcome in zip(subject.calls, ran.calls, strict=False)]
    if as_json:
        calls = [{"export": export, "outcome": outcome} for export, outcome in lines]
        data = {"behind": snapshot.calls_behind, "calls": calls, "arena_digest": f"{ran.arena_digest or 0:016x}"}
        click.echo(json.dumps(data))
    else:
        _print_calls(lines, snapshot.calls_behind)
        click.echo(f"arena digest {ran.arena_digest or 0:016x}")
    return int(_is_finding(ran))


@command.command(
    name="show",
    epilog="""\b
Examples:
  fencepost snapshot show module.snap
  fencepost snapshot show module.snap --json""",
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON, without what the pages hold.")
def show_command(file: Path, as_json: bool) -> int:
    """Show what the snapshot in FILE holds, without running anything."""
    snapshot = load_snapshot(file)
    if as_json:
        data = {"engine": snapshot.engine, "pages": snapshot.runs, "record": snapshot.record}
        click.echo(json.dumps(data, indent=2))
    else:
        show(_facts(snapshot), _pages(snapshot))
    return 0


def _native(asked: str | None, executor: str) -> Native:
    return chosen_native(asked, "guard") if executor.startswith("jit") else "in-process"


def _subject(case: Case, where: str) -> Subject:
    try:
        return prepare(case)
    except engine.InvalidInput as error:
        raise invalid(error, where) from None
    except engine.Unsupported as error:
        raise InputError(f"unsupported: {error}", where) from None
    except engine.CompileFailure as error:
        raise InputError(f"the compiler failed: {error}", where, JUDGED) from None
    except ValueError as error:
        raise CaseError(f"the case does not fit its module: {error}", where) from None


def _run(run: Callable[[], T], where: str) -> T:
    """Runs a part of a case; what stops it is one line."""
    try:
        return run()
    except engine.SnapshotError as error:
        raise FileError(f"no snapshot of this run: {error}", where) from None
    except engine.Unsupported as error:
        raise InputError(f"unsupported: {error}", where) from None
    except engine.CompileFailure as error:
        raise InputError(f"the compiler failed: {error}", where, JUDGED) from None
    except MemoryError as error:
        raise EnvironmentFailure(str(error) or "out of memory or address space", where) from None


def _is_finding(ran: Ran) -> bool:
    """Whether something left the arena; what is wrong inside may have come with the snapshot."""
    outside = any(escape.kind not in INSIDE for escape in ran.escapes)
    return outside or any(isinstance(step, Escaped | RuntimeFault) for step in ran.steps)


def _print_calls(lines: list[tuple[str, str]], behind: int) -> None:
    for number, (export, outcome) in enumerate(lines):
        if number == behind:
            click.echo("--- restored here ---")
        click.echo(printable(f"{export}: {outcome}"))


def _facts(snapshot: SnapshotFile) -> Table:
    record: dict[str, Any] = snapshot.record
    store: dict[str, Any] = record.get("store") or {}
    dropped = [sum(map(bool, segments)) for segments in store.get("dropped_segments", ())]
    facts = {
        "program": record.get("program"),
        "kind of run": snapshot.mode,
        "calls behind": snapshot.calls_behind,
        "memories": ", ".join(plural(pages, "page") for pages in store.get("memories", ())),
        "tables": ", ".join(plural(elements, "element") for elements in store.get("tables", ())),
        "dropped segments": sum(dropped),
        "GC heap": f"two halves of {size(heap['half'])}" if (heap := store.get("gc_heap")) else "",
        "host references": len(store.get("host_references", ())),
        "held functions": len(store.get("held_func_refs", ())),
        "host calls": store.get("host_calls_made", 0),
        "engine": snapshot.engine.get("engine", ""),
    }
    table = Table("trusted", "", title="Snapshot", title_justify="left")
    for name, value in facts.items():
        if value not in ("", 0, None):
            table.add_row(name, printable(str(value)))
    return table


def _pages(snapshot: SnapshotFile) -> Table:
    table = Table("offset", "length", title="Dirtied pages", title_justify="left")
    for first, count in snapshot.runs:
        table.add_row(f"{first:#010x}", size(count * PAGE))
    return table
