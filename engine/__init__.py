"""The Python face of the arena engine.

Everything native lives in ``engine._native``; this package only gives it a name. It imports nothing of ours.
"""

from engine._native import (
    CompileFailure,
    InvalidInput,
    Pair,
    PlanError,
    Program,
    Unsupported,
    answers,
    assemble,
    catalogue,
    cell_refusal,
    clif_arena,
    effects,
    faults,
    generate_clif,
    mutate,
    processor_features,
    run_lines,
    run_wasi,
    signatures,
    smith,
    versions,
    weave,
)

__all__ = [
    "CompileFailure",
    "InvalidInput",
    "Pair",
    "PlanError",
    "Program",
    "Unsupported",
    "answers",
    "assemble",
    "catalogue",
    "cell_refusal",
    "clif_arena",
    "effects",
    "faults",
    "generate_clif",
    "mutate",
    "processor_features",
    "run_lines",
    "run_wasi",
    "signatures",
    "smith",
    "versions",
    "weave",
]
