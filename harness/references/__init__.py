"""References: other engines that run the same cases. Imported only when used."""

UNCAUGHT = "thrown Wasm exception"
"""How Wasmtime says that nothing caught an exception, which is no trap to it."""
EXHAUSTED = "GC heap out of memory"
"""How it says that an object did not fit, which is no trap to it either."""
LOGGED_CALLS = 10_000
"""Calls of stubs that are compared; the engine logs as many."""
STACK_BYTES = 2 << 20
"""Wasm stack of a reference: as much as Wasmtime allows, for `Limits.depth` calls of ordinary size."""
