"""Corrupted programs: modules of another generator, each with a schedule of writes to their VM data.

What can be waited for is counted by a run of the unchanged program (`engine.Program.corrupted`),
so that most writes are made; what can be written to is what the engine's catalogue says lies in
the arena. An event is drawn first, then a structure, then one of its fields, so that rare ones
are not lost among dozens of function references. Every schedule that is given fits its program.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import engine
from engine.programs import translated
from generators.edges import EDGES
from harness.case import Call, Case
from harness.outcome import Value

if TYPE_CHECKING:
    from generators.entropy import Entropy
    from generators.protocol import Generator

MAX_ENTRIES = 4
MAX_CALLS = 6
FUEL = 200_000
"""What a call of the counting run may execute, as of any corrupted one."""
MOST = 1000
"""Which of an event's occurrences is waited for at the latest."""
EVENTS = {"entry": 3, "builtin": 4, "host_call": 3, "load": 4}
"""How often each is drawn, where the program has it."""
IN_INTERPRETER = 25
"""Percent of cases that write between loads of guest code and their use, which only the interpreter can."""
NUMBERS = (0, 1, 2, 3, 4, 8, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFC, 0xFFFF_FFFF)
WIDTHS = (1, 2, 4, 8, 16)
ELEMENTS = 4
"""How many elements of each table may be written to."""

RECORDS_END = 0x1_0000
"""Where the objects of a GC heap begin, behind the records of the host's references (`runtime/gc_heap.rs`)."""
FIRST_HALF = 0x1_0000
"""Bytes of each half of a GC heap at first: the collector copies from one to the other."""
WORDS = 96
"""How many words of a heap's half and of the shadow stack may be written to: what programs use of them."""
IN_WORDS = 25
"""Percent of writes that go to objects and to frames of the shadow stack, where the program has them."""

SUITABLE = 50
"""Percent of values of the kind that their field holds."""
KINDS = ("number", "number", "offset_of", "len", "code", "old", "flip")
HELD = {"code index": "code", "length": "old", "type id": "id", "index": "id"}
"""Kinds of value by the meaning of a field, in the catalogue's words."""

Field = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """A field that may be written to.

    Attributes:
        target: as a schedule names it.
        width: in bytes.
        holds: the kind of value that it holds.
    """

    target: Field
    width: int
    holds: str = "number"


@dataclass(frozen=True, slots=True)
class Scene:
    """What a program offers.

    Attributes:
        events: how often each event takes place.
        fields: by structure.
        words: what no structure describes, by area: the collector reads it as objects and frames.
    """

    events: dict[str, int]
    fields: dict[str, tuple[Place, ...]]
    words: dict[str, tuple[Place, ...]]


class CorruptGenerator:
    """Draws calls and a schedule for a program.

    Args:
        programs: where the programs come from.
        module: what they are drawn from, and their calls. Cases that share it share their
            program, and the work that it takes to translate it.
    """

    name = "corrupt"

    def __init__(self, programs: Generator, module: Entropy) -> None:
        self._programs = programs
        self._module = module

    def generate(self, entropy: Entropy) -> Case:
        """A program with 1 to 4 writes; without any where it cannot run."""
        case = self._programs.generate(self._module)
        try:
            program = translated(case.wasm)
            calls = _calls(self._module, program) if case.calls is None else case.calls
            scene = _scene(case.wasm, calls)
        except (engine.Unsupported, engine.CompileFailure):
            return case
        if not calls:
            return case
        alone = bool(scene.events["program_load"]) and entropy.chance(IN_INTERPRETER)
        schedule = [_entry(entropy, scene, alone=alone) for _ in range(entropy.integer(1, MAX_ENTRIES))]
        options = replace(case.options, executors=("interpreter",)) if alone else case.options
        parts = {**case.parts, "schedule": schedule, "program_hash": program.hash}
        return replace(case, calls=calls, options=options, expect=None, parts=parts)


def _calls(entropy: Entropy, program: engine.Program) -> tuple[Call, ...]:
    """Calls of exported functions with edge values."""
    functions = [item for item in program.exports if item["kind"] == "function" and item["callable"]]
    return tuple(
        Call(function["name"], tuple(Value(kind, entropy.choice(EDGES[kind])) for kind in function["params"]))
        for function in functions[:MAX_CALLS]
    )


def draw_write(entropy: Entropy, wasm: bytes, calls: tuple[Call, ...]) -> list[dict[str, Any]]:
    """A schedule of one write at an event that every layout has; empty where there is nothing to write to.

    It goes to a field, and its values are drawn whatever the fields hold, so that no layout is attacked by its
    own meanings.
    """
    scene = _scene(wasm, calls)
    events = scene.events | {name: 0 for name in scene.events if name.endswith("load")}
    if not scene.fields or not any(events.values()):
        return []
    return [_entry(entropy, replace(scene, events=events, words={}), alone=False, suitable=0)]


