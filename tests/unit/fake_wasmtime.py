"""Stands in for a `wasmtime` binary: the same command line, made of the Wasmtime package.

What it prints for a trap has the form of the real one. Of ``-W`` it takes what makes results
deterministic, and ignores limits.
"""

from __future__ import annotations

import argparse
import sys

import wasmtime


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["run"])
    parser.add_argument("-W", dest="options", action="append")
    parser.add_argument("--preload", action="append")
    parser.add_argument("--dir")
    parser.add_argument("--argv0", default="caller.wasm")
    parser.add_argument("--env", action="append", default=[])
    parser.add_argument("program")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    given = parser.parse_args()
    flags = wasmtime.Config()
    flags.cranelift_nan_canonicalization = "nan-canonicalization=y" in given.options
    flags.wasm_relaxed_simd_deterministic = "relaxed-simd-deterministic=y" in given.options
    flags.wasm_gc = "gc=y" in given.options
    flags.wasm_threads = "threads=y" in given.options
    flags.shared_memory = "shared-memory=y" in given.options
    engine = wasmtime.Engine(flags)
    store, linker = wasmtime.Store(engine), wasmtime.Linker(engine)
    config = wasmtime.WasiConfig()
    config.argv = [given.argv0, *given.arguments]
    config.env = [tuple(pair.split("=", 1)) for pair in given.env]
    config.inherit_stdin()
    config.inherit_stdout()
    config.inherit_stderr()
    if given.dir:
        config.preopen_dir(*given.dir.split("::"))
    store.set_wasi(config)
    linker.define_wasi()
    try:
        for name, _, path in (preload.partition("=") for preload in given.preload):
            linker.define_module(store, name, wasmtime.Module.from_file(engine, path))
        caller = linker.instantiate(store, wasmtime.Module.from_file(engine, given.program))
        caller.exports(store)["_start"](store)
    except wasmtime.ExitTrap as end:
        return end.code
    except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
        sys.stderr.write(f"Error: failed to run main module\n\nCaused by:\n    {error}\n")
        return 134
    return 0


if __name__ == "__main__":
    sys.exit(main())
