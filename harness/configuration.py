"""The configuration of a campaign: what is stored with it, and what resuming makes of it.

An option is *decisive* if it has a part in what the cases are or how they are judged. A
resumed campaign takes those from its folder, and giving another value is a mistake; the
others, such as the number of jobs, may change from session to session.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from click.core import ParameterSource

from harness.case_file import file_of
from harness.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import click

    from harness.case import Case

DECISIVE = (
    *("seed", "driver", "generators", "corpus"),
    *("mode", "executors", "references", "guard", "native", "max_memory", "gc_stress", "fault"),
)
BUDGET = ("seconds", "cases")
GIVEN = (ParameterSource.COMMANDLINE, ParameterSource.DEFAULT_MAP, ParameterSource.ENVIRONMENT)


def to_json(options: Mapping[str, Any]) -> dict[str, Any]:
    """The values of options by parameter name, as JSON has them."""
    return {name: _plain(value) for name, value in sorted(options.items())}


def continued(context: click.Context, stored: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The options of a session that resumes a campaign; a budget replaces the one before.

    Args:
        context: what this session was given.
        stored: the campaign's configuration.
        folder: where it is, for the message.

    Raises:
        UsageError: they conflict.
    """
    options = dict(context.params)
    for name in DECISIVE:
        if name in stored and is_given(context, name) and _plain(options[name]) != stored[name]:
            words = f"the campaign has {option_name(context, name)} {_words(stored[name])}, not {_words(options[name])}"
            raise UsageError(words, str(folder), "leave the option away, or start another campaign")
    kept = DECISIVE if any(is_given(context, name) for name in BUDGET) else (*DECISIVE, *BUDGET)
    return options | {name: _value(name, stored[name]) for name in kept if name in stored}


def is_given(context: click.Context, parameter: str) -> bool:
    """Whether the user gave an option, here or in a file."""
    return context.get_parameter_source(parameter) in GIVEN


def option_name(context: click.Context, parameter: str) -> str:
    """How a user writes an option."""
    [option] = [option for option in context.command.params if option.name == parameter]
    return max(option.opts, key=len)


def digest_of(cases: Iterable[Case]) -> str:
    """A digest of a corpus: of the files of its cases, in order."""
    total = hashlib.sha256()
    for case in cases:
        _, data = file_of(case)
        total.update(hashlib.sha256(data).digest())
    return total.hexdigest()


def _plain(value: Any) -> Any:
    match value:
        case Path():
            return str(value.absolute())
        case tuple() | list():
            return [_plain(item) for item in value]
    return value


def _value(name: str, stored: Any) -> Any:
    """What `_plain` made ``stored`` of."""
    if isinstance(stored, list):
        return tuple(stored)
    return Path(stored) if name == "corpus" and stored is not None else stored


def _words(value: Any) -> str:
    if isinstance(value, (tuple, list)):
        return " ".join(map(str, value)) or "(default)"
    return "(none)" if value is None else str(value)
