"""Random modules by wasm-smith, with features matched to the engine.

Every case draws its own configuration (swarm testing): a module that uses few features
often goes deeper into them than one that uses all of them a little. Fuel is part of the
program, so every engine stops it at the same point; tables are full of functions, and
accessors of memories and tables are called between the module's own functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import engine
from generators.calls import draw_calls
from harness.case import Case, CaseOptions

if TYPE_CHECKING:
    from generators.entropy import Entropy

SEED_BYTES = 4096

FIXED: dict[str, int | bool] = {
    "export_everything": True,
    "canonicalize_nans": False,  # all engines do it, at a third of the size
    "min_funcs": 2,
    "max_instructions": 60,
    "min_types": 1,  # without a type there are no functions: half of all modules
    "max_memory32_bytes": 16 << 16,
    "max_memory64_bytes": 16 << 16,
    "max_table_elements": 100,
    "allow_start_export": True,
    "max_type_size": 10_000,  # it counts exports, too: what goes beyond is an error
    "compact_imports_enabled": False,
}

SWITCHES = (
    "bulk_memory_enabled",
    "extended_const_enabled",
    "multi_value_enabled",
    "reference_types_enabled",
    "saturating_float_to_int_enabled",
    "sign_extension_ops_enabled",
)

RARE_SWITCHES = (
    "custom_page_sizes_enabled",
    "exceptions_enabled",
    "gc_enabled",  # typed function references are part of it
    "memory64_enabled",
    "simd_enabled",  # with it half of all instructions are vector ones
    "tail_call_enabled",
    "wide_arithmetic_enabled",
)

RANGES: dict[str, tuple[int, ...]] = {
    "max_funcs": (2, 4, 6),  # besides imported ones
    "max_globals": (0, 3, 10),
    "max_imports": (0, 0, 0, 3),
    "max_memories": (1, 1, 1, 3),
    "memory_max_size_required": (True, True, True, False),  # without a maximum memories grow to any size
    "min_memories": (0, 1, 1, 1),
    "min_tables": (0, 1, 1),
}

THREADS = 10
"""How many of 100 modules may share memories: Wasmtime's Pulley refuses those, so that a case is not decided."""

FUEL = (100, 300, 1000)
"""Function entries and turns of loops; less than the nested calls that a run allows, so no stack overflows."""

FUEL_WITH_IMPORTS = 50
"""Less, since a host call costs hundreds of times what other instructions do."""

STRESSED = 75
"""How many of 100 modules that may make objects collect before each allocation: else none fills the heap."""

DIVERTED = (0, 50, 100, 100)
"""Percentage of direct calls that go through a table instead."""

TRAFFIC = (0, 0, 2)
"""Accessors of memories and tables."""


class WasmGenerator:
    """Modules made by wasm-smith from a seed of `SEED_BYTES` bytes."""

    name = "wasm"

    def generate(self, entropy: Entropy) -> Case:
        """Makes one case with the calls to make in it."""
        config = dict(FIXED)
        config |= {switch: entropy.chance(75) for switch in SWITCHES}
        config |= {switch: entropy.chance(25) for switch in RARE_SWITCHES}
        config["threads_enabled"] = entropy.chance(THREADS)
        config["relaxed_simd_enabled"] = config["simd_enabled"] and entropy.chance(50)
        config["disallow_traps"] = entropy.chance(50)  # half of all modules run to their end
        config |= {field: entropy.choice(values) for field, values in RANGES.items()}
        if config["simd_enabled"]:  # the Wasmtime package cannot give imports with vectors
            config["max_imports"] = 0
        if config["max_imports"]:  # an imported one counts against the maximum, but not for the minimum
            config |= {"min_memories": 0, "min_tables": 0}
            config["max_funcs"] += config["max_imports"]
        config["max_tables"] = 2 if config["reference_types_enabled"] else 1
        module = engine.smith(entropy.take(SEED_BYTES), config)
        woven = engine.weave(
            module,
            seed=entropy.integer(0, 2**64 - 1),
            indirect=entropy.choice(DIVERTED),
            fuel=FUEL_WITH_IMPORTS if config["max_imports"] else entropy.choice(FUEL),
            soften=entropy.chance(75),
            traffic=entropy.choice(TRAFFIC),
        )
        calls = draw_calls(entropy, woven)
        allocates = config["gc_enabled"] or config["exceptions_enabled"]
        stress = True if allocates and entropy.chance(STRESSED) else None
        return Case(woven, options=CaseOptions(gc_stress=stress), calls=calls)
