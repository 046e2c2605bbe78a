"""A disk that is full: the campaign goes on and says so; resumed with room, it has lost nothing.

A limit on the size of files stands for the disk: it hits the database, whose log grows, in the middle
of the campaign.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

# What stands for a full disk here, a limit on files, refuses cells their memory, too.
OPTIONS = ("--seed", "1", "--native", "in-process", "--fault", "02", "--reference", "none", "--no-tty", "--out")
CASES = "150"
FILE_BYTES = 96 << 10


def fuzz(folder: Path, *options: str, file_bytes: int = resource.RLIM_INFINITY) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness", "fuzz", *OPTIONS, *options],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, resource.RLIM_INFINITY)),
    )


def test_a_full_disk_is_survived_and_said(tmp_path: Path) -> None:
    full = fuzz(tmp_path, "full", "--cases", CASES, file_bytes=FILE_BYTES)
    assert full.returncode == 3, full.stderr
    assert f" s: {CASES} cases, " in full.stderr, "the campaign came to its end"
    assert "; the campaign goes on" in full.stderr
    assert "base64 of a .wasm file" in full.stderr
    last = full.stderr.splitlines()[-1]
    assert last.startswith("fencepost: error: cannot write the database: ")
    assert last.endswith("(full); free some space, or name another folder with --out")
    assert "Traceback" not in full.stderr
    assert not (tmp_path / "full" / "lock").exists()
    resumed = fuzz(tmp_path, "full", "--resume")
    assert resumed.returncode == 1, resumed.stderr
    undisturbed = fuzz(tmp_path, "roomy", "--cases", CASES)
    assert undisturbed.returncode == 1, undisturbed.stderr
    findings = [
        {
            str(path.relative_to(folder)): path.read_bytes()
            for path in (folder / "findings").rglob("*")
            if path.is_file()
        }
        for folder in (tmp_path / "full", tmp_path / "roomy")
    ]
    assert findings[0] == findings[1]


def test_a_disk_without_any_room_is_one_line(tmp_path: Path) -> None:
    result = fuzz(tmp_path, "full", "--cases", CASES, file_bytes=1 << 10)
    assert result.returncode == 3
    assert result.stderr.splitlines()[-1].startswith("fencepost: error: cannot write the database: ")
    assert "Traceback" not in result.stderr
