"""`fencepost run`: a program's streams, files and exit code are those of the process, its faults one line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Fencepost

ROOT = Path(__file__).parents[2]
STREAMS = ROOT / "corpus" / "wasi_streams.wat"
FILES = ROOT / "corpus" / "wasi_files.wat"
EXECUTORS = ("jit", "jit-unoptimized", "interpreter", "reference")
ENVIRON = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
COMMAND = [sys.executable, "-m", "harness", "run"]
ENDLESS = '(module (memory (export "memory") 1) (func (export "_start") (loop (br 0))))'
WRITE = '(import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))'
CHATTY = f"""(module {WRITE}
  (memory (export "memory") 1)
  (data (i32.const 0) "\\10\\00\\00\\00\\06\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00hello\\n")
  (func (export "_start")
    (loop
      (br_if 0 (i32.eqz (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
    unreachable))"""


def wat(folder: Path, text: str) -> Path:
    path = folder / "program.wat"
    path.write_text(text)
    return path


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("quick", [True, False], ids=["quick", "by click"])
def test_a_program_has_arguments_environment_and_streams(executor: str, quick: bool) -> None:
    options = ["--executor", executor, "--env", "NAME=value", "--env=OTHER=1"][: 4 if quick else 5]
    command = [*COMMAND, *options, str(STREAMS), "--one", "two words"]
    done = subprocess.run(command, input=b"what comes in\n", capture_output=True, env=ENVIRON, check=False, timeout=60)
    environment = b"NAME=value\0" + (b"" if quick else b"OTHER=1\0")
    assert done.stdout == os.fsencode(STREAMS) + b"\0--one\0two words\0" + environment + b"what comes in\n"
    assert (done.returncode, done.stderr) == (3, b"")


def test_a_variable_without_a_value_is_passed_on() -> None:
    command = [*COMMAND, "--env", "HOME", str(STREAMS)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, env=ENVIRON, check=False, timeout=60)
    assert done.stdout.endswith(b"\0HOME=" + os.fsencode(os.environ["HOME"]) + b"\0")


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_program_works_in_the_folder_it_is_given(fencepost: Fencepost, tmp_path: Path, executor: str) -> None:
    work = tmp_path / "work"
    (work / "empty").mkdir(parents=True)
    (work / "in").write_text("content")
    result = fencepost("run", "--executor", executor, "--dir", f"{work}::.", FILES)
    assert (result.returncode, result.stderr) == (63, ""), "the number of what it was not allowed to open"
    assert (work / "out").read_bytes() == b"contentcontent\0\0\0content"
    assert (work / "made" / "in").read_text() == "content"
    assert sorted(path.name for path in work.iterdir()) == ["link", "made", "out"]


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_trap_is_one_line(fencepost: Fencepost, tmp_path: Path, executor: str) -> None:
    start = '(memory 1) (func (export "_start") (drop (i32.load (i32.const 65533))))'
    path = wat(tmp_path, f"(module {start})")
    result = fencepost("run", "--executor", executor, path)
    [line] = result.stderr.splitlines()
    assert line.startswith("fencepost: error: the program trapped: heap_out_of_bounds at load ")
    assert line.endswith(f"({path})")
    assert result.returncode == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            '(import "wasi_snapshot_preview1" "sock_open" (func))',
            "import wasi_snapshot_preview1.sock_open: there is no such",
        ),
        ('(import "env" "f" (func))', "import env.f: there is no such function"),
        ('(import "wasi_snapshot_preview1" "fd_close" (func))', r"fd_close as () -> (), since it is (i32) -> (i32)"),
        ('(import "env" "m" (memory 1))', "import env.m: a program is given functions only"),
    ],
)
def test_a_missing_import_is_named(fencepost: Fencepost, tmp_path: Path, text: str, words: str) -> None:
    result = fencepost("run", wat(tmp_path, f'(module {text} (func (export "_start")))'))
    [line] = result.stderr.splitlines()
    assert line.startswith("fencepost: error: cannot run the program: ")
    assert words in line
    assert result.returncode == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing.wasm"], "cannot read the program: no such file or directory (missing.wasm)"),
        (["/dev/zero"], "the file is too large (/dev/zero)"),
        (["--max-memory", "5GiB", str(STREAMS)], "'5GiB' is more than 4GiB"),
        ([str(STREAMS), "a\udcff"], "'a\\udcff' is not UTF-8, as what a program is given must be"),
        (["--dir", "missing", str(STREAMS)], "cannot read the folder: no such file or directory (missing)"),
        (["--executor", "nobody", str(STREAMS)], "'nobody' is not one of"),
        (["--fuel", "5", str(STREAMS)], "jit does not count operations (--fuel)"),
        (["--invoke", "nothing", str(STREAMS)], "there is no exported function 'nothing'"),
        (["--invoke", "_start", str(STREAMS), "1"], "'_start' takes (), not 1 arguments"),
        ([str(ROOT / "corpus" / "tail_calls.wat")], "no such function is exported"),
        ([], "Missing argument 'FILE'"),
    ],
)
def test_bad_usage_is_one_line(fencepost: Fencepost, arguments: list[str], words: str) -> None:
    result = fencepost("run", *arguments)
    [line] = result.stderr.splitlines()
    assert line.startswith("fencepost: error: ")
    assert words in line
    assert result.returncode == 2


def test_an_invoked_function_prints_its_results(fencepost: Fencepost, tmp_path: Path) -> None:
    body = "(param i32 i64 f64) (result f64 i32 i64) local.get 2 local.get 0 local.get 1"
    path = wat(tmp_path, f'(module (func (export "f") {body}))')
    result = fencepost("run", "--invoke", "f", path, "-1", "0x10", "2.5")
    assert (result.returncode, result.stdout, result.stderr) == (0, "2.5\n-1\n16\n", "")
    assert "'x' is no i64" in fencepost("run", "--invoke", "f", path, "1", "x", "1").stderr


def test_a_reactor_is_initialized_first(fencepost: Fencepost, tmp_path: Path) -> None:
    text = """(module (global $g (mut i32) (i32.const 1))
      (func (export "_initialize") (global.set $g (i32.const 7)))
      (func (export "f") (result i32) (global.get $g)))"""
    assert fencepost("run", "--invoke", "f", wat(tmp_path, text)).stdout == "7\n"


@pytest.mark.parametrize("executor", ["jit", "interpreter"])
def test_a_program_without_end_is_stopped(fencepost: Fencepost, tmp_path: Path, executor: str) -> None:
    path = wat(tmp_path, ENDLESS)
    result = fencepost("run", "--executor", executor, "--timeout", "1s", path)
    assert result.stderr == f"fencepost: error: the program was stopped after 1 s ({path}); --timeout allows it more\n"
    assert result.returncode == 1


def test_fuel_ends_the_interpreter(fencepost: Fencepost, tmp_path: Path) -> None:
    result = fencepost("run", "--executor", "interpreter", "--fuel", "1000", wat(tmp_path, ENDLESS))
    assert "the program trapped: out_of_fuel" in result.stderr
    assert result.returncode == 1


@pytest.mark.parametrize("executor", ["jit", "interpreter"])
def test_interrupt_ends_it_at_once(tmp_path: Path, executor: str) -> None:
    command = [*COMMAND, "--executor", executor, str(wat(tmp_path, CHATTY))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRON) as process:
        assert process.stdout is not None
        assert process.stdout.read(6) == b"hello\n"
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == -signal.SIGINT


@pytest.mark.parametrize("executor", ["jit", "interpreter"])
def test_output_that_is_closed_early_ends_quietly(tmp_path: Path, executor: str) -> None:
    """The program is told so by the number `pipe`, and this one traps."""
    command = [*COMMAND, "--executor", executor, str(wat(tmp_path, CHATTY))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRON) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(6) == b"hello\n"
        process.stdout.close()
        deadline = time.monotonic() + 30
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_a_full_disk_is_an_error_of_the_program(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        command = [*COMMAND, str(wat(tmp_path, CHATTY))]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, env=ENVIRON, check=False, timeout=60)
    assert b"the program trapped: unreachable" in done.stderr
    assert done.returncode == 1


def test_exit_codes_keep_what_a_process_can_say(fencepost: Fencepost, tmp_path: Path) -> None:
    exit_with = '(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))'
    for code, shown in [(0, 0), (7, 7), (255, 255), (256, 1), (-1, 255)]:
        start = f'(memory (export "memory") 1) (func (export "_start") (call $exit (i32.const {code})))'
        result = fencepost("run", wat(tmp_path, f"(module {exit_with} {start})"))
        assert (result.returncode, result.stderr) == (shown, ""), code


def test_a_planted_fault_is_announced_and_an_escape_is_told(fencepost: Fencepost, tmp_path: Path) -> None:
    start = '(memory 40000) (func (export "_start") (drop (i32.load (i32.const 0x90000000))))'
    result = fencepost("run", "--fault", "02", "--max-memory", "3GiB", wat(tmp_path, f"(module {start})"))
    *banner, line = result.stderr.splitlines()
    assert "planted fault 02" in banner[0]
    assert line.startswith("fencepost: error: an access left the arena: read at offset -"), line
    assert result.returncode == 1


def test_options_may_stand_in_the_configuration(fencepost: Fencepost, tmp_path: Path) -> None:
    (tmp_path / "fencepost.toml").write_text('[run]\nexecutor = "interpreter"\nfuel = 10\n')
    assert "out_of_fuel" in fencepost("run", wat(tmp_path, ENDLESS)).stderr


def test_the_start_imports_no_library_for_command_lines(tmp_path: Path) -> None:
    """A small program starts in the time that the import of click alone would take."""
    code = (
        "import sys; from harness.cli import run; code = run(['run', sys.argv[1]]);"
        "print(sorted(sys.modules.keys() & {'click', 'dataclasses', 'typing', 're', 'wasmtime', 'rich'}), code)"
    )
    path = wat(tmp_path, '(module (func (export "_start")))')
    done = subprocess.run(
        [sys.executable, "-S", "-c", code, str(path)],
        capture_output=True,
        text=True,
        env=ENVIRON,
        check=False,
        timeout=60,
    )
    assert done.stdout == "[] 0\n", done.stderr


@pytest.mark.parametrize(
    ("text", "words", "code"),
    [
        ('(memory 40000) (func (export "_start"))', "memory limit (40000 pages)", 2),
        ('(func $f (export "_start") (call $f))', "the program trapped: stack_overflow", 1),
        ('(func $s unreachable) (start $s) (func (export "_start"))', "the program trapped: unreachable", 1),
        ('(func (export "_start") (param i32))', "0 arguments for 1 parameters", 2),
        ('(func (export "_start") (result i32))', "not a valid module", 2),
    ],
)
def test_what_cannot_go_well_is_one_line(
    fencepost: Fencepost, tmp_path: Path, text: str, words: str, code: int
) -> None:
    result = fencepost("run", wat(tmp_path, f"(module {text})"))
    [line] = result.stderr.splitlines()
    assert words in line
    assert result.returncode == code


def test_memory_grows_to_its_limit_and_no_further(fencepost: Fencepost, tmp_path: Path) -> None:
    grow = "(loop (br_if 0 (i32.ne (memory.grow (i32.const 100)) (i32.const -1))))"
    path = wat(tmp_path, f'(module (memory 1) (func (export "grow") (result i32) {grow} (memory.size)))')
    assert fencepost("run", "--invoke", "grow", path).stdout == "4001\n"
    assert fencepost("run", "--max-memory", "64MiB", "--invoke", "grow", path).stdout == "1001\n"


@pytest.mark.parametrize("executor", EXECUTORS[:3])
def test_what_is_printed_to_closed_descriptors_goes_into_no_file(tmp_path: Path, executor: str) -> None:
    kept = tmp_path / "kept"
    kept.write_text("what the guest only opens")
    module = f"""(module {WRITE}
      (import "wasi_snapshot_preview1" "path_open"
        (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
      (memory (export "memory") 1)
      (data (i32.const 0) "\\10\\00\\00\\00\\04\\00\\00\\00") (data (i32.const 16) "kept")
      (func (export "_start")
        (if (call $open (i32.const 3) (i32.const 0) (i32.const 16) (i32.const 4) (i32.const 0)
            (i64.const 66) (i64.const 0) (i32.const 0) (i32.const 32)) (then unreachable))
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
        (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))))"""
    program = wat(tmp_path, module)
    command = [*COMMAND, "--executor", executor, "--dir", f"{tmp_path}::.", str(program)]
    closing = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *command]
    assert subprocess.run(closing, env=ENVIRON, check=False).returncode == 0
    assert kept.read_text() == "what the guest only opens"
