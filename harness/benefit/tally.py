"""What a comparison of layouts has counted so far.

A plan is *compared* when it has a counterpart on the other layout and its records fit the log;
it is *reached* when at least one layout executed what it changed. Shares are of the plans that
were reached: of those that change what nobody executes, neither layout can say anything.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.benefit.share import ESCAPES, LAYOUTS, NOT_REACHED, Effects, Share
from harness.benefit.spread import Spread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(slots=True)
class Tally:
    """Counts, to which others can be added in any order.

    Attributes:
        plans: how many were drawn.
        effects: compared plans by kind, object that the change shows at, and effects.
        unmapped: plans without a counterpart, by kind and reason.
        refused: plans for modules that one layout does not run, by reason.
        plausible: compared plans that led raw pointers outside to where a process can have memory in earnest.
        lost: plans whose runs recorded more than the log holds; they are not among ``effects``.
        empty: draws for a module in which nothing can be confused.
        failures: plans at which a compiler failed, by message.
        spread: how much shares vary from module to module.
    """

    plans: int = 0
    effects: Counter[tuple[str, str, Effects]] = field(default_factory=Counter)
    unmapped: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    plausible: int = 0
    lost: int = 0
    empty: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    spread: Spread = field(default_factory=Spread)

    def add(self, other: Tally) -> None:
        """Counts what another has counted, too."""
        self.plans += other.plans
        self.effects.update(other.effects)
        self.unmapped.update(other.unmapped)
        self.refused.update(other.refused)
        self.plausible += other.plausible
        self.lost += other.lost
        self.empty += other.empty
        self.failures.update(other.failures)
        self.spread.sums.update(other.spread.sums)

    @property
    def compared(self) -> int:
        """Plans that ran on both layouts."""
        return self.effects.total()

    @property
    def accounted(self) -> int:
        """Plans of which it says what became of them: all that were drawn."""
        left_out = (self.unmapped, self.refused, self.failures)
        return self.compared + sum(counts.total() for counts in left_out) + self.lost + self.empty

    @property
    def all(self) -> Share:
        """Every plan that was reached."""
        return self._grouped(lambda _kind, _object: "all").get("all", Share(Counter()))

    @property
    def by_kind(self) -> dict[str, Share]:
        """The same by kind of confusion, in order of their names."""
        return self._grouped(lambda kind, _object: kind)

    @property
    def by_object(self) -> dict[str, Share]:
        """The same by the structure or object that the change shows at."""
        return self._grouped(lambda _kind, name: name)

    @property
    def tables(self) -> dict[str, dict[str, Share]]:
        """All of these, by title and name of the row."""
        return {"all": {"all": self.all}, "by kind": self.by_kind, "by object": self.by_object}

    @property
    def escapes(self) -> int:
        """Plans that led out of the arena: there must be none."""
        return self.all.of("arena32", *ESCAPES)

    def _grouped(self, group: Callable[[str, str], str]) -> dict[str, Share]:
        groups: dict[str, Counter[Effects]] = {}
        for (kind, name, effects), count in sorted(self.effects.items()):
            if effects != (NOT_REACHED, NOT_REACHED):
                groups.setdefault(group(kind, name), Counter())[effects] += count
        return {name: Share(groups[name]) for name in sorted(groups)}

    def to_json(self) -> dict[str, Any]:
        """Everything, as plain data in a fixed order."""
        return {
            "plans": self.plans,
            "compared": self.compared,
            "reached": self.all.total,
            "plausible": self.plausible,
            "lost": self.lost,
            "empty": self.empty,
            "refused": dict(sorted(self.refused.items())),
            "failures": dict(sorted(self.failures.items())),
            "unmapped": [
                {"kind": kind, "reason": why, "plans": count} for (kind, why), count in sorted(self.unmapped.items())
            ],
            "effects": [
                {"kind": kind, "object": name, **dict(zip(LAYOUTS, effects, strict=True)), "plans": count}
                for (kind, name, effects), count in sorted(self.effects.items())
            ],
            "spread": self.spread.to_json(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Tally:
        """What `to_json` gave.

        Raises:
            KeyError: something is missing.
            TypeError: something is no number, or no table.
            ValueError: it does not add up.
        """
        tally = cls(plans=data["plans"], plausible=data["plausible"], lost=data["lost"], empty=data["empty"])
        tally.refused.update(data["refused"])
        tally.failures.update(data["failures"])
        for row in data["unmapped"]:
            tally.unmapped[row["kind"], row["reason"]] += row["plans"]
        for row in data["effects"]:
            tally.effects[row["kind"], row["object"], (row[LAYOUTS[0]], row[LAYOUTS[1]])] += row["plans"]
        tally.spread = Spread.from_json(data["spread"])
        if tally.plans != tally.accounted:
            raise ValueError(f"{tally.plans} plans, of which {tally.accounted} came to something")
        return tally
