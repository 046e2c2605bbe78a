"""Cases as pytest items, judged by the rules of the gate.

One worker process runs the cases of a session, ahead of the items that ask for their
results: a case that kills its process is then a failed test with a verdict, not the end of
pytest, whose own handler for SIGSEGV never comes into it. A known finding passes and says
so in a section of its report; an undecided case is skipped with its reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.case_file import read_case
from harness.errors import FencepostError
from harness.gate.judgement import Result, Status, judge
from harness.native import default_native
from harness.plan import Plan
from harness.pool import Pool
from harness.printable import printable, quoted_lines
from harness.source import ListSource

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from typing import Any

    from harness.case import Case
    from harness.record import Record


class CaseFailed(Exception):
    """A case that did not come to what was expected of it.

    Attributes:
        result: what it came to.
    """

    def __init__(self, result: Result) -> None:
        super().__init__(result.words)
        self.result = result


class CaseFile(pytest.File):
    """A case file: one test."""

    def collect(self) -> Iterator[CaseItem]:
        """The case.

        Raises:
            CollectError: the file is no case.
        """
        try:
            case = read_case(self.path)
        except FencepostError as error:
            raise self.CollectError(f"fencepost: {printable(str(error))}") from None
        yield CaseItem.from_parent(self, name="case", case=case)


class CaseItem(pytest.Item):
    """A case that passes if the gate would pass it."""

    def __init__(self, *, case: Case, **rest: Any) -> None:
        super().__init__(**rest)
        self.case = case

    def runtest(self) -> None:
        """Judges the case.

        Raises:
            CaseFailed: it is a finding, or not the expected one.
            FencepostError: it does not fit its module, or the environment failed.
        """
        result = runner_of(self.session).result(self)
        if result.status is Status.FAILED:
            raise CaseFailed(result)
        if result.status is Status.UNDECIDED:
            pytest.skip(printable(result.words))
        if result.status is Status.KNOWN:
            self.add_report_section("call", "known", printable(result.words))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What a failure shows: the verdict, what was expected, the evidence, and how to see it again."""
        error = excinfo.value
        if isinstance(error, CaseFailed):
            again = f"see it again: fencepost check -v {printable(str(self.path))}"
            return "\n".join(
                [f"fencepost: {printable(error.result.words)}", *quoted_lines(error.result.verdict.evidence), again]
            )
        if isinstance(error, FencepostError):
            return f"fencepost: {printable(str(error))}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        """The file, without a line, and a heading."""
        return self.path, None, f"fencepost: {printable(self.path.name)}"


class Runner:
    """The results of a session's cases, as they are asked for."""

    def __init__(self, items: list[CaseItem]) -> None:
        self._waiting = dict.fromkeys(items)
        self._done: dict[CaseItem, Record] = {}
        self._stream: Generator[tuple[CaseItem, Record]] | None = None

    def result(self, item: CaseItem) -> Result:
        """What an item came to.

        Raises:
            FencepostError: it does not fit its module, or the environment failed.
        """
        if item not in self._done:
            self._run_up_to(item)
        record = self._done[item]
        judgement = judge(record.verdict, item.case.expect, {})
        return Result(str(item.path), item.path, record.verdict, judgement, seconds=sum(record.seconds.values()))

    def close(self) -> None:
        """Ends the worker process."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _run_up_to(self, item: CaseItem) -> None:
        """Runs cases until this one is done; if another one stops the worker, this one runs alone."""
        if self._stream is None:
            waiting = [item, *(other for other in self._waiting if other is not item)]
            self._stream = _run(waiting)
        try:
            self._take(self._stream, item)
        except FencepostError:
            self.close()
        if item not in self._done:
            self.close()
            self._waiting.pop(item, None)
            self._take(_run([item]), item)

    def _take(self, stream: Generator[tuple[CaseItem, Record]], wanted: CaseItem) -> None:
        for item, record in stream:
            self._done[item] = record
            self._waiting.pop(item, None)
            if item is wanted:
                return


RUNNER = pytest.StashKey[Runner]()


def runner_of(session: pytest.Session) -> Runner:
    """The session's runner, made when the first case runs and ended with the session."""
    runner = session.stash.get(RUNNER, None)
    if runner is None:
        runner = Runner([item for item in session.items if isinstance(item, CaseItem)])
        session.stash[RUNNER] = runner
        session.config.add_cleanup(runner.close)
    return runner


def _run(items: list[CaseItem]) -> Generator[tuple[CaseItem, Record]]:
    source = ListSource(tuple(item.case for item in items), tuple(str(item.path) for item in items))
    stream = Pool(source, Plan(native=default_native()), thin=False).records()
    try:
        for record in stream:
            if record is not None:
                yield items[record.index], record
    finally:
        stream.close()  # type: ignore[attr-defined]  # a generator, as its finally clause says
