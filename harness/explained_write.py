"""One entry of a schedule, explained: what it waited for, where it wrote, and in which executors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.outcome import Ran

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.outcome import Outcome

MOMENTS = {
    "entry": "before entry {nth} into guest code",
    "builtin": "before builtin call {nth}",
    "host_call": "before host call {nth}",
    "load": "after load {nth} of the runtime",
    "program_load": "after load {nth} of VM data by guest code",
}


@dataclass(frozen=True, slots=True)
class Write:
    """One entry of a schedule and what became of it.

    Attributes:
        entry: as in the case.
        when: what it waited for, in words.
        target: what it was to change, in words.
        value: what it was to write, in words.
        offset: where it wrote in the arena; `None` where nobody made it.
        made: by executor, what stood there and what stands there since; empty for "not at all".
    """

    entry: dict[str, Any]
    when: str
    target: str
    value: str
    offset: int | None
    made: dict[str, str]


def writes_of(schedule: list[dict[str, Any]], outcomes: Mapping[str, Outcome]) -> tuple[Write, ...]:
    """Explains each entry by what the executors did with it."""
    runs = {name: run for name, run in outcomes.items() if isinstance(run, Ran) and run.written}
    return tuple(_write(entry, position, runs) for position, entry in enumerate(schedule))


def events_of(outcomes: Mapping[str, Outcome]) -> dict[str, dict[str, int]]:
    """How often what a schedule can wait for took place, by executor."""
    runs = {name: run for name, run in outcomes.items() if isinstance(run, Ran) and run.written}
    return {name: {event: count for event, count in run.events.items() if count} for name, run in runs.items()}


def _write(entry: dict[str, Any], position: int, runs: Mapping[str, Ran]) -> Write:
    written = {name: run.written[position] for name, run in runs.items()}
    digits = 2 * entry["width"]
    return Write(
        entry=entry,
        when=MOMENTS[entry["event"]].format(nth=entry["nth"]),
        target=f"{entry['width']} bytes of {_target(entry['target'])}",
        value=_value(entry["value"]),
        offset=next((made.offset for made in written.values() if made.offset is not None), None),
        made={
            name: "" if made.offset is None else f"0x{made.before:0{digits}x} to 0x{made.after:0{digits}x}"
            for name, made in written.items()
        },
    )


def _target(target: dict[str, Any]) -> str:
    if "offset" in target:
        return f"the arena at {target['offset']:#x}"
    if "loaded" in target:
        return "what was just loaded"
    instance = f" of instance {target['instance']}" if "instance" in target else ""
    return f"{target['structure']}[{target.get('index', 0)}].{target['field']}{instance}"


def _value(value: str | dict[str, Any]) -> str:
    if isinstance(value, str):
        return value
    [(kind, of)] = value.items()
    match kind:
        case "offset_of":
            return f"the offset of {_target(of)}"
        case "len":
            return f"the length of the arena {of:+}"
        case "code":
            return f"code index {of}"
        case "old":
            return f"what stands there {of:+}"
    return f"what stands there with bit {of} flipped"
