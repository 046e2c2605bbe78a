"""Random programs in CLIF over the arena, made by the engine from entropy.

They reach what no front end emits: every opcode and type, tail calls, address shapes and
displacements at every edge of what an offset reaches. Most are *portable*, so that all
executors run them; the others also use what only native code and the reference have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import engine
from harness.case import Case, CaseOptions

if TYPE_CHECKING:
    from generators.entropy import Entropy

SEED_BYTES = (128, 256, 1024)
WHOLE_PERCENT = 20
WHOLE_EXECUTORS = ("jit", "jit-unoptimized", "reference")


class ClifGenerator:
    """Programs of a few functions; more entropy makes longer ones."""

    name = "clif"

    def generate(self, entropy: Entropy) -> Case:
        """Makes one case; its calls are edge cases of its functions."""
        whole = entropy.chance(WHOLE_PERCENT)
        text = engine.generate_clif(entropy.take(entropy.choice(SEED_BYTES)), whole=whole)
        return Case(text.encode(), text, CaseOptions(executors=WHOLE_EXECUTORS) if whole else CaseOptions())
