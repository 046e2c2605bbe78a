"""A comparison as plain lines for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.benefit.share import CAUGHT, COLUMNS, EFFECTS, LAYOUTS, NO_HARM, OUTSIDE, WRONG_VALUE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.benefit.share import Share
    from harness.benefit.tally import Tally

HEADS = {"escapes": "escapes", "inside": "inside", CAUGHT: "caught", NO_HARM: "harmless", WRONG_VALUE: "wrong value"}
"""Of the tables by kind and by object."""
NAMES = {"escapes": "escapes: the worst two"}
WIDE = 26


def lines_of(tally: Tally) -> Iterator[str]:
    """The whole report."""
    every = tally.all
    yield f"plans: {tally.plans:,} drawn, {tally.compared:,} compared on both layouts, {every.total:,} reached"
    yield from _left_out(tally)
    yield ""
    yield f"{'of the reached, 95 %':<{WIDE}}{'arena32':>30}{'raw64':>30}"
    for column in (*reversed(EFFECTS), "escapes"):
        cells = (_cell(tally, every, at, column) for at in LAYOUTS)
        yield f"  {NAMES.get(column, column):<{WIDE - 2}}" + "".join(f"{cell:>30}" for cell in cells)
    outside = every.of("raw64", OUTSIDE)
    yield f"  of raw64's {outside:,} outside VM data, {tally.plausible:,} reach where a process can have memory"
    for title in ("by kind", "by object"):
        yield ""
        yield from _table(title, tally)


def _cell(tally: Tally, every: Share, layout: str, column: str) -> str:
    """A number of all plans, its share, and how sure that is."""
    low, high = tally.spread.interval("all", "all", every, layout, column)
    hits = every.of(layout, *COLUMNS[column])
    return f"{hits:,} {every.percent(layout, *COLUMNS[column]):6.2f}% {low:6.2f}-{high:5.2f}"


def _left_out(tally: Tally) -> Iterator[str]:
    """What was drawn and not compared, with the reasons."""
    if tally.unmapped:
        reasons: dict[str, int] = {}
        for (_, why), count in tally.unmapped.items():
            reasons[why] = reasons.get(why, 0) + count
        yield f"without a counterpart: {tally.unmapped.total():,} ({_counts(reasons)})"
    if tally.refused:
        yield f"not run on both: {tally.refused.total():,} ({_counts(tally.refused)})"
    if tally.failures:
        yield f"compiler failures: {tally.failures.total():,} ({_counts(tally.failures)})"
    if tally.lost:
        yield f"more accesses than the log holds: {tally.lost:,}"
    if tally.empty:
        yield f"nothing to confuse: {tally.empty:,}"


def _counts(counts: Mapping[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return "; ".join(f"{count:,} {why}" for why, count in ordered)


def _table(title: str, tally: Tally) -> Iterator[str]:
    """Per cent of each row's plans, the arena's first."""
    head = "".join(f"{name:>15}" for name in HEADS.values())
    yield f"{f'{title}, % arena32/raw64':<{WIDE}}{'reached':>9}{head}{'raw64 escapes, 95 %':>21}"
    for name, share in sorted(tally.tables[title].items(), key=lambda item: -item[1].total):
        if share.total:
            cells = ("/".join(f"{share.percent(at, *COLUMNS[column]):.1f}" for at in LAYOUTS) for column in HEADS)
            low, high = tally.spread.interval(title, name, share, "raw64", "escapes")
            row = f"  {name or '(none)':<{WIDE - 2}}{share.total:>9,}" + "".join(f"{cell:>15}" for cell in cells)
            yield f"{row}{f'{low:.1f}-{high:.1f}':>21}"
