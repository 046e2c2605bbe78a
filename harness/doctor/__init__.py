"""The doctor: what this machine offers and lacks, with the line that mends each lack.

Each module looks at one side of the machine and gives `Check`s. What they judge are
readings that are passed in, so that a test can show them any machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.doctor import limits, machine, native, packages, tools

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.doctor.check import Check


def examine() -> Iterator[Check]:
    """Looks at this machine; takes a second or two."""
    yield from machine.checks()
    yield from limits.checks()
    yield from native.checks()
    yield from packages.checks()
    yield from tools.checks()
