"""The comparison of layouts: what is counted, how it adds up, and what people see of it."""

from __future__ import annotations

import signal
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from harness.benefit.lines import lines_of
from harness.benefit.picture import draw
from harness.benefit.plans import GROUP, Comparison, taking_part
from harness.benefit.report import REPORT, Report
from harness.benefit.share import (
    BAD_TRANSFER,
    CAUGHT,
    EFFECTS,
    HARMLESS,
    NOT_REACHED,
    OTHER_INSTANCE,
    OUTSIDE,
)
from harness.benefit.spread import Spread, wilson
from harness.benefit.tally import Tally
from harness.benefit.work import Work
from harness.case_file import read_case
from harness.errors import FileError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable


def tally(*plans: tuple[str, str, tuple[str, str]]) -> Tally:
    """A tally of plans by kind, object and effects."""
    return Tally(plans=len(plans), effects=Counter(plans))


SOME = tally(
    ("pointer", "VMMemoryDefinition", (CAUGHT, OUTSIDE)),
    ("pointer", "VMMemoryDefinition", (CAUGHT, OUTSIDE)),
    ("pointer", "VMContext", (OTHER_INSTANCE, BAD_TRANSFER)),
    ("field", "VMContext", (HARMLESS, HARMLESS)),
    ("field", "VMContext", (NOT_REACHED, NOT_REACHED)),
)


def test_effects_are_ordered_from_harmless_to_worst() -> None:
    assert EFFECTS[0] == NOT_REACHED
    assert EFFECTS[-2:] == (OUTSIDE, BAD_TRANSFER)


def test_shares_are_of_what_was_reached_on_a_layout() -> None:
    assert (SOME.compared, SOME.all.total) == (5, 4)
    assert SOME.all.percent("raw64", OUTSIDE) == 50.0
    assert SOME.all.percent("arena32", OUTSIDE) == 0.0
    assert SOME.by_kind["pointer"].of("raw64", OUTSIDE, BAD_TRANSFER) == 3
    assert {name: share.total for name, share in SOME.by_object.items()} == {"VMContext": 2, "VMMemoryDefinition": 2}


def test_what_one_layout_reached_counts_for_both() -> None:
    share = tally(("late-check", "", (NOT_REACHED, CAUGHT))).all
    assert (share.total, share.of("arena32", NOT_REACHED)) == (1, 1)


def test_only_escapes_of_the_arena_are_findings() -> None:
    assert SOME.escapes == 0
    assert tally(("pointer", "", (OUTSIDE, HARMLESS))).escapes == 1


def test_tallies_add_up_in_any_order() -> None:
    other = Tally(plans=3, lost=1, empty=1)
    other.unmapped["width", "no such choice"] += 1
    one, two = Tally(), Tally()
    for part in (SOME, other):
        one.add(part)
    for part in (other, SOME):
        two.add(part)
    assert one.to_json() == two.to_json()
    assert (one.plans, one.compared, one.lost) == (8, 5, 1)


def test_the_report_names_what_was_left_out_and_why() -> None:
    whole = Tally()
    whole.add(SOME)
    whole.unmapped["width", "no such choice"] += 2
    whole.refused["garbage-collected objects"] += 64
    text = "\n".join(lines_of(whole))
    assert "5 compared on both layouts, 4 reached" in text
    assert "without a counterpart: 2 (2 no such choice)" in text
    assert "64 garbage-collected objects" in text
    (line,) = (line for line in text.splitlines() if line.startswith("  outside VM data"))
    words = line.split()
    assert (words[:5], words[-3:-1]) == (["outside", "VM", "data", "0", "0.00%"], ["2", "50.00%"])


def test_an_empty_tally_has_a_report() -> None:
    assert any("0 compared" in line for line in lines_of(Tally()))
    ET.fromstring(draw(Tally(), "nothing"))


def test_bars_are_as_wide_as_shares() -> None:
    root = ET.fromstring(draw(SOME, "some"))
    titles = [title.text for title in root.iter("{http://www.w3.org/2000/svg}title")]
    assert "raw64, outside VM data: 50.00 %" in titles
    assert not any(title and title.startswith("arena32, outside") for title in titles)


CORPUS = tuple(read_case(path) for path in sorted((Path(__file__).parents[2] / "corpus").glob("table_*.wat")))


def test_a_group_counts_each_of_its_plans_once() -> None:
    counted = Comparison(7, CORPUS, 1 << 24).part(0, 0, 40)
    assert (counted.plans, counted.accounted, counted.failures.total()) == (40, 40, 0)


def test_a_group_of_schedules_writes_at_events_of_the_program() -> None:
    counted = Comparison(7, CORPUS, 1 << 24, "corrupt").part(0, 0, 60)
    kinds = {kind for kind, _, _ in counted.effects}
    assert kinds <= {"at entry", "at builtin", "at host_call"}
    assert (counted.plans, counted.failures.total(), counted.escapes) == (60, 0, 0)
    assert counted.accounted == 60
    assert counted.all.of("raw64", OUTSIDE, BAD_TRANSFER) > 0


def drawn(counted: Tally) -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]:
    """What was drawn and compared. What it does to raw pointers depends on where the system puts things."""
    compared: Counter[tuple[str, str]] = Counter()
    for (kind, name, _), count in counted.effects.items():
        compared[kind, name] += count
    return compared, counted.unmapped


