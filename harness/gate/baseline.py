"""Baselines: finding keys that a project accepts for now, each with its reason.

    {"fencepost-baseline": 1,
     "accepted": [{"key": "escape:containment:access write", "reason": "..."}]}

A baseline speaks of findings wherever they turn up; the `expect` of a case speaks of that
case alone, and no baseline overrides it. A key without a reason is no baseline: nobody
could tell later whether it may go.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from harness.errors import FileError, InputError, from_os
from harness.gate.reason import fault_of
from harness.verdict import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

VERSION = 1
HINT = "fencepost gate --write-baseline FILE --reason TEXT makes one"


def read_baseline(path: Path) -> dict[str, str]:
    """Reasons by accepted key.

    Raises:
        FileError: it cannot be read.
        InputError: it is no baseline; the message says why.
    """
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise from_os(error, str(path), "read the baseline", hint=HINT) from None
    except (ValueError, RecursionError) as error:
        raise FileError(f"not a baseline: not JSON: {error}", str(path), HINT) from None
    fault = _fault(data)
    if fault:
        raise InputError(f"not a baseline: {fault}", str(path), HINT)
    return {entry["key"]: entry["reason"] for entry in data["accepted"]}


def render_baseline(accepted: Mapping[str, str]) -> str:
    """The file of a baseline; keys sorted, so that versions of it compare well."""
    entries = [{"key": key, "reason": reason} for key, reason in sorted(accepted.items())]
    return json.dumps({"fencepost-baseline": VERSION, "accepted": entries}, indent=2) + "\n"


def _fault(data: Any) -> str:
    """What keeps parsed JSON from being a baseline; empty if nothing does."""
    if not isinstance(data, dict) or "fencepost-baseline" not in data:
        return 'there is no "fencepost-baseline" at its top level'
    if data["fencepost-baseline"] != VERSION:
        return f"it has version {data['fencepost-baseline']!r}, this Fencepost reads {VERSION}"
    if unknown := sorted(data.keys() - {"fencepost-baseline", "accepted"}):
        return f"unknown key {unknown[0]!r}"
    if not isinstance(data.get("accepted"), list):
        return '"accepted" is not a list'
    seen: set[str] = set()
    for number, entry in enumerate(data["accepted"], 1):
        if fault := _entry_fault(entry, seen):
            return f"entry {number}: {fault}"
        seen.add(entry["key"])
    return ""


def _entry_fault(entry: Any, seen: set[str]) -> str:
    if not isinstance(entry, dict) or entry.keys() != {"key", "reason"}:
        return 'it must have "key" and "reason" and nothing else'
    if not all(isinstance(value, str) for value in entry.values()):
        return '"key" and "reason" must be text'
    kind = entry["key"].partition(":")[0]
    if kind not in {kind.value for kind in Kind if kind.is_finding}:
        return f"{entry['key']!r} is no key of a finding"
    if entry["key"] in seen:
        return f"{entry['key']!r} is there twice"
    return fault_of(entry["reason"])
