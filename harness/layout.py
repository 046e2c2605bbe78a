"""The arena map of a module: what lies where.

`engine.Program.layout` gives it as JSON: ``areas``, each with ``name``, ``offset``,
``length`` and ``kind``, and ``structures``, each with ``name``, ``offset`` (``null`` where
there is none of its kind at a fixed place), ``size``, ``count`` and ``fields`` (``name``,
``offset``, ``width``, ``meaning``). Offsets of areas and structures are from the arena's
base, those of fields from their structure, all in bytes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import engine

NULL_PAGE = 64 << 10


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the arena."""

    name: str
    offset: int
    length: int
    kind: str


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a structure; ``meaning`` says what its value is."""

    name: str
    offset: int
    width: int
    meaning: str


@dataclass(frozen=True, slots=True)
class Structure:
    """``count`` structures of ``size`` bytes, the first at ``offset`` if known."""

    name: str
    offset: int | None
    size: int
    count: int
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """An arena map."""

    areas: tuple[Area, ...]
    structures: tuple[Structure, ...]


def parse_layout(text: str) -> Layout:
    """The arena map that the engine gave as JSON."""
    data: dict[str, Any] = json.loads(text)
    areas = (Area(**area) for area in data["areas"])
    return Layout(tuple(sorted(areas, key=lambda area: area.offset)), tuple(map(_structure, data["structures"])))


def clif_layout() -> Layout:
    """The arena of every program in CLIF: no structure in it has a place of its own."""
    memory, length = engine.clif_arena()["memory"]
    areas = (
        Area("null page", 0, NULL_PAGE, "null page"),
        Area("shadow stack", NULL_PAGE, memory - NULL_PAGE, "shadow stack"),
        Area("memory", memory, length, "memory"),
    )
    return Layout(areas, ())


def _structure(data: dict[str, Any]) -> Structure:
    fields = tuple(Field(**field) for field in data["fields"])
    return Structure(data["name"], data["offset"], data["size"], data["count"], fields)
