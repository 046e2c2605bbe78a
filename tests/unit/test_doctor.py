"""The doctor, shown machines of every kind."""

from __future__ import annotations

import os
import resource
import sys
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement

from harness.doctor import limits, machine, native, packages, tools
from harness.doctor.check import Check, State, judged

if TYPE_CHECKING:
    from pathlib import Path

GIB = 1 << 30
MEMINFO = "MemTotal:       24000000 kB\nMemAvailable:   {} kB\n"


@pytest.mark.parametrize(
    ("check", "state", "words"),
    [
        (machine.system("Linux", "x86_64", "6.1"), State.OK, "Linux 6.1 on x86_64"),
        (machine.system("Linux", "aarch64", "6.1"), State.BROKEN, "Linux 6.1 on aarch64"),
        (machine.system("Darwin", "x86_64", "23"), State.BROKEN, "Darwin 23 on x86_64"),
        (machine.python((3, 11, 7)), State.OK, "3.11.7"),
        (machine.python((3, 10, 1)), State.BROKEN, "3.10.1"),
        (machine.cores(8, ""), State.OK, "8 of 8: use --jobs 8"),
        (machine.cores(8, "max 100000\n"), State.OK, "8 of 8: use --jobs 8"),
        (machine.cores(8, "250000 100000\n"), State.OK, "2.5 of 8: use --jobs 2"),
        (machine.cores(8, "50000 100000\n"), State.LACK, "0.5 of 8: use --jobs 1"),
        (machine.memory(MEMINFO.format(4 << 20), "max\n"), State.OK, "4,096 MiB available"),
        (machine.memory(MEMINFO.format(4 << 20), f"{GIB // 2}\n"), State.LACK, "512 MiB available"),
        (machine.memory(MEMINFO.format(1000), ""), State.LACK, "0 MiB available"),
        (machine.memory("", ""), State.LACK, "unknown"),
        (limits.address_space(resource.RLIM_INFINITY), State.OK, "unlimited"),
        (limits.address_space(100 * GIB), State.OK, "100.0 GiB, an arena reserves 64 GiB"),
        (limits.address_space(64 * GIB), State.BROKEN, "64.0 GiB, an arena reserves 64 GiB"),
        (limits.reservation(64 * GIB), State.OK, "granted"),
        (limits.reservation(1 << 50), State.BROKEN, "refused: cannot allocate memory"),
        (limits.map_count("65530\n"), State.OK, "65,530"),
        (limits.map_count("30000\n"), State.LACK, "30,000"),
        (limits.map_count(""), State.LACK, "unknown"),
        (limits.overcommit("0\n"), State.OK, "0"),
        (limits.overcommit("2\n"), State.LACK, "2 (strict)"),
        (limits.stack(8 << 20), State.OK, "8,192 KiB"),
        (limits.stack(1 << 20), State.LACK, "1,024 KiB"),
        (limits.files(64), State.LACK, "64"),
        (limits.seccomp("Seccomp:\t0\n", "kill_process allow\n"), State.OK, "available"),
        (limits.seccomp("Seccomp:\t2\n", "kill_process"), State.OK, "available; this process is filtered itself"),
        (limits.seccomp("", ""), State.LACK, "not available"),
        (limits.system_call("memfd", lambda: os.memfd_create("test")), State.OK, "granted"),
        (limits.system_call("pidfd", lambda: os.open("/missing", 0)), State.LACK, "refused: no such file or directory"),
        (native.processor([("has_avx", True), ("has_fma", False)]), State.OK, "native code uses avx; not here: fma"),
        (native.run("interpreter", vital=True), State.OK, "runs and traps as it must"),
    ],
)
def test_readings_are_judged(check: Check, state: State, words: str) -> None:
    assert (check.state, check.words) == (state, words)


def test_a_folder_that_cannot_be_written_is_no_place_for_output(tmp_path: Path) -> None:
    assert machine.disk(tmp_path).state is State.OK
    assert machine.disk(tmp_path / "missing").state is State.BROKEN


def test_a_process_that_dies_is_a_broken_executor() -> None:
    check = native.run("no-such-executor", vital=True)
    assert check.state is State.BROKEN
    assert "no-such-executor" in check.words


def test_packages_are_judged_by_what_is_asked_for() -> None:
    needed = Requirement("wasmtime==50.0.1")
    assert packages.package(needed, "50.0.1").state is State.OK
    old = packages.package(needed, "49.0.0")
    assert (old.state, old.words) == (State.BROKEN, "49.0.0, wanted ==50.0.1; it is for the main job")
    assert old.mend == "pip install 'wasmtime==50.0.1'"
    optional = packages.package(Requirement("prometheus_client>=0.20"), None)
    assert (optional.state, optional.words) == (
        State.LACK,
        "not installed, wanted >=0.20; it is for --metrics-port",
    )
    elsewhere = packages.package(Requirement("atheris>=3; sys_platform == 'nowhere'"), None)
    assert (elsewhere.state, elsewhere.words) == (
        State.OK,
        "has no wheel for this Python; without it there is no --driver atheris",
    )


def test_every_package_of_this_environment_is_there() -> None:
    checks = list(packages.checks())
    assert {check.name for check in checks} >= {"wasmtime", "rich", "click"}
    assert {check.state for check in checks} == {State.OK}


def test_tools_are_looked_for_by_every_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    wanted = tools.Tool(("first", "second"), "the tests", "install it")
    missing = tools.tool(wanted)
    assert (missing.state, missing.words, missing.mend) == (State.LACK, "not found; it is for the tests", "install it")
    script = tmp_path / "second"
    script.write_text(f"#!{sys.executable}\nprint('second 1.2')\n")
    script.chmod(0o755)
    assert tools.tool(wanted).words == f"second 1.2 ({script})"
    script.write_text(f"#!{sys.executable}\nraise SystemExit(3)\n")
    assert tools.tool(wanted).state is State.LACK


def test_a_check_has_a_mend_if_and_only_if_there_is_something_to_mend() -> None:
    with pytest.raises(AssertionError):
        Check("group", "name", State.LACK, "words")
    with pytest.raises(AssertionError):
        Check("group", "name", State.OK, "words", "mend")
    assert judged("group", "name", "words", "mend", fine=True).mend == ""
    assert judged("group", "name", "words", "mend", fine=False).state is State.LACK
