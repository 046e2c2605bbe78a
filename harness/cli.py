"""The command line: `fencepost COMMAND`.

Commands are imported when they are called, so that `--help` is quick. Whatever goes wrong
is one line on standard error: ``fencepost: error: WHAT (WHERE); HINT``. Exit codes: 0
clean, 1 finding, 2 usage or bad input, 3 the harness or its environment failed.
"""

from __future__ import annotations

import errno
import importlib
import io
import os
import sys
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

import click

from harness.config_file import config_option
from harness.errors import FencepostError
from harness.printable import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Buffer

COMMANDS = {
    "fuzz": "Attack the engine with generated programs.",
    "check": "Judge your own .wasm, .wat or .clif files.",
    "replay": "Run kept cases again and compare with what is expected.",
    "gate": "Replay the known cases, fuzz briefly, and say yes or no.",
    "report": "Write a campaign as one HTML page.",
    "doctor": "Say what this machine offers and lacks.",
    "explain": "Say what a confused case changed, and where it landed.",
    "layout": "Show where a module's VM structures lie in the arena.",
}
INTERRUPTED = 130
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What only a write comes to: to standard output, since all others are looked after where they are done."""


class _Commands(click.Group):
    """Commands by name, imported late."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        del ctx
        command = importlib.import_module(f"harness.commands.{cmd_name}").command
        assert isinstance(command, click.Command)
        if all(option.name != "config" for option in command.params):
            command.params.append(config_option(COMMANDS))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _print_versions(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    from harness.versions import versions  # noqa: PLC0415 (only for this option)

    for name, version in versions().items():
        click.echo(f"{name} {version}")
    ctx.exit()


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_versions,
    help="Show the versions of all components.",
)
def cli() -> None:
    """Fencepost: an arena engine for WebAssembly, and the fuzzer that attacks it.

    Exit codes: 0 clean, 1 finding, 2 usage or bad input, 3 the harness failed.
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The entry point: runs a command and exits the process."""
    with suppress(OSError):  # closed, as a service may have it
        sys.stderr = io.TextIOWrapper(_LossyFile(2, "w", closefd=False), errors="backslashreplace", write_through=True)
    sys.exit(run(arguments))


class _LossyFile(io.FileIO):
    """Standard error: where nobody can read it, on a full disk say, the work that it tells of still goes on."""

    def write(self, data: Buffer) -> int:
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs a command.

    Returns:
        The exit code.
    """
    given = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    try:
        result: Any = cli.main(args=given, prog_name="fencepost", standalone_mode=False)
    except (KeyboardInterrupt, click.Abort):
        click.echo("fencepost: interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter complains at its end
        return 0
    except Exception as error:  # noqa: BLE001 (the boundary of the process)
        return _fail(*_explanation(error))
    return result if isinstance(result, int) else 0


def _explanation(error: Exception) -> tuple[str, int]:
    """What an error is in one line, and the exit code."""
    match error:
        case FencepostError():
            return str(error), error.exit_code
        case click.ClickException():
            command = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "fencepost"
            return f"{error.format_message().rstrip('.')}; see {command} --help", 2
        case OSError(errno=number) if number in FULL:
            return f"cannot write the output: {str(error.strerror).lower()}; free some space", 3
    if os.environ.get("FENCEPOST_TRACEBACK"):
        traceback.print_exception(error)
    hint = "this is a bug; set FENCEPOST_TRACEBACK=1 to see where"
    return f"internal error: {type(error).__name__}: {error}; {hint}", 3


def _fail(message: str, code: int) -> int:
    click.echo(f"fencepost: error: {printable(' '.join(message.split()))}", err=True)
    return code
