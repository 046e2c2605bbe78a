"""A comparison spread over worker processes.

Groups are handed out in order, some ahead of what is done, and counted in order. So a tally says by
itself how far it has come: another session goes on from its number of plans. An interruption
costs the groups that are under way, which may take minutes, and nothing that is done.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING

from harness.benefit.plans import GROUP
from harness.benefit.tally import Tally
from harness.errors import EnvironmentFailure
from harness.interruption import interruptible
from harness.worker import die_with

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    from harness.benefit.plans import Comparison

AHEAD = 8
"""Groups for each worker that are handed out before they are needed: one full of endless loops takes long."""


@dataclass(slots=True)
class Work:
    """A comparison, and how much of it is to be done.

    Attributes:
        cases: plans, at most, with those of earlier sessions; `None` for without end.
        seconds: after which no group is begun; `None` for without end.
        told: called with the tally after each group.
        tally: what was counted until now, by earlier sessions too.
        complete: whether it was done to its end; not if Ctrl-C or the death of a worker ended it.
    """

    comparison: Comparison
    cases: int | None
    seconds: float | None
    jobs: int
    told: Callable[[Tally], None]
    tally: Tally = field(default_factory=Tally)
    complete: bool = False
    _stopped: bool = False

    def run(self) -> None:
        """Does it, or what Ctrl-C leaves of it.

        Raises:
            EnvironmentFailure: a worker died; ``tally`` is what was done by then.
        """
        context = multiprocessing.get_context("spawn")
        under_way: deque[Future[Tally]] = deque()
        with interruptible(self._stop), ProcessPoolExecutor(self.jobs, context, _begin, (os.getpid(),)) as pool:
            try:
                for part in self._parts():
                    under_way.append(pool.submit(self.comparison.part, *part))
                    if len(under_way) > self.jobs * AHEAD:
                        self._take(under_way)
                self._take_all(under_way)
                self.complete = not self._stopped
            except BrokenProcessPool:
                self._take_all(deque(takewhile(_is_there, under_way)))
                if not self._stopped:
                    hint = "what was measured before is reported"
                    raise EnvironmentFailure("a worker process died", "compare", hint) from None

    def _stop(self) -> None:
        """Ends the workers, and with them the wait for one."""
        self._stopped = True
        for worker in multiprocessing.active_children():
            worker.kill()

    def _parts(self) -> Iterator[tuple[int, int, int]]:
        """Numbers of groups, and which plans of each: the first, and how many."""
        began = time.monotonic()
        done = self.tally.plans
        while not self._stopped and (self.seconds is None or time.monotonic() - began < self.seconds):
            number, first = divmod(done, GROUP)
            plans = GROUP - first if self.cases is None else min(GROUP - first, self.cases - done)
            if plans <= 0:
                return
            yield number, first, plans
            done += plans

    def _take_all(self, under_way: deque[Future[Tally]]) -> None:
        while under_way:
            self._take(under_way)

    def _take(self, under_way: deque[Future[Tally]]) -> None:
        """Waits for the first group and counts it."""
        counted = under_way[0].result()
        under_way.popleft()
        self.tally.add(counted)
        self.told(self.tally)


def _begin(parent: int) -> None:
    """Makes a worker of a process: Ctrl-C is for the parent, with which it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with(parent)


def _is_there(group: Future[Tally]) -> bool:
    return group.done() and not group.cancelled() and group.exception() is None
