"""The report of a gate as JUnit XML, the dialect that CI systems read.

One test case for each replayed case, one for each finding among the generated cases, and
one for the campaign itself, which fails if the gate has no answer. Thousands of generated
cases that passed would be noise that changes with every run; they are a property.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from harness.gate.console import cases_line
from harness.gate.judgement import Status
from harness.printable import printable

if TYPE_CHECKING:
    from harness.gate.judgement import Result
    from harness.gate.report import Report

NAME = "fencepost gate"


def render_junit(report: Report) -> str:
    """The XML document, with its declaration."""
    suite = ET.Element("testsuite", name=NAME, time=f"{report.seconds:.3f}")
    properties = ET.SubElement(suite, "properties")
    for name, value in _properties(report):
        ET.SubElement(properties, "property", name=name, value=value)
    for result in report.results:
        _add_result(suite, result)
    _add_answer(suite, report)
    for tag, attribute in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        suite.set(attribute, str(len(suite.findall(f"testcase/{tag}"))))
    suite.set("tests", str(len(suite.findall("testcase"))))
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _properties(report: Report) -> list[tuple[str, str]]:
    return [
        ("seed", str(report.seed)),
        ("replayed", str(report.replayed.cases)),
        ("generated", str(report.fuzzed.cases)),
        ("decided_share", f"{report.decided_share:.4f}"),
    ]


def _add_result(suite: ET.Element, result: Result) -> None:
    kind = "replayed" if result.file and str(result.file) == result.name else "generated"
    attributes = {"classname": f"fencepost.{kind}", "name": printable(result.name), "time": f"{result.seconds:.3f}"}
    if result.file:
        attributes["file"] = printable(str(result.file))
    case = ET.SubElement(suite, "testcase", attributes)
    message = printable(result.words)
    if result.status is Status.FAILED:
        failure = ET.SubElement(case, "failure", message=message, type=result.verdict.kind.value)
        failure.text = "\n".join(map(printable, result.verdict.evidence.splitlines()))
    elif result.status is Status.UNDECIDED:
        ET.SubElement(case, "skipped", message=message)
    elif result.status is Status.KNOWN:
        ET.SubElement(case, "system-out").text = f"known: {message}"


def _add_answer(suite: ET.Element, report: Report) -> None:
    case = ET.SubElement(suite, "testcase", classname="fencepost.gate", name="answer")
    if report.shortfall:
        ET.SubElement(case, "error", message=f"no answer: {report.shortfall}", type="no-answer")
    ET.SubElement(case, "system-out").text = cases_line(report)
