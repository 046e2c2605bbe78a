"""What a campaign came to, as plain lines for people."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harness.printable import printable
from harness.statistics import LOW_MEDIAN_OPS, Statistics, Tally

if TYPE_CHECKING:
    from collections.abc import Mapping

SHOWN_COUNTS = 5


def progress_line(statistics: Statistics, elapsed: float) -> str:
    """The state of a campaign on one line."""
    rate = statistics.decided / elapsed if elapsed else 0.0
    return (
        f"{elapsed:.0f} s: {statistics.cases} cases, {percent(statistics.total.share(statistics.decided))} decided, "
        f"{rate:.0f} decided/s, {plural(statistics.findings, 'finding')}"
    )


def summary_lines(statistics: Statistics, elapsed: float, *, interrupted: bool = False) -> list[str]:
    """What a campaign came to."""
    lines = [progress_line(statistics, elapsed) + (" (interrupted)" if interrupted else "")]
    lines.append(f"verdicts: {counts(statistics.verdicts)}")
    lines.append(f"of all cases: {honesty(statistics.total)}")
    if len(statistics.generators) > 1:
        lines.extend(f"  {name}: {yield_of(tally)}" for name, tally in sorted(statistics.generators.items()))
    if statistics.reasons:
        lines.append(f"undecided: {counts(statistics.reasons)}")
    if statistics.total.to_translate:
        lines.append(f"CLIF in Wasm, for a reference: {translation(statistics)}")
    if statistics.elsewhere:
        lines.append(f"runs made again elsewhere: {counts(statistics.elsewhere)}")
    lines.append(f"coverage: {coverage(statistics)}")
    if statistics.with_fault:
        lines.append(f"the planted fault was triggered in {statistics.with_fault} cases")
    if statistics.ends:
        lines.append(f"workers replaced: {counts(statistics.ends)}")
    return lines + warnings(statistics)


def warnings(statistics: Statistics) -> list[str]:
    """What makes the figures worth less than they look."""
    lines = []
    if statistics.total.does_little:
        lines.append(f"warning: fewer than {LOW_MEDIAN_OPS} ops: the programs of this campaign do next to nothing")
    weak = ((name, statistics.weakness(name)) for name in sorted(statistics.generators))
    return lines + [f"warning: generator {name} yields little: {why}" for name, why in weak if why]


def honesty(tally: Tally) -> str:
    """The figures that say whether cases mean anything."""
    return (
        f"{percent(tally.access_share)} access memory, "
        f"{percent(tally.indirect_call_share)} call indirectly, "
        f"{percent(tally.collection_share)} collect garbage, "
        f"{percent(tally.share(tally.with_trap))} trap; median of executed ops: {tally.ops.median}"
        f"{plans(tally)}{schedules(tally)}"
    )


def plans(tally: Tally) -> str:
    """How many plans, and how many of their entries, took effect; empty without plans."""
    if not tally.with_plan:
        return ""
    entries = percent(tally.triggered / tally.planned)
    return (
        f"; {percent(tally.with_triggered_plan / tally.with_plan)} of the plans took effect, {entries} of their entries"
    )


def schedules(tally: Tally) -> str:
    """How many writes of schedules were made; empty without schedules."""
    return f"; {percent(tally.written / tally.scheduled)} of the scheduled writes were made" if tally.scheduled else ""


def translation(statistics: Statistics) -> str:
    """How many programs in CLIF a reference could run, and why not the others."""
    total = statistics.total
    why = f"; not: {counts(statistics.untranslated)}" if statistics.untranslated else ""
    return f"{percent(total.translated / total.to_translate)} of {total.to_translate:,}{why}"


def yield_of(tally: Tally) -> str:
    """What a generator's cases came to."""
    return (
        f"{plural(tally.cases, 'case')}, {percent(tally.share(tally.decided))} decided, "
        f"{plural(tally.findings, 'finding')}, {tally.ops.median} ops"
    )


def coverage(statistics: Statistics) -> str:
    """How much of CLIF and of the VM structures the programs contain."""
    shares = statistics.coverage.shares()
    return ", ".join(f"{reached} of {everything} {name}" for name, (reached, everything) in shares.items())


def percent(share: float) -> str:
    """A share from 0 to 1 as a percentage that says 100 % only of everything and 0 % only of nothing."""
    rounded = round(share * 100)
    if rounded == 100 and share < 1:  # noqa: PLR2004 (per cent)
        return ">99%"
    if rounded == 0 and share > 0:
        return "<1%"
    return f"{rounded}%"


def counts(mapping: Mapping[str, int], limit: int = SHOWN_COUNTS) -> str:
    """The largest counts with their names, and how many more there are."""
    largest = sorted(mapping.items(), key=lambda item: -item[1])
    words = [f"{count} {printable(name)}" for name, count in largest[:limit]]
    if len(largest) > limit:
        words.append(f"{len(largest) - limit} more")
    return ", ".join(words) or "none"


def plural(count: int, noun: str) -> str:
    """The count with its noun, for nouns that take an s."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def clock(seconds: float) -> str:
    """Seconds as ``5 s``, ``2:05`` or ``1:02:05``."""
    whole = int(seconds)
    if whole < 60:  # noqa: PLR2004 (seconds of a minute)
        return f"{whole} s"
    return re.sub(r"^0:0?", "", f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}")
