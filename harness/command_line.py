"""The commands as click shows them, and errors as the user sees them.

Commands are imported when they are called, so that `--help` is quick.
"""

from __future__ import annotations

import errno
import importlib
import os
import traceback

import click

from harness.cli import COMMANDS, INTERRUPTED
from harness.config_file import config_option
from harness.errors import FencepostError, denied
from harness.printable import printable

PROGRAM = "fencepost"
COMPLETION = "_FENCEPOST_COMPLETE"
"""Set by the completion of a shell, which click answers."""

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


def run_command(arguments: list[str]) -> int:
    """Runs a command.

    As click's own `main`, but for a reader of standard output that went away: there that ends
    with 1, which means a finding here.

    Returns:
        The exit code.
    """
    if COMPLETION in os.environ:
        cli.main(arguments, PROGRAM)
    try:
        with cli.make_context(PROGRAM, arguments) as context:
            result: object = cli.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code
    return result if isinstance(result, int) else 0


def explanation(error: Exception) -> tuple[str, int]:
    """What an error is in one line for the user, and the exit code."""
    if isinstance(error, click.Abort):
        return "fencepost: interrupted", INTERRUPTED
    message, code = _meaning(error)
    return f"fencepost: error: {printable(' '.join(message.split()))}", code


def _meaning(error: Exception) -> tuple[str, int]:
    error = denied(error) or error
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
