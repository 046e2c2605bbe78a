"""The report: what it reads, what it draws, and that nothing in it becomes markup."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from harness.commands.report import command
from harness.errors import FileError
from harness.report.content import options_of
from harness.report.data import read_campaign
from harness.report.page import render
from harness.report.plot import MOST_POINTS, Series, line_plot, nice_steps, short, thinned, time_label, time_steps
from harness.verdict import Kind
from tests.unit.campaign_folder import HOSTILE, LONG, write_campaign

if TYPE_CHECKING:
    from pathlib import Path


class Page(HTMLParser):
    """The tags, links, ids and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        values = dict(attrs)
        if tag == "a":
            self.links.append(values["href"] or "")
        if values.get("id"):
            self.ids.add(values["id"] or "")
        assert not any(name.startswith("on") for name in values), values

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_campaign(tmp_path / "out")


def test_findings_are_grouped_by_key_most_severe_first(folder: Path) -> None:
    groups = read_campaign(folder).groups
    assert [group.kind for group in groups] == [Kind.ESCAPE, Kind.RUNTIME_FAULT, Kind.MISMATCH]
    escape = groups[0]
    assert (escape.cases, escape.first_seen) == (2, 61.0)
    assert [case.index for case in escape.kept] == [61, 62]
    assert escape.kept[0].evidence == HOSTILE
    assert escape.kept[0].outcomes == (HOSTILE, f"jit: {LONG}")
    assert all(file.is_file() for case in escape.kept for file in case.files)


def test_nothing_that_a_module_names_becomes_markup(folder: Path) -> None:
    page = Page(render(read_campaign(folder), folder / "report.html"))
    assert not page.tags & {"script", "img", "iframe", "object", "embed", "base", "form"}
    assert page.text.count(HOSTILE) >= 6  # key, evidence, outcome, generator, reason, configuration
    assert "49" not in re.findall(r"' & (\S+)", page.text)  # {{ 7 * 7 }} is no template either


def test_text_cannot_turn_its_direction_or_hide(folder: Path) -> None:
    campaign = read_campaign(folder)
    planted = replace(campaign, configuration={"corpus": "a\u202eb\x00c\nd"})
    text = Page(render(planted, folder / "report.html")).text
    assert "a\\u202eb\\x00c\nd" in text
    assert not set("\u202e\x00") & set(text)


def test_the_page_loads_nothing_and_forbids_what_is_not_its_own(folder: Path) -> None:
    text = render(read_campaign(folder), folder / "report.html")
    assert "default-src 'none'" in text
    assert not re.search(r'(?:src|href)="(?:https?:)?//', text)


@pytest.mark.parametrize("target", ["out/report.html", "elsewhere/a b/report.html"])
def test_links_lead_to_the_cases_from_wherever_the_page_is(folder: Path, target: str) -> None:
    path = folder.parent / target
    path.parent.mkdir(parents=True, exist_ok=True)
    page = Page(render(read_campaign(folder), path))
    files = [link for link in page.links if not link.startswith("#")]
    assert len(files) == 8
    assert all((path.parent / unquote(link)).is_file() for link in files), files
    assert {link[1:] for link in page.links if link.startswith("#")} <= page.ids


def test_what_is_worth_little_and_what_is_never_reached_is_shown(folder: Path) -> None:
    page = Page(render(read_campaign(folder), folder / "report.html"))
    assert "yields little: no case at all" in page.text
    assert re.search(r"CLIF opcodes: 2 of \d+", page.text)
    assert "VMMemoryDefinition: 1 of 2" in page.text
    assert "Other memory: 1 of 1" in page.text
    assert "poisoned: out of fuel" in page.text
    assert "Workers replaced" in page.text
    assert "Not set: fault." in page.text


def test_options_are_worded_for_people() -> None:
    options = options_of(
        {"seed": 0, "max_memory": 4096, "fault": None, "no_tty": True, "generators": ["a", "b"], "x": []}
    )
    assert options.given == {"seed": "0", "max memory": "4096", "no tty": "yes", "generators": "a, b"}
    assert options.unset == ("fault", "x")


def test_a_planted_fault_is_told_from_the_engine(folder: Path) -> None:
    campaign = read_campaign(folder)
    assert "was planted" not in Page(render(campaign, folder / "report.html")).text
    planted = replace(campaign, configuration={"fault": "02"})
    assert "Fault 02 was planted, and no case triggered it" in Page(render(planted, folder / "report.html")).text
    triggered = replace(planted, lines=(campaign.last | {"fault_triggered": 3},))
    assert "Fault 02 was planted, and triggered in 3 cases" in Page(render(triggered, folder / "report.html")).text


