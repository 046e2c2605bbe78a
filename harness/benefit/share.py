"""What attacks did on both layouts, and how many of them.

The names of effects are the engine's, from harmless to worst.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import engine

if TYPE_CHECKING:
    from collections import Counter

LAYOUTS = ("arena32", "raw64")
EFFECTS = tuple(engine.effects())
NOT_REACHED, HARMLESS, WRONG_VALUE, CAUGHT, OTHER_OBJECT, OTHER_INSTANCE, OUTSIDE, BAD_TRANSFER = EFFECTS
INSIDE = frozenset({OTHER_OBJECT, OTHER_INSTANCE})
"""What goes wrong within VM data."""
ESCAPES = frozenset({OUTSIDE, BAD_TRANSFER})
"""What the arena promises not to happen."""

NO_HARM = "no harm"
COLUMNS = {effect: (effect,) for effect in EFFECTS} | {
    "escapes": tuple(ESCAPES),
    "inside": tuple(INSIDE),
    NO_HARM: (HARMLESS, NOT_REACHED),
}
"""What shares are given of, each with an interval (`harness.benefit.spread`)."""

Effects = tuple[str, str]
"""What one plan did on each of `LAYOUTS`."""


@dataclass(frozen=True, slots=True)
class Share:
    """Plans that were reached, by their effects on both layouts."""

    effects: Counter[Effects]

    @property
    def total(self) -> int:
        """How many there are."""
        return self.effects.total()

    def of(self, layout: str, *wanted: str) -> int:
        """How many had one of some effects on a layout."""
        at = LAYOUTS.index(layout)
        return sum(count for effects, count in self.effects.items() if effects[at] in wanted)

    def percent(self, layout: str, *wanted: str) -> float:
        """The same in per cent of all; 0 where there are none."""
        return 100 * self.of(layout, *wanted) / self.total if self.total else 0.0
