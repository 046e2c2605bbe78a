"""The header of a case file: JSON to value types and back.

The schema is `case.schema.json`. An unknown key is an error, since acting on half a case
would give a verdict on another one.
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from harness.case import Call, Case, CaseOptions, Expectation, number_from_json, number_to_json
from harness.errors import CaseError
from harness.outcome import Returned, Trapped, Value
from harness.program_input import input_from_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator

VERSION = 1
LONGEST_MESSAGE = 300
"""The schema's messages quote what is wrong, whole."""
KEPT_PARTS = ("modules", "wasi", "plan", "schedule", "program_hash")


def write_header(case: Case) -> str:
    """The header of a case on one line; the same case gives the same text."""
    header: dict[str, Any] = {"fencepost": VERSION}
    options = {name: value for name, value in asdict(case.options).items() if value is not None}
    if options:
        header["options"] = options
    header |= case.parts
    if case.calls is not None:
        header["calls"] = list(map(_call_to_json, case.calls))
    if case.expect is not None:
        header["expect"] = {name: value for name, value in asdict(case.expect).items() if value}
    if case.history:
        header["history"] = case.history
    return json.dumps(header, separators=(", ", ": "))


def read_header(text: str, wasm: bytes, source: str | None, where: str) -> Case:
    """The case of a header and a program.

    Args:
        text: the header, JSON.
        wasm: the program in binary format.
        source: the program's text without header lines, if it came as text.
        where: the file, for errors.

    Raises:
        CaseError: not JSON, not in the schema, or of a newer version.
    """
    header = _parse(text, where)
    options = _tuples(header.get("options", {}))
    try:
        input_from_json(header.get("wasi", {}))
        return Case(
            wasm=wasm,
            text=source,
            options=CaseOptions(**options),
            calls=_calls(header["calls"]) if "calls" in header else None,
            expect=Expectation(**header["expect"]) if "expect" in header else None,
            parts={name: header[name] for name in KEPT_PARTS if name in header},
            history=header.get("history", {}),
        )
    except CaseError as error:
        raise CaseError(f"broken case header: {error.what}", where) from None


def _parse(text: str, where: str) -> dict[str, Any]:
    try:
        header = json.loads(text, object_pairs_hook=_without_duplicates)
    except CaseError as error:
        raise CaseError(f"broken case header: {error.what}", where) from None
    except (ValueError, RecursionError) as error:
        raise CaseError(f"broken case header: not JSON: {error}", where) from None
    version = header.get("fencepost") if isinstance(header, dict) else None
    if isinstance(version, int) and version > VERSION:
        hint = f"Fencepost with case format {version} reads it, this one reads {VERSION}: update Fencepost"
        raise CaseError(f"case header of version {version}", where, hint)
    from jsonschema.exceptions import best_match  # noqa: PLC0415 (slow to import, and most cases have no header)

    problem = best_match(_validator().iter_errors(header))
    if problem is not None:
        place = problem.json_path.removeprefix("$").lstrip(".") or "top level"
        raise CaseError(f"broken case header: {place}: {_said(problem)}", where, "see harness/case.schema.json")
    assert isinstance(header, dict)
    return header


def _said(problem: ValidationError) -> str:
    """What is wrong, without long parts of the header or of the schema."""
    if len(problem.message) <= LONGEST_MESSAGE:
        return str(problem.message)
    value = repr(problem.instance)
    what = f"{value} is not" if len(value) <= LONGEST_MESSAGE else "not"
    return f"{what} as {problem.validator!r} wants it"


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON, whose keys must differ: which of two values was meant, nobody could tell."""
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in values:
            raise CaseError(f"{name!r} is there twice")
        values[name] = value
    return values


@cache
def _validator() -> Validator:
    from jsonschema import Draft202012Validator  # noqa: PLC0415 (slow to import)

    schema = json.loads(files("harness").joinpath("case.schema.json").read_text())
    return Draft202012Validator(schema)


def _call_to_json(call: Call) -> dict[str, Any]:
    data: dict[str, Any] = {"export": call.export, "args": list(map(number_to_json, call.args))}
    match call.expect:
        case Returned(values):
            data["expect"] = {"values": list(map(number_to_json, values))}
        case Trapped(trap):
            data["expect"] = {"trap": trap}
    return data


def _calls(calls: list[dict[str, Any]]) -> tuple[Call, ...]:
    return tuple(Call(call["export"], _values(call.get("args", ())), _expected(call.get("expect"))) for call in calls)


def _expected(data: dict[str, Any] | None) -> Returned | Trapped | None:
    if data is None:
        return None
    return Trapped(data["trap"]) if "trap" in data else Returned(_values(data["values"]))


def _values(data: Sequence[dict[str, str | None]]) -> tuple[Value, ...]:
    return tuple(map(number_from_json, data))


def _tuples(options: dict[str, Any]) -> dict[str, Any]:
    """Lists as tuples, as deep as options go."""
    known = {option.name for option in fields(CaseOptions)}
    assert options.keys() <= known, "the schema and CaseOptions name the same options"
    return {name: _frozen(value) for name, value in options.items()}


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
