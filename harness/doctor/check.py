"""What the doctor says of one thing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How it is."""

    OK = "ok"
    LACK = "lack"  # something is missing, the main job runs all the same
    BROKEN = "broken"  # the main job does not run


@dataclass(frozen=True, slots=True)
class Check:
    """One thing about the machine.

    Attributes:
        group: what it belongs to.
        words: what was found.
        mend: the line that mends it, a command where there is one; empty if all is well.
    """

    group: str
    name: str
    state: State
    words: str
    mend: str = ""

    def __post_init__(self) -> None:
        assert bool(self.mend) == (self.state is not State.OK), self


def judged(group: str, name: str, words: str, mend: str, *, fine: bool, vital: bool = False) -> Check:
    """A check that is `OK` if it is ``fine``, else `BROKEN` if it is ``vital``, else `LACK`."""
    if fine:
        return Check(group, name, State.OK, words)
    return Check(group, name, State.BROKEN if vital else State.LACK, words, mend)