def test_plans_depend_on_seed_and_index_alone() -> None:
    comparison = Comparison(3, CORPUS, 1 << 24)
    first = drawn(comparison.part(2, 0, 20))
    assert first == drawn(comparison.part(2, 0, 20))
    assert first != drawn(Comparison(4, CORPUS, 1 << 24).part(2, 0, 20))


def test_an_interrupted_comparison_keeps_what_was_measured() -> None:
    told: list[int] = []

    def interrupt_once(counted: Tally) -> None:
        told.append(counted.plans)
        if len(told) == 1:
            signal.raise_signal(signal.SIGINT)

    work = Work(Comparison(1, CORPUS, 1 << 24), cases=6 * GROUP, seconds=None, jobs=1, told=interrupt_once)
    work.run()
    assert not work.complete
    assert GROUP <= work.tally.plans < 6 * GROUP
    assert work.tally.plans == told[-1]


ATTACKS = Path(__file__).parents[2] / "corpus" / "attacks"


def test_modules_that_attack_themselves_take_no_part() -> None:
    attack = read_case(ATTACKS / "memory_base.wat")
    assert taking_part((attack, *CORPUS)) == CORPUS


def test_parts_of_a_group_are_the_group() -> None:
    comparison = Comparison(3, CORPUS, 1 << 24)
    parts = comparison.part(2, 0, 8)
    parts.add(comparison.part(2, 8, 12))
    assert drawn(parts) == drawn(comparison.part(2, 0, 20))


def test_another_session_goes_on_where_one_stopped(tmp_path: Path) -> None:
    report = Report(Comparison(1, CORPUS, 1 << 24))
    first = Work(report.comparison, cases=GROUP + 8, seconds=None, jobs=1, told=lambda _: None)
    first.run()
    assert report.write(tmp_path, first.tally, interrupted=True) is None
    read = report.read(tmp_path)
    assert read.to_json() == first.tally.to_json()
    Work(report.comparison, 2 * GROUP, None, 1, lambda _: None, read).run()
    whole = Work(report.comparison, 2 * GROUP, None, 1, lambda _: None)
    whole.run()
    assert drawn(read) == drawn(whole.tally)
    assert read.refused == whole.tally.refused


BROKEN: dict[str, Callable[[str], str]] = {
    "truncated": lambda text: text[:-9],
    "an old one": lambda text: text.replace('"spread"', '"other"'),
    "not adding up": lambda text: text.replace('"plans": 5,\n  "compared"', '"plans": 6,\n  "compared"'),
    "a list": lambda _text: "[]",
    "deep": lambda _text: "[" * 100_000,
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_damaged_report_is_refused(tmp_path: Path, how: str) -> None:
    report = Report(Comparison(1, CORPUS, 1 << 24))
    assert report.write(tmp_path, SOME, interrupted=True) is None
    text = (tmp_path / REPORT).read_text()
    broken = BROKEN[how](text)
    assert broken != text
    (tmp_path / REPORT).write_text(broken)
    with pytest.raises(FileError, match="not a report of this version"):
        report.read(tmp_path)


@pytest.mark.parametrize(
    ("other", "what"),
    [
        (Comparison(2, CORPUS, 1 << 24), "seed"),
        (Comparison(1, CORPUS, 1 << 25), "max_memory"),
        (Comparison(1, CORPUS[1:], 1 << 24), "corpus"),
        (Comparison(1, CORPUS, 1 << 24, "corrupt"), "generator"),
    ],
)
def test_a_report_of_another_comparison_is_refused(tmp_path: Path, other: Comparison, what: str) -> None:
    assert Report(Comparison(1, CORPUS, 1 << 24)).write(tmp_path, SOME, interrupted=True) is None
    with pytest.raises(UsageError, match=f"of another {what}"):
        Report(other).read(tmp_path)


def test_wilson_is_as_published() -> None:
    # Newcombe 1998, table I: 81 of 263 and 0 of 20, 95 %, without continuity correction.
    assert [round(limit, 4) for limit in wilson(81 / 263, 263)] == [0.2553, 0.3662]
    assert [round(limit, 4) for limit in wilson(0, 20)] == [0.0, 0.1611]


def escaped(hits: int, of: int) -> Tally:
    """A module of which some plans escape with raw pointers."""
    effects = Counter({("field", "", (CAUGHT, OUTSIDE)): hits, ("field", "", (HARMLESS, HARMLESS)): of - hits})
    counted = Tally(plans=of, effects=+effects)
    counted.spread = Spread.of(counted.tables)
    return counted


def interval(*modules: Tally) -> tuple[float, float]:
    """That of the share of escapes with raw pointers."""
    whole = Tally()
    for module in modules:
        whole.add(module)
    return whole.spread.interval("all", "all", whole.all, "raw64", "escapes")


def test_modules_that_are_alike_are_as_good_as_independent_plans() -> None:
    low, high = (100 * limit for limit in wilson(0.25, 80))
    assert interval(*[escaped(2, 8)] * 10) == pytest.approx((low, high))


def test_plans_that_go_with_their_module_count_once() -> None:
    low, high = (100 * limit for limit in wilson(0.25, 39))  # one module less: the share is an estimate
    modules = [escaped(8, 8)] * 10 + [escaped(0, 8)] * 30
    assert interval(*modules) == pytest.approx((low, high))


def test_what_never_happened_is_as_sure_as_there_are_modules() -> None:
    low, high = (100 * limit for limit in wilson(0, 10))
    assert interval(*[escaped(0, 8)] * 10) == pytest.approx((low, high))
