"""The output folder of a campaign: its database, its findings, its logs.

All SQL is here. A finding is written as files first, synchronised, and as a row after; a
folder without a row, which a kill between the two leaves, is adopted when the folder is
opened again. The position goes in one transaction with the statistics that belong to it,
after the findings that it passes; so cases that a kill makes run again find their rows
there, and nothing is lost or counted twice. Of a key the `CASES_PER_KEY` cases with the
least indices are kept, the rest counted: what is kept does not depend on the order in
which workers find it.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.durable import LineFile, remove_folder, remove_unfinished
from harness.errors import EnvironmentFailure, FencepostError, FileError, UsageError, from_os
from harness.finding import Finding, read_finding, write_finding
from harness.lock import FolderLock
from harness.position import Position

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.case import Case
    from harness.record import Record

SCHEMA_VERSION = 2
CASES_PER_KEY = 10
SCHEMA = f"""
BEGIN;
CREATE TABLE campaign (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE progress (one INTEGER PRIMARY KEY CHECK (one = 1), elapsed REAL NOT NULL, position TEXT NOT NULL,
                       statistics TEXT NOT NULL) STRICT;
CREATE TABLE keys (key TEXT PRIMARY KEY, verdict TEXT NOT NULL, oracle TEXT NOT NULL, detail TEXT NOT NULL,
                   cases INTEGER NOT NULL) STRICT;
CREATE TABLE findings (key TEXT NOT NULL REFERENCES keys (key), case_index INTEGER NOT NULL, folder TEXT UNIQUE,
                       evidence TEXT NOT NULL, PRIMARY KEY (key, case_index)) STRICT, WITHOUT ROWID;
PRAGMA user_version = {SCHEMA_VERSION};
COMMIT;
"""
COUNT_KEY = "INSERT INTO keys VALUES (?, ?, ?, ?, 1) ON CONFLICT (key) DO UPDATE SET cases = cases + 1"
ADD_FINDING = "INSERT INTO findings VALUES (?, ?, ?, ?)"
KEPT = "SELECT case_index, folder FROM findings WHERE key = ? AND folder IS NOT NULL ORDER BY case_index"
FORGET_FOLDER = "UPDATE findings SET folder = NULL, evidence = '' WHERE folder = ?"
KNOWN = "SELECT folder FROM findings WHERE key = ? AND case_index = ?"
DAMAGED = ("SQLITE_NOTADB", "SQLITE_CORRUPT", "SQLITE_ERROR")
"""SQLite's names for a file that is none of its databases, a broken one, one without our tables."""
HINT = "free some space, or name another folder with --out"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a campaign has come.

    Attributes:
        elapsed: seconds, of all sessions.
        statistics: of the cases that ``position`` holds, as the statistics themselves wrote them.
    """

    elapsed: float
    position: Position
    statistics: dict[str, Any]


class Store:
    """An open output folder; one process at a time.

    Args:
        folder: made if it is not there.
        resume: whether it must hold a campaign, or must not.

    Attributes:
        configuration: what `configure` was given, by this or an earlier session.
        adopted: findings that an earlier session had no time to write down in the database.

    Raises:
        UsageError: it holds a campaign, or none; it is of another version; another
            process uses it.
        FileError: its database is damaged.
        EnvironmentFailure: it cannot be written.
    """

    def __init__(self, folder: Path, *, resume: bool = False) -> None:
        self.folder = folder
        if resume and not any((folder / name).exists() for name in ("campaign.db", "findings")):
            raise self._nothing_to_resume()
        with self._writing():
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = FolderLock.take(folder)
        try:
            with self._writing():
                self._database = self._open(resume=resume)
                self.configuration = self._configuration()
                self._stats = LineFile(folder / "stats.jsonl")
                self._log = LineFile(folder / "log.txt")
                self.adopted = self._adopt()
        except BaseException:
            self._lock.release()
            raise

    def configure(self, configuration: dict[str, Any]) -> None:
        """Records the effective configuration."""
        rows = [(name, json.dumps(value)) for name, value in configuration.items()]
        with self._transaction():
            self._database.executemany("INSERT OR REPLACE INTO campaign VALUES (?, ?)", rows)
        self.configuration |= configuration

    def progress(self) -> Progress | None:
        """How far an earlier session has come; `None` if it wrote nothing.

        Raises:
            FileError: the database is damaged.
        """
        with self._writing():
            row = self._database.execute("SELECT elapsed, position, statistics FROM progress").fetchone()
        if row is None:
            return None
        elapsed, position, statistics = row
        try:
            return Progress(elapsed, Position.from_json(json.loads(position)), json.loads(statistics))
        except (ValueError, KeyError, TypeError) as error:
            raise self._damaged(f"the position: {error}") from None

    def set_progress(self, progress: Progress) -> None:
        """Notes how far the campaign has come."""
        row = (progress.elapsed, json.dumps(progress.position.to_json()), json.dumps(progress.statistics))
        with self._transaction():
            self._database.execute("INSERT OR REPLACE INTO progress VALUES (1, ?, ?, ?)", row)

    def add_finding(self, record: Record, case: Case) -> Path | None:
        """Keeps a finding; one that is known already changes nothing.

        Returns:
            Its folder; `None` if there are enough of its key.
        """
        finding = Finding(record.index, record.verdict)
        with self._writing():
            known = self._known(finding)
            if known is not None:
                return self.folder / "findings" / known if known else None
            folder = self._folder_for(finding)
            if folder is not None:
                write_finding(folder, record, case)
            self._add(finding, folder)
        return folder

    def add_statistics(self, statistics: dict[str, Any]) -> None:
        """Appends a line to `stats.jsonl`."""
        with self._writing():
            self._stats.append(json.dumps(statistics))

    def log(self, line: str) -> None:
        """Appends a line to `log.txt`."""
        with self._writing():
            self._log.append(line)

    def close(self) -> None:
        """Closes everything and gives the folder free. Never raises for a full disk."""
        self._stats.close()
        self._log.close()
        with suppress(sqlite3.Error):
            self._database.close()
        self._lock.release()

    def _open(self, *, resume: bool) -> sqlite3.Connection:
        database = sqlite3.connect(self.folder / "campaign.db", isolation_level=None)
        try:
            self._make_ready(database, resume=resume)
        except sqlite3.DatabaseError as error:
            database.close()
            if getattr(error, "sqlite_errorname", "") in DAMAGED:
                raise self._damaged(str(error)) from None
            raise
        except FencepostError:
            database.close()
            raise
        return database

    def _make_ready(self, database: sqlite3.Connection, *, resume: bool) -> None:
        """Looks at what the database holds, and makes the tables of a new one."""
        version = self._checked_version(database)
        begun = version and database.execute("SELECT count(*) FROM campaign").fetchone()[0]
        if not begun and any((self.folder / "findings").glob("*")):
            raise self._damaged("it is empty, but there are findings")
        if begun and not resume:
            hint = "continue it with --resume, or leave --out away for a fresh one"
            raise UsageError("the folder holds a campaign already", str(self.folder), hint)
        if resume and not begun:
            raise self._nothing_to_resume()
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        if not version:
            database.executescript(SCHEMA)

    def _nothing_to_resume(self) -> UsageError:
        return UsageError("the folder holds no campaign to resume", str(self.folder), "leave --resume away")

    def _checked_version(self, database: sqlite3.Connection) -> int:
        """The version of the schema, 0 for an empty database."""
        [version] = database.execute("PRAGMA user_version").fetchone()
        if version not in (0, SCHEMA_VERSION):
            newer = version > SCHEMA_VERSION
            hint = "resume it with the Fencepost that wrote it" if newer else "start another campaign"
            words = f"the folder is of a{' newer' if newer else 'n older'} version: schema {version}"
            raise UsageError(f"{words}, this Fencepost reads {SCHEMA_VERSION}", str(self.folder), hint)
        [result] = database.execute("PRAGMA quick_check(1)").fetchone()
        if result != "ok":
            raise self._damaged(result)
        return int(version)

    def _damaged(self, reason: str) -> FileError:
        hint = f"its findings are whole: fencepost replay {self.folder / 'findings'}; start another campaign"
        return FileError(f"the database is damaged: {reason}", str(self.folder / "campaign.db"), hint)

    def _configuration(self) -> dict[str, Any]:
        rows = self._database.execute("SELECT name, value FROM campaign").fetchall()
        try:
            return {name: json.loads(value) for name, value in rows}
        except ValueError as error:
            raise self._damaged(f"the configuration: {error}") from None

    def _known(self, finding: Finding) -> str | None:
        """The folder of a finding in the database, empty if it is only counted; `None` if it is not there."""
        row = self._database.execute(KNOWN, (finding.verdict.key, finding.index)).fetchone()
        return None if row is None else row[0] or ""

    def _folder_for(self, finding: Finding) -> Path | None:
        kept = self._database.execute(KEPT, (finding.verdict.key,)).fetchall()
        if len(kept) >= CASES_PER_KEY and kept[-1][0] < finding.index:
            return None
        return self.folder / "findings" / finding.folder_name

    def _add(self, finding: Finding, folder: Path | None) -> None:
        """Writes the rows of a finding; the last folder of its key makes room for it."""
        verdict = finding.verdict
        name, evidence = (folder.name, verdict.evidence) if folder else (None, "")
        with self._transaction():
            self._database.execute(COUNT_KEY, (verdict.key, verdict.kind.value, verdict.oracle, verdict.detail))
            self._database.execute(ADD_FINDING, (verdict.key, finding.index, name, evidence))
            surplus = self._database.execute(KEPT, (verdict.key,)).fetchall()[CASES_PER_KEY:]
            for _, gone in surplus:
                self._database.execute(FORGET_FOLDER, (gone,))
        for _, gone in surplus:
            remove_folder(self.folder / "findings" / gone)

    def _adopt(self) -> int:
        """Takes up what a kill has left: folders without a row."""
        findings = self.folder / "findings"
        remove_unfinished(findings)
        known = {folder for (folder,) in self._database.execute("SELECT folder FROM findings")}
        adopted = 0
        for folder in sorted(findings.glob("*")):
            finding = read_finding(folder) if folder.name not in known else None
            if finding is None or finding.folder_name != folder.name:
                continue
            keep = self._known(finding) is None and self._folder_for(finding) is not None
            if self._known(finding) is None:
                self._add(finding, folder if keep else None)
                adopted += 1
            if not keep:
                remove_folder(folder)  # a kill came before its removal
        return adopted

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._writing(), self._database:
            self._database.execute("BEGIN IMMEDIATE")
            yield

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise from_os(error, str(self.folder), "write the output folder", hint=HINT) from None
        except sqlite3.Error as error:
            raise EnvironmentFailure(f"cannot write the database: {error}", str(self.folder), HINT) from None


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
