"""Cranelift's run-tests hold in Wasmtime, on our translation of them to WebAssembly.

So the translation is held to values that none of our executors has made.
`runtests_in_wasm.txt` counts the run lines that held, and those that could not be tried by
reason; `BLESS=1 make test` rewrites it.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import engine
from harness.case import Case
from harness.executors import Subject
from harness.outcome import NotRun
from harness.references.wasmtime_clif import WasmtimeClifReference
from harness.verdict import CLEAN
from oracles.completion import generic
from oracles.expectation import ExpectationOracle

if TYPE_CHECKING:
    from collections.abc import Iterator

RUNTESTS = Path(__file__).parents[1] / "data" / "runtests"
GOLDEN = Path(__file__).with_name("runtests_in_wasm.txt")
HELD = "held"
NANS_OF_ONE_TARGET = ("simd-fmax-fmin-nondeterministic-aarch64.clif", "simd-fmax-fmin-nondeterministic-x86_64.clif")


def test_run_lines_hold_in_wasmtime() -> None:
    counts: Counter[str] = Counter()
    for path in sorted(RUNTESTS.glob("*.clif")):
        if path.name not in NANS_OF_ONE_TARGET:
            for text in _programs(path.read_text(encoding="utf-8")):
                counts[_outcome(text, path.name)] += len(_run_lines(text))
    found = "".join(f"{count} {what}\n" for what, count in counts.most_common() if count)
    if os.environ.get("BLESS"):
        GOLDEN.write_text(found, encoding="utf-8")
    assert found == GOLDEN.read_text(encoding="utf-8"), f"BLESS=1 rewrites {GOLDEN.name}"


def _programs(text: str) -> Iterator[str]:
    """The file, if it can be run as a whole, else each function by itself."""
    if _outcome(text, "") == HELD:
        yield text
    else:
        yield from re.split(r"(?m)^(?=function )", text)[1:]


def _run_lines(text: str) -> tuple[object, ...]:
    try:
        return tuple(engine.run_lines(text))
    except engine.InvalidInput:
        return ()


def _outcome(text: str, name: str) -> str:
    """`HELD`, or why the program was not run. ``name`` says where the text is from."""
    try:
        subject = Subject(Case(text.encode(), text))
    except (engine.Unsupported, engine.InvalidInput) as error:
        return f"not for an arena: {generic(re.sub(r'inst[0-9]+ [(].*?[)]: ', '', str(error.args[0])))}"
    outcome = WasmtimeClifReference().run(subject)
    if isinstance(outcome, NotRun):
        assert outcome.kind == "untranslated", f"{name}: {outcome.reason}"
        return generic(outcome.reason)
    verdict = ExpectationOracle().judge(subject.case, {"translation/exact": outcome})
    assert verdict == CLEAN, f"{name}: {verdict.evidence}"
    return HELD
