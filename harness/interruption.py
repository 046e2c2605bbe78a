"""Ctrl-C as a request: what is being done is finished, and what is known by then is kept.

An exception in the midst of starting a worker would leave half of one behind.
"""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def interruptible(interrupt: Callable[[], None]) -> Iterator[None]:
    """Makes the first SIGINT or SIGTERM inside call ``interrupt``; the second is as ever."""

    def take(number: int, _frame: object) -> None:
        interrupt()
        signal.signal(number, signal.default_int_handler)

    previous = {number: signal.signal(number, take) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