def test_a_torn_line_a_broken_finding_and_no_database_leave_a_report_with_notes(folder: Path) -> None:
    with (folder / "stats.jsonl").open("a") as stats:
        stats.write('{"elapsed": 70.0, "cases"')
    broken = next((folder / "findings").glob("mismatch-*"))
    (broken / "finding.json").write_text("{")
    (folder / "campaign.db").write_bytes(b"not a database" * 100)
    campaign = read_campaign(folder)
    assert campaign.last["elapsed"] == 66.0
    assert campaign.configuration == {}
    assert len(campaign.notes) == 2
    assert [len(group.kept) for group in campaign.groups] == [2, 1, 0]
    page = Page(render(campaign, folder / "report.html"))
    assert "cannot read the database" in page.text
    assert "No case of it is kept." in page.text


def test_what_a_killed_campaign_forgot_is_left_out_after_its_resumption(folder: Path) -> None:
    line = read_campaign(folder).last
    with (folder / "stats.jsonl").open("a") as stats:
        for elapsed in (45.0, 50.0):
            stats.write(json.dumps(line | {"elapsed": elapsed}) + "\n")
    assert [line["elapsed"] for line in read_campaign(folder).lines] == [0, 10, 20, 30, 40, 45, 50]


def test_a_folder_without_statistics_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot read the statistics"):
        read_campaign(tmp_path)
    (tmp_path / "stats.jsonl").write_text('[]\n{}\n{"elapsed": 1.0, "cases": 3}\n')
    with pytest.raises(FileError, match="no statistics of this version in it"):
        read_campaign(tmp_path)


def test_the_command_takes_the_latest_campaign(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = folder.parent / "fencepost-out"
    root.mkdir()
    folder.rename(root / "0001")
    (root / "latest").symlink_to("0001")
    monkeypatch.chdir(folder.parent)
    result = CliRunner().invoke(command, [], standalone_mode=False)
    assert result.exception is None
    assert (root / "0001" / "report.html").read_text().startswith("<!doctype html>")
    assert result.output.strip() == "fencepost-out/0001/report.html"


@pytest.mark.parametrize(
    ("highest", "steps"),
    [
        (0, [0, 1]),
        (1, [0, 1]),
        (3, [0, 1, 2, 3]),
        (0.3, [0, 0.1, 0.2, 0.3]),
        (7, [0, 2, 4, 6, 8]),
        (1500, [0, 500, 1000, 1500]),
    ],
)
def test_ticks_are_round_numbers(highest: float, steps: list[float]) -> None:
    assert nice_steps(highest) == steps


def test_time_ticks_are_round_and_few() -> None:
    for end in (0.5, 3, 20, 61, 600, 3600, 100_000, 5_000_000):
        steps = time_steps(end)
        assert 1 <= len(steps) <= 6
        assert steps[0] == 0
        assert steps[-1] < end
    assert [time_label(seconds) for seconds in (0, 30, 60, 90, 300, 7200, 172800)] == [
        "0",
        "30 s",
        "1 min",
        "90 s",
        "5 min",
        "2 h",
        "2 d",
    ]
    assert [short(value) for value in (0.5, 950, 1234, 2e6)] == ["0.5", "950", "1.23k", "2M"]


def test_a_plot_holds_its_lines_within_its_frame() -> None:
    points = tuple((float(second), float(second**2)) for second in range(5000))
    svg = ET.fromstring(line_plot("a < b", [Series("square", "main", points), Series("none", "bad", ())]))
    title = svg.find("title")
    assert title is not None
    assert title.text == "a < b"
    drawn, empty = svg.findall("polyline")
    pairs = [tuple(map(float, pair.split(","))) for pair in drawn.attrib["points"].split()]
    assert len(pairs) <= MOST_POINTS + 1
    assert pairs[0] == (40, 176)
    assert all(40 <= x <= 350 and 10 <= y <= 176 for x, y in pairs)
    assert empty.attrib["points"] == ""


def test_thinning_keeps_both_ends() -> None:
    points = [(float(x), 0.0) for x in range(10_001)]
    assert (thinned(points)[0], thinned(points)[-1]) == (points[0], points[-1])
    assert thinned([]) == []
