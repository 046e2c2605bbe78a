"""Programs that Fencepost uses where they are there."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.doctor.check import Check, State, judged

if TYPE_CHECKING:
    from collections.abc import Iterator

GROUP = "tools"
VERSION_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Tool:
    """A program, and what it is for.

    Attributes:
        names: any of these will do.
        mend: how to install it.
    """

    names: tuple[str, ...]
    purpose: str
    mend: str


TOOLS = (
    Tool(("wasm-tools",), "a second opinion on what is valid", "cargo install --locked wasm-tools"),
    Tool(("wasmtime",), "--reference wasmtime-cli=PATH", "cargo install --locked wasmtime-cli"),
    Tool(("chromium", "chromium-browser", "google-chrome"), "the report's tests", "sudo apt-get install chromium"),
)


def checks() -> Iterator[Check]:
    """The tools on the search path."""
    return map(tool, TOOLS)


def tool(wanted: Tool) -> Check:
    """One tool; none is vital."""
    found = next((path for path in map(shutil.which, wanted.names) if path is not None), None)
    if found is None:
        return Check(GROUP, wanted.names[0], State.LACK, f"not found; it is for {wanted.purpose}", wanted.mend)
    try:
        result = subprocess.run(  # noqa: S603 (found on the user's own path)
            [found, "--version"], capture_output=True, text=True, timeout=VERSION_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        return Check(GROUP, wanted.names[0], State.LACK, f"{found} does not run: {error}", wanted.mend)
    words = (result.stdout.strip() or "no version").splitlines()[0]
    return judged(GROUP, wanted.names[0], f"{words} ({found})", wanted.mend, fine=True)
