"""`fencepost explain`: one confused or corrupted case, change by change and write by write."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import engine
from harness.case_file import invalid, read_case
from harness.commands.options import plan_of, plan_options
from harness.commands.summary import plural
from harness.errors import CaseError, InputError, UsageError
from harness.explanation import explain
from harness.files import find_files
from harness.layout_svg import draw
from harness.outputs import Output, write
from harness.printable import printable

if TYPE_CHECKING:
    from harness.case import Case
    from harness.explained_write import Write
    from harness.explanation import Change, Explanation


@click.command(
    name="explain",
    epilog="""\b
Examples:
  fencepost explain fencepost-out/latest/findings/escape-1a2b3c4d-17
  fencepost explain case.wasm --svg access.svg
  fencepost explain case.wat --executor interpreter --mode exact --json""",
)
@click.argument("file", metavar="CASE", type=click.Path(path_type=Path))
@plan_options
@click.option("--svg", type=click.Path(path_type=Path), metavar="OUT", help="Draw the arena with the accesses in it.")
@click.option("--json", "as_json", is_flag=True, help="Print the explanation as JSON.")
def command(file: Path, svg: Path | None, as_json: bool, **plan: Any) -> int:
    """Explain the plan and the schedule of CASE, a file or a finding's folder, entry by entry.

    Of the plan: which instruction it changed, what was meant to be accessed, through which
    pointer, where that landed the first time that the interpreter executed it. Of the
    schedule: what was written to the arena, and when. And what each executor did.
    """
    file = _only_file(file)
    case = read_case(file)
    if not case.is_tampered_with:
        raise UsageError("the case has no plan or schedule", str(file), "fencepost check judges plain modules")
    explanation = _explained(case, file, plan)
    lines = map(printable, _lines(explanation))
    click.echo(json.dumps(explanation.to_json(), indent=2) if as_json else "\n".join(lines))
    if svg is not None:
        title = f"accesses of {printable(file.name)}"
        write(Output(svg, "picture", draw(explanation.layout, title, explanation.marks())))
    return 0


def _only_file(path: Path) -> Path:
    files = find_files([path])
    if len(files) > 1:
        raise UsageError(f"there are {len(files)} cases", str(path), "name one of them")
    return files[0]


def _explained(case: Case, file: Path, plan: dict[str, Any]) -> Explanation:
    try:
        within = replace(plan_of(**plan), elsewhere=False)
        return explain(case, within.for_case(case).all_executors())
    except engine.InvalidInput as error:
        raise invalid(error, str(file)) from None
    except engine.Unsupported as error:
        raise InputError(f"unsupported: {error}", str(file)) from None
    except ValueError as error:
        raise CaseError(f"the case does not fit its module: {error}", str(file)) from None


def _lines(explanation: Explanation) -> list[str]:
    lines = [explanation.verdict, *(f"  {line}" for line in explanation.evidence.splitlines())]
    for number, change in enumerate(explanation.changes):
        lines += ["", *_change(number, change)]
    for number, made in enumerate(explanation.writes):
        lines += ["", *_write(number, made)]
    if explanation.events:
        lines += ["", "what could be waited for:", *map(_events, explanation.events.items())]
    return [*lines, "", *(_outcome(line, is_clif=explanation.is_clif) for line in explanation.outcomes)]


def _outcome(line: str, *, is_clif: bool) -> str:
    """References run a module without its plan, and of a program in CLIF the translation with it."""
    name, words = line.split(": ", 1)
    return line if is_clif or "/" in name else f"{name} (without the plan): {words}"


def _change(number: int, change: Change) -> list[str]:
    entry = change.entry
    params = "".join(f", {name} {value}" for name, value in entry.get("params", {}).items())
    place = "" if change.wasm_offset is None else f" (Wasm offset {change.wasm_offset:#x})"
    rows = {
        "before": change.before,
        "after": change.after or "nothing",
        "shown by": change.shown_by if change.shown_by != change.after else None,
        "meant": change.meant,
        "through": change.pointer,
        "executed": ", ".join(f"{plural(count, 'time')} in {name}" for name, count in change.executed.items()),
        "landed": _landed(change),
    }
    title = f"change {number}: {entry['kind']} in function {entry['function']}, site {entry['site']}{params}{place}"
    return [title, *(f"  {name:<9}{text}" for name, text in rows.items() if text)]


def _write(number: int, entry: Write) -> list[str]:
    made = {name: words or "not made" for name, words in entry.made.items()}
    place = "" if entry.offset is None else f" (arena offset {entry.offset:#x})"
    title = f"write {number}: {entry.when}: {entry.target}{place} become {entry.value}"
    return [title, *(f"  {name}: {words}" for name, words in made.items())]


def _events(entry: tuple[str, dict[str, int]]) -> str:
    executor, counts = entry
    return f"  {executor}: {', '.join(f'{event} {count}' for event, count in counts.items())}"


def _landed(change: Change) -> str:
    if change.offset is None:
        return change.landed
    return f"{change.landed} ({'inside' if change.in_object else 'outside'} what was meant)"
