"""A comparison as plain lines for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.benefit.tally import CAUGHT, EFFECTS, ESCAPES, HARMLESS, INSIDE, LAYOUTS, NOT_REACHED, OUTSIDE, WRONG_VALUE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.benefit.tally import Share, Tally

COLUMNS = (
    ("escapes", tuple(ESCAPES)),
    ("inside", tuple(INSIDE)),
    ("caught", (CAUGHT,)),
    ("harmless", (HARMLESS, NOT_REACHED)),
    ("wrong value", (WRONG_VALUE,)),
)
"""Of the tables by kind and by object: what belongs together."""
WIDE = 26


def lines_of(tally: Tally) -> Iterator[str]:
    """The whole report."""
    every = tally.all
    yield f"plans: {tally.plans:,} drawn, {tally.compared:,} compared on both layouts, {every.total:,} reached"
    yield from _left_out(tally)
    yield ""
    yield f"{'of the reached':<{WIDE}}{'arena32':>18}{'raw64':>18}"
    for effect in reversed(EFFECTS):
        cells = (f"{every.of(at, effect):,} {every.percent(at, effect):6.2f}%" for at in LAYOUTS)
        yield f"  {effect:<{WIDE - 2}}" + "".join(f"{cell:>18}" for cell in cells)
    outside = every.of("raw64", OUTSIDE)
    yield f"  of raw64's {outside:,} outside VM data, {tally.plausible:,} reach where a process can have memory"
    for title, shares in (("by kind", tally.by_kind), ("by object", tally.by_object)):
        yield ""
        yield from _table(title, shares)


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


def _table(title: str, shares: Mapping[str, Share]) -> Iterator[str]:
    """Per cent of each row's plans, the arena's first."""
    head = "".join(f"{name:>15}" for name, _ in COLUMNS)
    yield f"{f'{title}, % arena32/raw64':<{WIDE}}{'reached':>9}{head}"
    for name, share in sorted(shares.items(), key=lambda item: -item[1].total):
        if share.total:
            cells = ("/".join(f"{share.percent(layout, *effects):.1f}" for layout in LAYOUTS) for _, effects in COLUMNS)
            yield f"  {name or '(none)':<{WIDE - 2}}{share.total:>9,}" + "".join(f"{cell:>15}" for cell in cells)
