"""Generators and oracles of other distributions, found through entry points.

A distribution names a class, or a function, that gives a generator or an oracle when it is
called without arguments:

    [project.entry-points."fencepost.generators"]
    fibonacci = "fencepost_fibonacci:FibonacciGenerator"

    [project.entry-points."fencepost.oracles"]
    terse = "fencepost_terse:TerseOracle"

A generator is used where ``--generator`` names it. An oracle judges every case, wherever
its distribution is installed: so that a gate and a replay say what the campaign said.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

from harness.errors import EnvironmentFailure, UsageError

if TYPE_CHECKING:
    from generators.protocol import Generator
    from oracles.protocol import Oracle

GENERATORS_GROUP = "fencepost.generators"
ORACLES_GROUP = "fencepost.oracles"


@cache
def third_party_generators() -> tuple[str, ...]:
    """The names of all generators that are not ours, sorted. Imports none of them."""
    return tuple(sorted({entry.name for entry in entry_points(group=GENERATORS_GROUP)}))


@cache
def third_party_generator(name: str) -> Generator:
    """The generator of a name.

    Raises:
        UsageError: there is none.
        EnvironmentFailure: its distribution is broken.
    """
    for entry in entry_points(group=GENERATORS_GROUP):
        if entry.name == name:
            generator: Generator = _made(entry, "generate")
            return generator
    raise UsageError(f"there is no generator {name!r}", GENERATORS_GROUP, "install the distribution that has it")


@cache
def third_party_oracles() -> tuple[Oracle, ...]:
    """All oracles that are not ours, by name.

    Raises:
        EnvironmentFailure: a distribution is broken.
    """
    entries = sorted(entry_points(group=ORACLES_GROUP), key=lambda entry: entry.name)
    return tuple(_made(entry, "judge") for entry in entries)


def _made(entry: EntryPoint, method: str) -> Any:
    """What the entry point stands for: something with a name and ``method``."""
    where = f"entry point {entry.name} = {entry.value}"
    hint = "repair or remove the distribution that has it"
    try:
        made = entry.load()()
    except Exception as error:  # foreign code may raise anything
        message = f"a plugin cannot be loaded: {type(error).__name__}: {error}"
        raise EnvironmentFailure(message, where, hint) from error
    if not isinstance(getattr(made, "name", None), str) or not callable(getattr(made, method, None)):
        raise EnvironmentFailure(f"a plugin has no name, or no method {method!r}", where, hint)
    return made
