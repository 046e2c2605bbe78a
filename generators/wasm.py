"""Random modules by wasm-smith, with features matched to the engine.

Every case draws its own configuration (swarm testing): a module that uses few features
often goes deeper into them than one that uses all of them a little. Fuel is part of the
program, so every engine stops it at the same point, and NaNs are canonical.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import engine
from harness.case import Case

if TYPE_CHECKING:
    from generators.entropy import Entropy

SEED_BYTES = 4096

FIXED: dict[str, int | bool] = {
    "export_everything": True,
    "canonicalize_nans": True,
    "max_imports": 0,
    "min_funcs": 2,
    "max_instructions": 150,
    "min_types": 1,  # without a type there are no functions: half of all modules
    "max_memory32_bytes": 16 << 16,
    "max_memory64_bytes": 16 << 16,
    "max_table_elements": 100,
    "allow_start_export": True,
    "exceptions_enabled": False,
    "gc_enabled": False,
    "threads_enabled": False,
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
    "memory64_enabled",
    "simd_enabled",  # with it half of all instructions are vector ones
    "tail_call_enabled",
    "wide_arithmetic_enabled",
)

RANGES: dict[str, tuple[int, ...]] = {
    "max_funcs": (4, 8, 16),
    "max_globals": (0, 3, 10),
    "max_memories": (1, 1, 1, 3),
    "memory_max_size_required": (True, True, True, False),  # without a maximum memories grow to any size
    "min_element_segments": (0, 1, 3),
    "min_memories": (0, 1, 1, 1),
    "min_tables": (0, 1, 1),
}

FUEL = (200, 1000, 2000)
"""Function entries and turns of loops; less than the nested calls that a run allows, so no stack overflows."""

DIVERTED = (0, 30, 100)
"""Percentage of direct calls that go through a table instead."""


class WasmGenerator:
    """Modules made by wasm-smith from a seed of `SEED_BYTES` bytes."""

    name = "wasm"

    def generate(self, entropy: Entropy) -> Case:
        """Makes one case; its calls are edge cases of its exports."""
        config = dict(FIXED)
        config |= {switch: entropy.chance(75) for switch in SWITCHES}
        config |= {switch: entropy.chance(25) for switch in RARE_SWITCHES}
        config["relaxed_simd_enabled"] = config["simd_enabled"] and entropy.chance(50)
        config["disallow_traps"] = entropy.chance(50)  # half of all modules run to their end
        config |= {field: entropy.choice(values) for field, values in RANGES.items()}
        config["max_tables"] = 2 if config["reference_types_enabled"] else 1
        module = engine.smith(entropy.take(SEED_BYTES), config)
        woven = engine.weave(
            module,
            seed=entropy.integer(0, 2**64 - 1),
            indirect=entropy.choice(DIVERTED),
            fuel=entropy.choice(FUEL),
            soften=entropy.chance(75),
        )
        return Case(woven)
