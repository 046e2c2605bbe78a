"""References: other engines that run the same cases. Imported only when used."""

UNCAUGHT = "thrown Wasm exception"
"""How Wasmtime says that nothing caught an exception, which is no trap to it."""
