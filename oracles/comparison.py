"""Comparison of two runs of one case: equal, different, or legitimately different.

The steps (instantiation, then the calls) are compared in order, then the state that both
can show. Some steps *taint* what follows: after a call that ran out of stack, fuel or
time the two runs may have come differently far, so a difference from there on is
poisoned. The first difference decides.

A whole program is compared by what it did: how it ended, its output, the files that it left.
Our executors give it one world, which is the same every time. Wasmtime has another one: where
the program asked for what a host decides, a difference is poisoned, and its memory, which
holds the answers, is not compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.outcome import (
    OPAQUE,
    UNKNOWN_REFERENCE,
    CallOutcome,
    Escaped,
    Exited,
    Ran,
    Returned,
    RuntimeFault,
    Trapped,
    Value,
)
from harness.verdict import PoisonReason

if TYPE_CHECKING:
    from collections.abc import Iterator

TAINTS = {
    "stack_overflow": PoisonReason.STACK_DEPTH,
    "out_of_fuel": PoisonReason.OUT_OF_FUEL,
    "interrupt": PoisonReason.INTERRUPT,
    "allocation_too_large": PoisonReason.ALLOCATION_LIMIT,
}


SHOWN_BYTES = 40
HOST_CHOICES = frozenset(
    {
        "clock_res_get",
        "clock_time_get",
        "fd_filestat_get",
        "fd_readdir",
        "path_filestat_get",
        "poll_oneoff",
        "random_get",
    }
)
"""Calls of WASI whose answers each host has of its own: time, random bytes, numbers and dates of files."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The first difference between two runs.

    Attributes:
        detail: a stable token: the pair of step kinds, or the part of the state.
        evidence: both sides, for people.
        reason: why it is legitimate; `None` if it is not.
    """

    detail: str
    evidence: str
    reason: PoisonReason | None = None


def compare(
    left: Ran, right: Ran, *, same_depth: bool = False, images: bool = False, any_address: bool = False
) -> Difference | None:
    """The first difference, `None` if there is none.

    Args:
        left: one run.
        right: the other.
        same_depth: both count stack depth alike, so that overflow is no excuse.
        images: both must leave the same arena image.
        any_address: the program was confused or written in CLIF, so that an address may be 0 before its
            displacement is added, which Pulley traps at. WebAssembly's own code has no such address.
    """
    taint = _taint_of_world(left, right)
    for number, (ours, theirs) in enumerate(zip(left.steps, right.steps, strict=False)):
        if _judged_elsewhere(ours) or _judged_elsewhere(theirs):
            return None
        for step in (theirs, ours):
            taint = _taint(step, same_depth=same_depth, any_address=any_address) or taint
        found = _compare_steps(ours, theirs)
        if found is not None:
            reason = taint or found.reason
            return Difference(found.detail, f"call {number}: {found.evidence}", reason)
    if left.is_prefix or right.is_prefix:
        return None
    for found in _differences_of_state(left, right, images=images):
        return Difference(found.detail, found.evidence, taint or found.reason)
    return None


def _taint_of_world(left: Ran, right: Ran) -> PoisonReason | None:
    """What may make the runs differ from their start on."""
    if left.cut or right.cut or _grew_differently(left, right):
        return PoisonReason.ALLOCATION_LIMIT
    return PoisonReason.HOST_CHOICE if _may_be_told_differently(left, right) else None


def _grew_differently(left: Ran, right: Ran) -> bool:
    """Whether a memory or table near its limit is not known to have come to the same size in both.

    Our executors share the runtime that lets them grow, so among those that is no excuse.
    """
    if None not in (left.arena_digest, right.arena_digest):
        return False
    near = left.near_limit | right.near_limit
    return any(None in (pair := (_size(left, item), _size(right, item))) or len(set(pair)) > 1 for item in near)


def _size(run: Ran, item: tuple[str, int]) -> int | None:
    """The size of a memory or table after a run, if that shows it."""
    kind, index = item
    shown = run.state.memories.get(index) if kind == "memory" else run.state.tables.get(index)
    return None if shown is None else shown[0]


def _may_be_told_differently(left: Ran, right: Ran) -> bool:
    """Whether a whole program ran in two worlds, and asked for what each of them decides.

    Besides the time and the like, that is what becomes of a call with arguments that the
    standard does not allow, which Wasmtime answers with a trap.
    """
    if not _in_two_worlds(left, right):
        return False
    asked = {name for run in (left, right) if run.effects for name in run.effects.asked or ()}
    ends = {step.trap for run in (left, right) for step in run.steps if isinstance(step, Trapped)}
    return not HOST_CHOICES.isdisjoint(asked) or "host" in ends


def _in_two_worlds(left: Ran, right: Ran) -> bool:
    """Whether one of the runs had WASI of ours and the other that of somebody else."""
    pair = (left.effects, right.effects)
    return None not in pair and len({effects is not None and effects.asked is None for effects in pair}) > 1


def _judged_elsewhere(step: CallOutcome) -> bool:
    return isinstance(step, Escaped | RuntimeFault)


def _taint(step: CallOutcome, *, same_depth: bool, any_address: bool) -> PoisonReason | None:
    if not isinstance(step, Trapped) or (same_depth and step.trap == "stack_overflow"):
        return None
    if step.trap == "null_base":
        return PoisonReason.NULL_BASE if any_address else None
    return TAINTS.get(step.trap)


def _compare_steps(ours: CallOutcome, theirs: CallOutcome) -> Difference | None:
    if ours == theirs:
        return None
    if isinstance(ours, Returned) and isinstance(theirs, Returned):
        pairs = [pair for pair in zip(ours.values, theirs.values, strict=False) if not _same(*pair)]
        if not pairs and len(ours.values) == len(theirs.values):
            return None
        return Difference("values", f"{ours} against {theirs}", _nan_reason(pairs))
    return Difference(f"{_token(ours)}/{_token(theirs)}", f"{ours} against {theirs}")


def _token(step: CallOutcome) -> str:
    match step:
        case Trapped(trap):
            return trap
        case Exited():
            return "exited"
    return "returned"


def _same(ours: Value, theirs: Value) -> bool:
    return ours.type == theirs.type and (ours.bits == theirs.bits or _same_reference(ours.type, ours.bits, theirs.bits))


def _same_reference(kind: str, ours: int | None, theirs: int | None) -> bool:
    if ours is None or theirs is None or UNKNOWN_REFERENCE not in (ours, theirs):
        return False
    return kind == "funcref" or (kind.endswith("ref") and max(ours, theirs) not in range(OPAQUE))


def _nan_reason(pairs: list[tuple[Value, Value]]) -> PoisonReason | None:
    nans = bool(pairs) and all(ours.is_nan and theirs.is_nan and ours.type == theirs.type for ours, theirs in pairs)
    return PoisonReason.NAN_PAYLOAD if nans else None


def _differences_of_state(left: Ran, right: Ran, *, images: bool) -> Iterator[Difference]:
    """What differs among what both can show."""
    if len(left.steps) != len(right.steps):
        yield Difference("number of calls", f"{len(left.calls)} against {len(right.calls)}")
    yield from _effects(left, right)
    if _may_be_told_differently(left, right):  # and what it was told is in its memory
        return
    if not _in_two_worlds(left, right):
        yield from _host_calls(left, right)
    yield from _globals(left, right)
    yield from _tables(left, right)
    yield from _memories(left, right)
    if images and left.arena_digest != right.arena_digest:
        yield Difference("arena image", f"{left.arena_digest} against {right.arena_digest}")


def _effects(left: Ran, right: Ran) -> Iterator[Difference]:
    if left.effects is None or right.effects is None:
        return
    for name in ("stdout", "stderr"):
        ours, theirs = getattr(left.effects, name), getattr(right.effects, name)
        if ours != theirs:
            at = next((at for at, pair in enumerate(zip(ours, theirs, strict=False)) if pair[0] != pair[1]), None)
            at = min(len(ours), len(theirs)) if at is None else at
            shown = f"{ours[at : at + SHOWN_BYTES]!r} against {theirs[at : at + SHOWN_BYTES]!r}"
            yield Difference(name, f"{name}, byte {at}: {shown}")
    for path in sorted(left.effects.files.keys() | right.effects.files.keys()):
        our, their = (effects.files.get(path, "nothing") for effects in (left.effects, right.effects))
        if our != their:
            yield Difference("files", f"{path!r}: {our} against {their}")


def _host_calls(left: Ran, right: Ran) -> Iterator[Difference]:
    for number, (ours, theirs) in enumerate(zip(left.host_calls, right.host_calls, strict=False)):
        names = (ours.module, ours.name) == (theirs.module, theirs.name)
        pairs = [pair for pair in zip(ours.args, theirs.args, strict=False) if not _same(*pair)]
        if pairs or not names or len(ours.args) != len(theirs.args):
            reason = _nan_reason(pairs) if names else None
            yield Difference("host call", f"host call {number}: {ours} against {theirs}", reason)
            return
    if len(left.host_calls) != len(right.host_calls):
        yield Difference("host call", f"{len(left.host_calls)} host calls against {len(right.host_calls)}")


def _globals(left: Ran, right: Ran) -> Iterator[Difference]:
    for index in sorted(left.state.globals.keys() & right.state.globals.keys()):
        ours, theirs = left.state.globals[index], right.state.globals[index]
        if not _same(ours, theirs):
            yield Difference("global", f"global {index}: {ours} against {theirs}", _nan_reason([(ours, theirs)]))


def _memories(left: Ran, right: Ran) -> Iterator[Difference]:
    for index in sorted(left.state.memories.keys() & right.state.memories.keys()):
        (our_pages, our_digest), (their_pages, their_digest) = left.state.memories[index], right.state.memories[index]
        if (our_pages, our_digest) != (their_pages, their_digest):
            evidence = f"{our_pages} pages {our_digest:#x} against {their_pages} pages {their_digest:#x}"
            yield Difference("memory", f"memory {index}: {evidence}")


def _tables(left: Ran, right: Ran) -> Iterator[Difference]:
    for index in sorted(left.state.tables.keys() & right.state.tables.keys()):
        (our_size, ours), (their_size, theirs) = left.state.tables[index], right.state.tables[index]
        if our_size != their_size:
            yield Difference("table", f"table {index}: {our_size} elements against {their_size}")
        for position, (our, their) in enumerate(zip(ours, theirs, strict=False)):
            if our != their and not _same_reference("funcref", our, their):
                yield Difference("table", f"table {index}, element {position}: {our} against {their}")
