"""Keeps what a campaign finds, through times in which its output folder cannot be written.

What cannot be stored is printed whole, so that it survives whatever comes next, and kept
to be stored later; the campaign goes on. That something cannot be written is said once,
and once that it can again.
"""

from __future__ import annotations

import base64
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from harness.case_file import file_of
from harness.errors import EnvironmentFailure
from harness.printable import printable, quoted_lines
from harness.store import CASES_PER_KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.case import Case
    from harness.record import Record
    from harness.store import Progress, Store


@dataclass(slots=True)
class Keeper:
    """Writes to a store what can be written.

    Attributes:
        found: called once with each finding and its folder, empty if it has none: enough of
            its kind are there, or it cannot be written.
        unsaved: findings that are not stored yet, with their cases, oldest first; no more of
            a key than would be stored.
        troubles: why the last attempt failed, by what it was to write: ``findings``,
            ``progress``, ``statistics``.
    """

    store: Store
    found: Callable[[Record, str], None]
    unsaved: list[tuple[Record, Case]] = field(default_factory=list)
    troubles: dict[str, EnvironmentFailure] = field(default_factory=dict)
    _of_key: Counter[str] = field(default_factory=Counter)

    @property
    def trouble(self) -> EnvironmentFailure | None:
        """Why not everything is stored; `None` if it is."""
        return next(iter(self.troubles.values()), None)

    def keep(self, record: Record, case: Case, elapsed: float) -> None:
        """Stores a finding, or else prints it."""
        if "findings" not in self.troubles:
            with self._attempt("findings"):
                self.found(record, self._store(record, case, elapsed))
                return
        self.found(record, "")
        self._of_key[record.verdict.key] += 1
        if self._of_key[record.verdict.key] <= CASES_PER_KEY:
            self.unsaved.append((record, case))
            print_finding(record, case)

    def save(self, progress: Progress) -> None:
        """Stores what could not be stored before, and then how far the campaign is."""
        with self._attempt("findings"):
            while self.unsaved:
                self._store(*self.unsaved[0], progress.elapsed)
                del self.unsaved[0]
            self._of_key.clear()
        if not self.unsaved:
            with self._attempt("progress"):
                self.store.set_progress(progress)

    def report(self, statistics: dict[str, Any]) -> None:
        """Appends a line of statistics."""
        with self._attempt("statistics"):
            self.store.add_statistics(statistics)

    def _store(self, record: Record, case: Case, elapsed: float) -> str:
        folder = self.store.add_finding(record, case)
        self.store.log(f"{elapsed:.1f} s: case {record.index}: {printable(record.verdict.key)}")
        return "" if folder is None else str(folder)

    @contextmanager
    def _attempt(self, what: str) -> Iterator[None]:
        try:
            yield
        except EnvironmentFailure as error:
            if what not in self.troubles:
                click.echo(f"fencepost: warning: {what}: {error}; the campaign goes on", err=True)
            self.troubles[what] = error
        else:
            if self.troubles.pop(what, None) is not None:
                click.echo(f"fencepost: {what} can be written again", err=True)


def print_finding(record: Record, case: Case) -> None:
    """The last resort: a finding that cannot be stored, whole, on standard error."""
    suffix, data = file_of(case)
    text = base64.b64encode(data).decode()
    click.echo(f"fencepost: finding {printable(record.verdict.key)}", err=True)
    for line in quoted_lines(record.verdict.evidence):
        click.echo(line, err=True)
    click.echo(f"fencepost: its case, base64 of a .{suffix} file: {text}", err=True)
