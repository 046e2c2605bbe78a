"""How sure a share is: intervals that know that attacks on one module are alike.

Modules are drawn independently of each other, attacks on a module are not: what escapes in one
does so again and again. So the error of a share is that of a ratio of sums over modules, x of n
in each: its variance is the sum of (x - share * n) ** 2, over the square of all n, times m / (m - 1)
for m modules. That is the variance of a share of so many *independent* attacks, fewer than
there are; and Wilson's score interval of that many is what is given. (Wilson 1927; Kish 1965
on the design effect.)

A share of nothing or of everything shows no variance. There each module counts once, which
makes the interval too wide rather than too narrow.

Only sums of products are kept, so that parts of a comparison add up in any order. A module of
which two sessions each did a part counts as two.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from math import sqrt
from typing import TYPE_CHECKING

from harness.benefit.share import COLUMNS, LAYOUTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from harness.benefit.share import Share

Z = 1.959964
"""Of the normal distribution, 95 % lies within so many standard deviations."""

Sum = tuple[str, str, str]
"""Title of a table, name of its row, and what is summed up there over modules."""


@dataclass(slots=True)
class Spread:
    """For each row of each table: how many modules, n * n, and for each layout and column x * x and x * n."""

    sums: Counter[Sum] = field(default_factory=Counter)

    @classmethod
    def of(cls, tables: Mapping[str, Mapping[str, Share]]) -> Spread:
        """That of one module, whose tables these are."""
        sums: Counter[Sum] = Counter()
        for title, rows in tables.items():
            for name, share in rows.items():
                sums[title, name, "modules"] = 1
                sums[title, name, "nn"] = share.total**2
                for layout in LAYOUTS:
                    for column, effects in COLUMNS.items():
                        if hits := share.of(layout, *effects):
                            sums[title, name, f"{layout} {column} xx"] = hits**2
                            sums[title, name, f"{layout} {column} xn"] = hits * share.total
        return cls(sums)

    def interval(self, title: str, name: str, share: Share, layout: str, column: str) -> tuple[float, float]:
        """The 95 % interval of a share, in per cent; everything where there is nothing to go by."""
        total, hits = share.total, share.of(layout, *COLUMNS[column])
        if not total:
            return 0.0, 100.0
        modules, nn, xx, xn = (
            self.sums[title, name, term] for term in ("modules", "nn", f"{layout} {column} xx", f"{layout} {column} xn")
        )
        ratio = hits / total
        independent: float = max(modules, 1)
        if modules > 1 and 0 < hits < total:
            variance = (xx - 2 * ratio * xn + ratio**2 * nn) / total**2 * modules / (modules - 1)
            independent = ratio * (1 - ratio) / max(variance, ratio * (1 - ratio) / total)
        low, high = wilson(ratio, independent)
        return 100 * low, 100 * high

    def to_json(self) -> list[list[str | int]]:
        """Rows of title, name, what is summed up, and the sum."""
        return [[*key, value] for key, value in sorted(self.sums.items())]

    @classmethod
    def from_json(cls, rows: Iterable[tuple[str, str, str, int]]) -> Spread:
        """What `to_json` gave."""
        return cls(Counter({(title, name, term): value for title, name, term, value in rows}))


def wilson(share: float, trials: float) -> tuple[float, float]:
    """Wilson's score interval, 95 %.

    Args:
        share: from 0 to 1.
        trials: how many independent trials it is of, more than 0.
    """
    square = Z * Z / trials
    middle = (share + square / 2) / (1 + square)
    reach = Z * sqrt(share * (1 - share) / trials + square / (4 * trials)) / (1 + square)
    return max(0.0, middle - reach), min(1.0, middle + reach)
