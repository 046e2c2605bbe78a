"""`fencepost layout`: the arena map of a module."""

from __future__ import annotations

from pathlib import Path

import click
from rich.table import Table

import engine
from harness.case_file import invalid, read_case
from harness.commands.options import max_memory_option
from harness.commands.screen import show
from harness.errors import InputError
from harness.layout import Layout, parse_layout
from harness.layout_svg import draw, size
from harness.outputs import Output, write
from harness.printable import printable


@click.command(
    name="layout",
    epilog="""\b
Examples:
  fencepost layout module.wat
  fencepost layout module.wasm --svg map.svg
  fencepost layout module.wasm --json""",
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--svg", type=click.Path(path_type=Path), metavar="OUT", help="Draw the map into this file.")
@max_memory_option
@click.option("--json", "as_json", is_flag=True, help="Print the map as JSON.")
def command(file: Path, svg: Path | None, max_memory: int, as_json: bool) -> int:
    """Show where the VM structures of the module in FILE lie in the arena, field by field."""
    text = _layout_of(file, max_memory)
    layout = parse_layout(text)
    if as_json:
        click.echo(text)
    else:
        _print(layout)
    if svg is not None:
        write(Output(svg, "picture", draw(layout, f"arena of {printable(file.name)}")))
    return 0


def _layout_of(file: Path, max_memory: int) -> str:
    case = read_case(file)
    if case.is_clif:
        raise InputError("a CLIF program has no VM structures to lay out", str(file), "give a module, .wasm or .wat")
    try:
        return engine.Program(case.wasm).layout(max_memory=max_memory)
    except engine.InvalidInput as error:
        raise invalid(error, str(file)) from None
    except engine.Unsupported as error:
        raise InputError(f"unsupported: {error}", str(file)) from None


def _print(layout: Layout) -> None:
    areas = _table("Areas", "offset", "length", "kind", "area")
    for area in layout.areas:
        areas.add_row(f"{area.offset:#010x}", size(area.length), area.kind, area.name)
    fields = _table("Structures", "offset", "width", "field", "meaning")
    for structure in layout.structures:
        offset = "" if structure.offset is None else f"{structure.offset:#010x}"
        count = f" x {structure.count}" if structure.count != 1 else ""
        fields.add_row(offset, size(structure.size), f"[bold]{structure.name}[/bold]{count}", "")
        for field in structure.fields:
            fields.add_row(f"{field.offset:+#x}", str(field.width), f"  {field.name}", field.meaning)
    show(areas, fields)


def _table(title: str, *headers: str) -> Table:
    """A table that shows everything, on a narrow terminal on more lines."""
    table = Table(*headers, title=title, title_justify="left")
    for column in table.columns:
        column.overflow = "fold"
    return table
