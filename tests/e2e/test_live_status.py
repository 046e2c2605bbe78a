"""The live status on a real terminal, a narrow one, and the report of a campaign that is still running."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from dataclasses import dataclass, field
from pathlib import Path
from select import select
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
COLUMNS, ROWS = 40, 50
PATIENCE_SECONDS = 90
SHOW_CURSOR, HIDE_CURSOR = "\x1b[?25h", "\x1b[?25l"
CONTROLS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(slots=True)
class Terminal:
    """A command line on a terminal, and all that it has written there."""

    process: subprocess.Popen[bytes]
    end: int
    written: bytearray = field(default_factory=bytearray)

    @property
    def text(self) -> str:
        return self.written.decode(errors="replace")

    def read_until(self, done: Callable[[str], bool]) -> None:
        """Reads until it has written enough, or nobody is left to write."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not done(self.text):
            assert time.monotonic() < deadline, self.text
            if not select([self.end], [], [], 0.2)[0]:
                continue
            try:
                self.written += os.read(self.end, 65536)
            except OSError:  # the other side is closed
                return

    @property
    def lines(self) -> list[str]:
        """What it wrote, without what moves the cursor and colours."""
        whole = self.text[: self.text.rfind("\n") + 1]  # what follows may be cut within a control sequence
        return CONTROLS.sub("", whole).replace("\r", "\n").splitlines()


@pytest.fixture
def campaign(tmp_path: Path) -> Iterator[Terminal]:
    """A campaign without end on a narrow terminal."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", "fuzz", "--seed", "1", "--out", str(tmp_path / "out")],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env=environment | {"TERM": "xterm-256color"},
    )
    os.close(theirs)
    yield Terminal(process, ours)
    process.kill()
    process.wait()
    os.close(ours)


def has_lines(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def test_a_narrow_terminal_is_enough_and_is_left_as_it_was(campaign: Terminal, tmp_path: Path) -> None:
    stats = tmp_path / "out" / "stats.jsonl"
    campaign.read_until(lambda text: re.search(r"workers.*running", text) is not None and has_lines(stats))
    assert {len(line) for line in campaign.lines if line.startswith(("╭", "│", "╰"))} == {COLUMNS}
    for label in ("uptime", "cases", "decided", "all cases", "verdicts", "generators", "coverage", "findings"):
        assert any(line.startswith(f"│ {label}") for line in campaign.lines), label
    report = [sys.executable, "-m", "harness", "report", str(tmp_path / "out")]
    subprocess.run(report, cwd=ROOT, check=True, timeout=PATIENCE_SECONDS, capture_output=True)
    page = (tmp_path / "out" / "report.html").read_text()
    assert "No finding in" in page
    assert "No configuration" not in page
    campaign.process.send_signal(signal.SIGINT)
    campaign.read_until(lambda _: False)
    assert campaign.process.wait(PATIENCE_SECONDS) == 0
    assert "(interrupted)" in CONTROLS.sub("", campaign.text)
    assert campaign.text.rfind(SHOW_CURSOR) > campaign.text.rfind(HIDE_CURSOR)
