"""The engine: whether it loads, what it makes native code for, and whether programs run.

Programs are run in a process of their own, since a machine on which native code does not
work may end it.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from harness.doctor.check import Check, State, judged

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

GROUP = "engine"
PROBE_SECONDS = 60
PLACES = {
    ("guard", "in-process"): ("", "see the limits above"),
    ("decoy", "in-process"): ("with decoys", "see vm.max_map_count above; --guard guard works without"),
    ("guard", "cell"): ("in a cell", "see seccomp, memfd and pidfd above; --native in-process works without"),
}
"""How a way of running is called, and what mends it, by ``--guard`` and ``--native``."""
REBUILD = "make build    # or pip install --force-reinstall fencepost"


def checks() -> Iterator[Check]:
    """The engine on this machine."""
    try:
        import engine  # noqa: PLC0415 (the doctor must run without it)
        from harness.versions import versions  # noqa: PLC0415 (the same)
    except ImportError as error:
        yield Check(GROUP, "load", State.BROKEN, str(error), REBUILD)
        return
    for name, version in versions().items():
        if name not in ("python", "platform"):  # the machine's own checks say more
            yield Check(GROUP, name, State.OK, version)
    try:
        yield processor(engine.processor_features())
    except engine.Unsupported as error:
        yield Check(GROUP, "processor", State.BROKEN, str(error), "use x86-64 Linux: only there is native code")
    yield run("interpreter", vital=True)
    yield run("jit", vital=True)
    yield run("jit", guard="decoy", vital=False)
    yield run("jit", native="cell", vital=False)


def processor(features: Sequence[tuple[str, bool]]) -> Check:
    """What native code may use. Lacking features lack nothing: code is made without them."""
    used = [name.removeprefix("has_") for name, there in features if there]
    unused = [name.removeprefix("has_") for name, there in features if not there]
    words = f"native code uses {' '.join(used) or 'no extension'}; not here: {' '.join(unused) or 'none'}"
    return Check(GROUP, "processor", State.OK, words)


def run(executor: str, *, guard: str = "guard", native: str = "in-process", vital: bool) -> Check:
    """Runs a program that must trap and one that must not."""
    place, mend = PLACES[guard, native]
    name = f"{executor} {place}".rstrip()
    command = [sys.executable, "-m", "harness.doctor.probe", executor, guard, native]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=PROBE_SECONDS, check=False)  # noqa: S603 (ours)
    except subprocess.TimeoutExpired:
        result = subprocess.CompletedProcess(command, 1, "", f"no answer in {PROBE_SECONDS} s")
    said = (result.stderr.strip() or f"the process ended with {result.returncode}").splitlines()[-1]
    words = "runs and traps as it must" if result.returncode == 0 else said
    return judged(GROUP, name, words, mend, fine=result.returncode == 0, vital=vital)
