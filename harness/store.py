"""The output folder of a campaign: its database, its findings, its logs.

All SQL is here. A finding is written as files first and as a row after, so that what the
database names is there. At most `CASES_PER_KEY` cases of a key are kept, the rest counted.
"""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from harness.case_file import file_of
from harness.errors import EnvironmentFailure, FileError, UsageError, from_os

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.case import Case
    from harness.record import Record

SCHEMA_VERSION = 1
CASES_PER_KEY = 10
DEFAULT_ROOT = Path("fencepost-out")
SCHEMA = """
CREATE TABLE campaign (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE keys (key TEXT PRIMARY KEY, verdict TEXT NOT NULL, oracle TEXT NOT NULL, detail TEXT NOT NULL,
                   cases INTEGER NOT NULL) STRICT;
CREATE TABLE findings (folder TEXT PRIMARY KEY, key TEXT NOT NULL REFERENCES keys (key), case_index INTEGER NOT NULL,
                       evidence TEXT NOT NULL) STRICT;
"""
COUNT = """
INSERT INTO keys VALUES (?, ?, ?, ?, 1) ON CONFLICT (key) DO UPDATE SET cases = cases + 1 RETURNING cases
"""


class Store:
    """An open output folder; one process at a time.

    Args:
        folder: made if it is not there; must not hold a campaign.

    Raises:
        UsageError: it holds a campaign.
        EnvironmentFailure: it cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with self._writing():
            self._claim()
            self._database = sqlite3.connect(folder / "campaign.db", isolation_level=None)
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = NORMAL")
            self._database.executescript(SCHEMA)
            self._database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            self._stats: TextIO = (folder / "stats.jsonl").open("a")
            self._log: TextIO = (folder / "log.txt").open("a")

    def configure(self, configuration: dict[str, Any]) -> None:
        """Records the effective configuration."""
        rows = [(name, json.dumps(value)) for name, value in configuration.items()]
        with self._writing():
            self._database.executemany("INSERT OR REPLACE INTO campaign VALUES (?, ?)", rows)

    def add_finding(self, record: Record, case: Case) -> Path | None:
        """Keeps a finding.

        Returns:
            Its folder; `None` if there are enough of its key.
        """
        verdict = record.verdict
        with self._writing():
            known = self._database.execute("SELECT cases FROM keys WHERE key = ?", (verdict.key,)).fetchone()
            count = known[0] + 1 if known else 1
            folder = self._write_finding(record, case, count) if count <= CASES_PER_KEY else None
            with self._database:
                self._database.execute("BEGIN")
                row = (verdict.key, verdict.kind.value, verdict.oracle, verdict.detail)
                self._database.execute(COUNT, row).fetchall()
                if folder is not None:
                    finding = (folder.name, verdict.key, record.index, verdict.evidence)
                    self._database.execute("INSERT INTO findings VALUES (?, ?, ?, ?)", finding)
        return folder

    def add_statistics(self, statistics: dict[str, Any]) -> None:
        """Appends a line to `stats.jsonl`."""
        with self._writing():
            print(json.dumps(statistics), file=self._stats, flush=True)

    def log(self, line: str) -> None:
        """Appends a line to `log.txt`."""
        with self._writing():
            print(line, file=self._log, flush=True)

    def close(self) -> None:
        """Closes everything and gives the folder free. Never raises for a full disk."""
        for file in (self._stats, self._log):
            with suppress(OSError):
                file.close()
        with suppress(sqlite3.Error):
            self._database.close()
        with suppress(OSError):
            (self.folder / "lock").unlink()

    def _claim(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if (self.folder / "campaign.db").exists():
            hint = "name another folder, or leave --out away for a fresh one"
            raise UsageError("the folder holds a campaign already", str(self.folder), hint)
        try:
            lock = os.open(self.folder / "lock", os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        except FileExistsError:
            pid = (self.folder / "lock").read_text().strip()
            raise UsageError(f"process {pid} is using the folder", str(self.folder), "name another folder") from None
        with os.fdopen(lock, "w") as file:
            file.write(f"{os.getpid()}\n")

    def _write_finding(self, record: Record, case: Case, count: int) -> Path:
        verdict = record.verdict
        name = f"{verdict.kind.value}-{verdict.key8}" + (f"-{count}" if count > 1 else "")
        folder = self.folder / "findings" / name
        folder.mkdir(parents=True, exist_ok=True)
        suffix, data = file_of(case)
        (folder / f"case.{suffix}").write_bytes(data)
        finding = {
            "key": verdict.key,
            **asdict(verdict),
            "case": record.index,
            "history": case.history,
            "outcomes": record.lines,
        }
        (folder / "finding.json").write_text(json.dumps(finding, indent=2) + "\n")
        return folder

    @contextmanager
    def _writing(self) -> Iterator[None]:
        hint = "free some space, or name another folder with --out"
        try:
            yield
        except OSError as error:
            raise from_os(error, str(self.folder), "write the output folder", hint=hint) from None
        except sqlite3.Error as error:
            raise EnvironmentFailure(f"cannot write the database: {error}", str(self.folder), hint) from None


def read_configuration(folder: Path) -> dict[str, Any]:
    """The configuration of a campaign, running or not.

    Raises:
        FileError: the database is not there, damaged, or of another version.
    """
    path = folder / "campaign.db"
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            [version] = database.execute("PRAGMA user_version").fetchone()
            if version != SCHEMA_VERSION:
                raise FileError(f"the database has schema {version}, this Fencepost reads {SCHEMA_VERSION}", str(path))
            return {name: json.loads(value) for name, value in database.execute("SELECT name, value FROM campaign")}
    except (sqlite3.Error, ValueError) as error:
        raise FileError(f"cannot read the database: {error}", str(path)) from None


def fresh_folder(root: Path = DEFAULT_ROOT) -> Path:
    """Makes the next numbered folder below ``root`` and points ``latest`` at it.

    Raises:
        EnvironmentFailure: ``root`` cannot be written.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        numbers = [int(path.name) for path in root.iterdir() if path.name.isdecimal()]
        folder = root / f"{max(numbers, default=0) + 1:04}"
        folder.mkdir()
        latest = root / "latest"
        latest.unlink(missing_ok=True)
        latest.symlink_to(folder.name)
    except OSError as error:
        raise from_os(error, str(root), "write the output folder", hint="name another folder with --out") from None
    return folder
