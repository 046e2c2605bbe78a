"""Records: what is known of one case of a campaign when it is done.

Small, plain and cheap to send between processes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.coverage import Census
from harness.outcome import Counts, NotRun, Outcome, Ran, Trapped
from oracles.protocol import is_reference, original

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.case import Case
    from harness.check import Checked
    from harness.plan import Settings
    from harness.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Record:
    """One case and what it came to.

    Attributes:
        index: of the case in its source.
        generator: the name of its generator; empty if it has none.
        counts: the largest of the interpreter's runs, for no other counts; `None` where it sat out.
        trapped: whether any step of any run trapped.
        seconds: by stage.
        module_bytes: length of its module.
        settings: the JIT's Cranelift flags.
        census: what its program contains.
        untranslated: why a reference had no Wasm to run for a program in CLIF; empty if it
            had, `None` if none was asked.
        planned: entries of its plan.
        triggered: entries whose changed place was executed in any run.
        scheduled: entries of its schedule.
        written: entries whose write was made, in the run that made most.
        elsewhere: for each run that was to repeat another one, ``relocated`` or ``resumed``, or that it was not.
        lines: the outcomes in words, one executor a line; only in full runs of findings
            and of cases that the user named.
        case: the case itself, of a finding; `None` where it is not at hand.
    """

    index: int
    verdict: Verdict
    generator: str = ""
    counts: Counts | None = field(default_factory=Counts)
    trapped: bool = False
    fault_triggered: bool = False
    seconds: dict[str, float] = field(default_factory=dict)
    module_bytes: int = 0
    settings: Settings = ()
    lines: tuple[str, ...] = ()
    census: Census = field(default_factory=Census)
    case: Case | None = None
    untranslated: str | None = None
    planned: int = 0
    triggered: int = 0
    scheduled: int = 0
    written: int = 0
    elsewhere: tuple[str, ...] = ()


def record_of(index: int, case: Case, checked: Checked, settings: Settings, *, verbose: bool) -> Record:
    """The record of a checked case."""
    runs = [outcome for outcome in checked.outcomes.values() if isinstance(outcome, Ran)]
    return Record(
        index=index,
        verdict=checked.verdict,
        generator=str(case.history.get("generator", "")),
        counts=_counts(checked.outcomes),
        trapped=any(isinstance(step, Trapped) for run in runs for step in run.steps),
        fault_triggered=any(run.fault_triggered for run in runs),
        seconds=checked.seconds,
        module_bytes=len(case.wasm),
        settings=settings,
        lines=outcome_lines(checked.outcomes) if verbose else (),
        census=checked.census,
        case=case if checked.verdict.kind.is_finding else None,
        untranslated=_untranslated(checked.outcomes) if case.is_clif else None,
        planned=len(case.parts.get("plan", ())),
        triggered=max((sum(witness.executed > 0 for witness in run.witnesses) for run in runs), default=0),
        scheduled=len(case.parts.get("schedule", ())),
        written=max((sum(entry.offset is not None for entry in run.written) for run in runs), default=0),
        elsewhere=tuple(_elsewhere(checked.outcomes)),
    )


def _elsewhere(outcomes: Mapping[str, Outcome]) -> Iterator[str]:
    for name, outcome in outcomes.items():
        repeated = original(name)
        if repeated is not None:
            yield repeated[1] if isinstance(outcome, Ran) else f"not {repeated[1]}"


def _untranslated(outcomes: Mapping[str, Outcome]) -> str | None:
    asked = [outcome for name, outcome in outcomes.items() if is_reference(name)]
    refused = (run.reason for run in asked if isinstance(run, NotRun) and run.kind == "untranslated")
    return next(refused, "") if asked else None


def _counts(outcomes: Mapping[str, Outcome]) -> Counts | None:
    interpreted = [outcome for name, outcome in outcomes.items() if name.startswith("interpreter/")]
    if outcomes and not interpreted:
        return None
    counts = (outcome.counts for outcome in interpreted if isinstance(outcome, Ran))
    return max(counts, key=lambda counts: counts.ops, default=Counts())


def outcome_lines(outcomes: Mapping[str, Outcome]) -> tuple[str, ...]:
    """The outcomes in words, one executor a line."""
    return tuple(f"{name}: {_words(outcome)}" for name, outcome in outcomes.items())


def _words(outcome: Outcome) -> str:
    if not isinstance(outcome, Ran):
        return f"{outcome.kind}: {outcome.reason}"
    return "; ".join(map(str, outcome.calls or (outcome.instantiation,)))
