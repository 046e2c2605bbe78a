"""The report of a gate as SARIF 2.1.0, for code scanning.

A rule is a kind of verdict by an oracle (``escape/containment``), so rule ids stay the
same from run to run; the fingerprint of a result is the hash of its finding key, so a
result is the same one wherever it turns up. What is known is there, suppressed: in the
source if the case's header expects it, externally if the baseline accepts it. Locations
are the case files, as URIs relative to the folder that the gate runs in.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from harness.gate.judgement import Status
from harness.printable import encodable, printable
from harness.verdict import Kind

if TYPE_CHECKING:
    from harness.gate.judgement import Result
    from harness.gate.report import Report

VERSION = "2.1.0"
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
HOME = "https://github.com/bytecodealliance/wasmtime/issues/9060"
CHANGED = "expectation/changed"
FINGERPRINT = "fencepostFinding/v1"
ROOT = "%SRCROOT%"

DESCRIPTIONS = {
    Kind.ESCAPE: "An access or a jump left the arena, its guards or the code table: a vulnerability.",
    Kind.RUNTIME_FAULT: "Trusted code panicked, or would have acted on a corrupted value.",
    Kind.MISMATCH: "Executors, or the engine and Wasmtime, disagree: a bug, inside the arena.",
    Kind.COMPILE_FAILURE: "The compiler panicked or rejected valid input: a bug.",
    Kind.HANG: "There was no answer in time.",
}
SEVERITIES = {Kind.ESCAPE: "9.3", Kind.RUNTIME_FAULT: "7.5"}
"""What code scanning sorts security results by, on the scale of CVSS."""


def render_sarif(report: Report, version: str) -> str:
    """The log, as JSON.

    Args:
        report: of a gate.
        version: Fencepost's own.
    """
    shown = [result for result in report.results if result.status in (Status.FAILED, Status.KNOWN)]
    rules = sorted({rule_of(result): result for result in reversed(shown)}.items())
    indices = {rule: index for index, (rule, _) in enumerate(rules)}
    driver = {
        "name": "Fencepost",
        "version": version,
        "informationUri": HOME,
        "rules": [_rule(rule, result.verdict.kind) for rule, result in rules],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(report)],
        "results": [_result(result, indices, report.folder or Path()) for result in shown],
    }
    return json.dumps({"$schema": SCHEMA, "version": VERSION, "runs": [run]}, indent=2) + "\n"


def rule_of(result: Result) -> str:
    """The id of the rule that a result is about."""
    verdict = result.verdict
    if not verdict.kind.is_finding:
        return CHANGED
    oracle = re.sub(r"[^a-z0-9]+", "-", verdict.oracle.lower()).strip("-")
    return f"{verdict.kind.value}/{oracle or 'unknown'}"


def relative_uri(file: Path, root: Path) -> str:
    """A file as a URI reference relative to a folder; with ``..`` where it lies outside."""
    relative = Path(os.path.relpath(file, root)).as_posix()
    return quote(os.fsencode(relative))


def _rule(rule: str, kind: Kind) -> dict[str, Any]:
    if rule == CHANGED:
        text, properties = "A case no longer comes to what its header expects.", {}
    else:
        text = DESCRIPTIONS[kind]
        severity = SEVERITIES.get(kind)
        properties = {"tags": ["security"], "security-severity": severity} if severity else {}
    described = {"id": rule, "name": _pascal(rule), "shortDescription": {"text": text}, "help": {"text": text}}
    described["defaultConfiguration"] = {"level": "error"}
    return described | ({"properties": properties} if properties else {})


def _pascal(rule: str) -> str:
    return "".join(word.capitalize() for word in re.split(r"[^a-z0-9]+", rule))


def _result(result: Result, indices: dict[str, int], folder: Path) -> dict[str, Any]:
    """One result; code scanning wants a place for each, so one whose case is not in a file has its folder."""
    rule = rule_of(result)
    evidence = "\n".join(map(printable, result.verdict.evidence.splitlines()))
    message = printable(f"{result.name}: {result.words}") + (f"\n{evidence}" if evidence else "")
    sarif: dict[str, Any] = {
        "ruleId": rule,
        "ruleIndex": indices[rule],
        "level": "error",
        "message": {"text": message},
        "occurrenceCount": result.cases,
        "partialFingerprints": {FINGERPRINT: hashlib.sha256(encodable(result.verdict.key).encode()).hexdigest()},
    }
    place = {"uri": relative_uri(result.file or folder, Path.cwd()), "uriBaseId": ROOT}
    sarif["locations"] = [{"physicalLocation": {"artifactLocation": place, "region": {"startLine": 1}}}]
    if result.status is Status.KNOWN:
        kind = "external" if result.judgement.by_baseline else "inSource"
        sarif["suppressions"] = [{"kind": kind, "justification": printable(result.judgement.reason)}]
    return sarif


def _invocation(report: Report) -> dict[str, Any]:
    invocation: dict[str, Any] = {"executionSuccessful": not report.shortfall, "exitCode": report.exit_code}
    if report.shortfall:
        note = {"level": "error", "message": {"text": f"no answer: {report.shortfall}"}}
        invocation["toolExecutionNotifications"] = [note]
    return invocation