@lru_cache(maxsize=8)
def _scene(wasm: bytes, calls: tuple[Call, ...]) -> Scene:
    """What the program of a module offers when these calls are made."""
    program = translated(wasm)
    made = [(call.export, [value.bits for value in call.args]) for call in calls]
    events = program.corrupted("[]").run(made, fuel=FUEL)["events"]
    if not wasm.startswith(b"\0"):
        return Scene(events, {}, {})
    layout = json.loads(program.layout())
    return Scene(events, _fields(program, layout), _words(layout))


def _words(layout: dict[str, Any]) -> dict[str, tuple[Place, ...]]:
    """The first objects of both halves of a GC heap, and the lowest frames of the shadow stack, where both are read."""
    lengths = {area["name"]: area["length"] for area in layout["areas"]}
    if "GC heap" not in lengths:
        return {}
    halves = (RECORDS_END, RECORDS_END + FIRST_HALF)
    starts = {
        "GC heap": [half + 4 * word for half in halves for word in range(WORDS)],
        "shadow stack": [lengths["shadow stack"] - 4 * word for word in range(1, WORDS)],
    }
    return {
        name: tuple(Place({"structure": name, "field": str(byte), "index": 0}, 4, "old") for byte in numbers)
        for name, numbers in starts.items()
    }


def _fields(program: engine.Program, layout: dict[str, Any]) -> dict[str, tuple[Place, ...]]:
    """The fields of a module's VM structures, and the first elements of the tables that it exports."""
    fields: dict[str, list[Place]] = {}
    for structure in layout["structures"]:
        for field in structure["fields"]:
            for index in range(structure["count"]):
                target = {"structure": structure["name"], "field": field["name"], "index": index}
                place = Place(target, field["width"], _held(field["meaning"]))
                fields.setdefault(structure["name"], []).append(place)
    for item in program.exports:
        if item["kind"] == "table":
            elements = range(min(item["minimum"], ELEMENTS))
            targets = ({"structure": "table", "field": str(element), "index": item["index"]} for element in elements)
            fields.setdefault("table", []).extend(Place(target, 4, "offset_of") for target in targets)
    return {name: tuple(places) for name, places in fields.items() if places}


def _held(meaning: str) -> str:
    return "offset_of" if meaning.startswith("offset of") else HELD.get(meaning, "number")


def _entry(entropy: Entropy, scene: Scene, *, alone: bool, suitable: int = SUITABLE) -> dict[str, Any]:
    """One write."""
    events = [name for name, weight in EVENTS.items() if scene.events[name] for _ in range(weight)]
    if alone and (not events or entropy.chance(60)):
        events = ["program_load"]
    event = entropy.choice(events or ["entry"])
    place = _place(entropy, scene, event)
    nth = entropy.integer(0, max(min(scene.events[event], MOST) - 1, 0))
    kind = place.holds if suitable and entropy.chance(suitable) else entropy.choice(KINDS)
    value = _value(entropy, scene, place.width, kind)
    return {"event": event, "nth": nth, "target": place.target, "width": place.width, "value": value}


def _place(entropy: Entropy, scene: Scene, event: str) -> Place:
    """What is written to."""
    if event.endswith("load") and entropy.chance(50):
        return Place({"loaded": True}, 4)
    if not scene.fields or entropy.chance(5):
        return Place({"offset": 0x1_0000 + 4 * entropy.integer(0, 0x3FF)}, entropy.choice(WIDTHS))
    if scene.words and entropy.chance(IN_WORDS):
        return entropy.choice(scene.words[entropy.choice(sorted(scene.words))])
    place = _field(entropy, scene)
    return replace(place, width=entropy.choice(WIDTHS)) if entropy.chance(10) else place


def _field(entropy: Entropy, scene: Scene) -> Place:
    return entropy.choice(scene.fields[entropy.choice(sorted(scene.fields))])


def _value(entropy: Entropy, scene: Scene, width: int, kind: str) -> str | dict[str, Any]:
    """What is written."""
    value: str | dict[str, Any]
    match kind:
        case "offset_of" if scene.fields:
            value = {"offset_of": _field(entropy, scene).target}
        case "id":
            value = str(entropy.integer(0, 7))
        case "len":
            value = {"len": entropy.choice((0, -1, -4, -width))}
        case "code":
            value = {"code": entropy.integer(0, 15)}
        case "old":
            value = {"old": entropy.choice((1, -1, 4, -4, 16, 0x1_0000, -0x1_0000))}
        case "flip":
            value = {"flip": entropy.integer(0, 8 * width - 1)}
        case _:
            value = str(entropy.choice(NUMBERS) % (1 << 8 * width))
    return value
