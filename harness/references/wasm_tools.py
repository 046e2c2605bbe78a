"""A second opinion on validity: ``--reference wasm-tools``, the binary of that name.

It runs nothing: it says whether it takes the module that our front end took. A process a
case costs some milliseconds, so it is asked only where it is named. `make tools` installs
it; it is never PyPI's package of that name.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.errors import EnvironmentFailure, UsageError
from harness.outcome import NotRun, Outcome

if TYPE_CHECKING:
    from harness.executors import Subject

NAME = "wasm-tools"
TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class WasmTools:
    """The validator.

    Attributes:
        path: of the binary, or its name on the search path.
    """

    path: str = NAME

    @property
    def name(self) -> str:
        """Name in outcomes."""
        return NAME

    def run(self, subject: Subject) -> Outcome:
        """Validates the subject's module with all standard features.

        Raises:
            EnvironmentFailure: the binary cannot be run.
        """
        command = [self.path, "validate", "-"]
        try:
            done = subprocess.run(  # noqa: S603 (the user named it)
                command, input=subject.case.wasm, capture_output=True, timeout=TIMEOUT_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return NotRun("unsupported", f"{NAME}: no answer in {TIMEOUT_SECONDS:.0f} s")
        except OSError as error:
            hint = "run make tools, or leave --reference wasm-tools away"
            raise EnvironmentFailure(f"cannot run it: {error.strerror}", self.path, hint) from None
        if done.returncode == 0:
            return NotRun("agrees", "it is valid")
        return NotRun("invalid", " ".join(done.stderr.decode(errors="replace").split()))


def check_installed() -> None:
    """Says early that the binary is missing.

    Raises:
        UsageError: it is.
    """
    if shutil.which(NAME) is None:
        raise UsageError("there is no wasm-tools on the search path", "--reference wasm-tools", "run make tools")
