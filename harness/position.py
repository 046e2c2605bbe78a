"""Which cases of a campaign are done, however many workers did them in whatever order.

All below `frontier` are, and those in `ahead` besides; so the position of a campaign that
ran for days is a number and a few stragglers, and a resumed campaign leaves nothing out
and does nothing twice, with as many workers as it likes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Position:
    """A set of indices, nearly all of them from 0 up.

    Attributes:
        frontier: all indices below are done.
        ahead: those done above it; never holds ``frontier`` itself.
    """

    frontier: int = 0
    ahead: set[int] = field(default_factory=set)

    def mark(self, index: int) -> None:
        """Notes that a case is done; a second time changes nothing."""
        if index >= self.frontier:
            self.ahead.add(index)
        while self.frontier in self.ahead:
            self.ahead.remove(self.frontier)
            self.frontier += 1

    def is_done(self, index: int) -> bool:
        """Whether a case is done."""
        return index < self.frontier or index in self.ahead

    @property
    def end(self) -> int:
        """The least index that is above all that are done."""
        return max(self.ahead, default=self.frontier - 1) + 1

    @property
    def missing(self) -> tuple[int, ...]:
        """The indices below ``end`` that are not done, ascending."""
        return tuple(index for index in range(self.frontier, self.end) if index not in self.ahead)

    def to_json(self) -> dict[str, Any]:
        """The position for machines."""
        return {"frontier": self.frontier, "ahead": sorted(self.ahead)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Position:
        """What `to_json` gave.

        Raises:
            KeyError, TypeError, ValueError: it did not.
        """
        position = cls(int(data["frontier"]))
        for index in data["ahead"]:
            position.mark(int(index))
        return position
