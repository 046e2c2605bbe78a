"""One run of a gate as a command line asks for it: which files, and which campaign."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.configuration import digest_of, to_json
from harness.errors import EmptyFolder, EnvironmentFailure, UsageError
from harness.files import find_files, read_all
from harness.gate.run import Gate
from harness.interruption import interruptible
from harness.output_root import fresh_folder
from harness.source import GeneratedSource, ListSource
from harness.store import Store
from harness.versions import versions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harness.case import Case
    from harness.gate.report import Report
    from harness.plan import Plan
    from harness.statistics import Statistics

    Progress = Callable[[Statistics, float], None]

CRASHES = Path("crashes")
CORPUS = Path("corpus")
GENERATORS = ("wasm", "confuse", "corrupt")
"""What the gate fuzzes with: programs as the front end emits them, programs confused, and their data corrupted."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a gate is to do.

    Attributes:
        paths: files and folders to replay in place of the default folders.
        crashes: known findings; `None` for the default folder, if it is there.
        corpus: seeds; likewise.
        seconds: how long to fuzz; `None` for a number of cases.
        cases: how many cases to fuzz; `None` for a time.
        seed: of the generated cases.
        generators: of the cases. Where they draw from seeds, those are ``corpus``.
        out: where findings go; `None` for a fresh folder.
        options: as the user gave them, to be stored with the campaign.
    """

    paths: tuple[Path, ...] = ()
    crashes: Path | None = None
    corpus: Path | None = None
    seconds: float | None = None
    cases: int | None = None
    seed: int = 0
    jobs: int = 1
    generators: tuple[str, ...] = GENERATORS
    out: Path | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def seeds(self) -> Path | None:
        """What generators draw from; `None` if there is nothing."""
        folder = self.corpus or CORPUS
        return folder if folder.exists() else None

    @property
    def fuzzes(self) -> bool:
        """Whether there is a campaign at all."""
        return bool(self.seconds or self.cases)


def carry_out(job: Job, plan: Plan, accepted: Mapping[str, str], progress: Progress) -> Report:
    """Replays, then fuzzes.

    Args:
        job: what to do.
        plan: what to run cases with.
        accepted: reasons by finding key, from a baseline.
        progress: called several times a second while it fuzzes.

    Raises:
        InputError: a file cannot be read, or is no case.
        EnvironmentFailure: the output folder cannot be made. A later failure of the
            environment is part of the report.
    """
    gate = Gate(plan, accepted, job.jobs, progress)
    notes: list[str] = []
    failure = ""
    with interruptible(gate.interrupt):
        names, cases = read_all(_files(job, notes))
        source = _source(job)
        store = Store(job.out or fresh_folder()) if job.fuzzes else None
        try:
            if cases:
                gate.replay(ListSource(cases, names))
            if store:
                _fuzz(gate, job, source, store)
        except EnvironmentFailure as error:
            failure = str(error)
        finally:
            if store:
                store.close()
    return gate.report(failure, (*notes, *_stale(gate, accepted)))


def _files(job: Job, notes: list[str]) -> list[Path]:
    """The files to replay. No case in a folder of cases, and no default folder, are notes."""
    files = find_files(job.paths)
    for named, default in ((job.crashes, CRASHES), (job.corpus, CORPUS)):
        if named is None and (job.paths or not default.exists()):
            continue
        try:
            files += find_files([named or default])
        except EmptyFolder as error:
            notes.append(str(error))
    if not files:
        notes.append(f"nothing to replay: put known findings into {CRASHES}, seeds into {CORPUS}")
    return list(dict.fromkeys(files))


def _source(job: Job) -> GeneratedSource:
    """The generated cases.

    Raises:
        UsageError: a generator needs seeds, and there are none.
    """
    seeds = _seeds(job)
    if "corpus" in job.generators and not seeds:
        raise UsageError("--generator corpus needs seeds", "", f"name their folder with --corpus, or make {CORPUS}")
    return GeneratedSource(job.seed, job.generators, seeds, job.cases)


def _seeds(job: Job) -> tuple[Case, ...]:
    try:
        return read_all([job.seeds])[1] if job.seeds else ()
    except EmptyFolder:
        return ()


def _fuzz(gate: Gate, job: Job, source: GeneratedSource, store: Store) -> None:
    """Runs a campaign; its folder is one like any other, which can be reported on and resumed."""
    own = {"seed": job.seed, "seconds": job.seconds, "cases": job.cases, "corpus": job.seeds}
    digest = {"corpus_digest": digest_of(source.corpus), "versions": versions()}
    store.configure(to_json({**job.options, **own}) | digest)
    gate.fuzz(source, store, job.seconds)


def _stale(gate: Gate, accepted: Mapping[str, str]) -> list[str]:
    """Accepted keys that did not turn up: perhaps mended, perhaps not reached."""
    seen = {result.verdict.key for result in gate.report().results}
    return [f"the baseline accepts {key!r}, which did not turn up" for key in sorted(accepted.keys() - seen)]
