"""The talk with a process that runs a case: it tells results and calls of stubs, and gets answers.

What it tells stands in `harness.references.wasi_caller` and `harness.references.wasi_stubs`.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

import engine
from harness.outcome import UNKNOWN_REFERENCE, HostCall, Returned, Value
from harness.references import LOGGED_CALLS
from harness.references.wasi_caller import SLOT_BYTES, WIDTHS, value_of
from harness.references.wasi_stubs import CALL, Stub

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine._native import ValType


@dataclass(slots=True)
class Dialogue:
    """One process's part of it.

    Attributes:
        types: of the results of each call.
        stubs: the imported functions, by number.
        returned: what instantiation and the calls returned, as far as they did.
        host_calls: the first calls of stubs.
    """

    types: Sequence[Sequence[ValType]]
    stubs: Sequence[Stub]
    returned: list[Returned] = field(default_factory=list)
    host_calls: list[HostCall] = field(default_factory=list)
    _answered: int = 0

    def hold(self, told: IO[bytes], answers: IO[bytes]) -> None:
        """Goes on until the process says no more.

        Raises:
            NotPossibleError: a result cannot be told.
        """
        expected = iter(((), *self.types))
        while header := _whole(told, SLOT_BYTES):
            if header[0] == CALL:
                self._answer(self.stubs[int.from_bytes(header[4:8], "little")], told, answers)
                continue
            kinds = next(expected, ())
            record = _whole(told, SLOT_BYTES * len(kinds))
            if len(record) == SLOT_BYTES * len(kinds):
                self.returned.append(Returned(tuple(map(value_of, kinds, _slots(record)))))

    def _answer(self, stub: Stub, told: IO[bytes], answers: IO[bytes]) -> None:
        record = _whole(told, SLOT_BYTES * len(stub.params))
        seen = [int.from_bytes(slot, "little") for slot in _slots(record)]
        if len(self.host_calls) < LOGGED_CALLS:
            args = tuple(map(_argument, stub.params, seen))
            self.host_calls.append(HostCall(stub.module, stub.name, args))
        bits = engine.answers(stub.module, stub.name, seen, self._answered, stub.results)
        self._answered += 1
        try:
            answers.write(b"".join(number.to_bytes(SLOT_BYTES, "little") for number in bits))
            answers.flush()
        except BrokenPipeError:  # it has ended, which its output says
            with contextlib.suppress(BrokenPipeError):
                answers.close()  # what was not flushed would fail again at a later close


def _argument(kind: ValType, seen: int) -> Value:
    """An argument as it is logged: of a reference nothing is known but whether it is null."""
    if kind in WIDTHS:
        return Value(kind, seen)
    return Value(kind, UNKNOWN_REFERENCE if seen else None)


def _whole(source: IO[bytes], length: int) -> bytes:
    """So many bytes, or nothing where they end before."""
    data = source.read(length)
    return data if len(data) == length else b""


def _slots(record: bytes) -> Iterator[bytes]:
    return (record[at : at + SLOT_BYTES] for at in range(0, len(record), SLOT_BYTES))
