"""Stands in for a `wasmtime` binary: the same command line, made of the Wasmtime package.

What it prints for a trap has the form of the real one. Of ``-W`` it takes what makes results
deterministic, and ignores limits.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import wasmtime


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["run"])
    parser.add_argument("-W", dest="options", action="append")
    parser.add_argument("--preload")
    parser.add_argument("program")
    given = parser.parse_args()
    name, _, path = given.preload.partition("=")
    flags = wasmtime.Config()
    flags.cranelift_nan_canonicalization = "nan-canonicalization=y" in given.options
    flags.wasm_relaxed_simd_deterministic = "relaxed-simd-deterministic=y" in given.options
    engine = wasmtime.Engine(flags)
    store, linker = wasmtime.Store(engine), wasmtime.Linker(engine)
    with tempfile.NamedTemporaryFile() as output:
        config = wasmtime.WasiConfig()
        config.stdout_file = output.name
        store.set_wasi(config)
        linker.define_wasi()
        try:
            subject = linker.instantiate(store, wasmtime.Module.from_file(engine, path))
            linker.define_instance(store, name, subject)
            caller = linker.instantiate(store, wasmtime.Module.from_file(engine, given.program))
            caller.exports(store)["_start"](store)
        except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
            sys.stderr.write(f"Error: failed to run main module\n\nCaused by:\n    {error}\n")
            return 134
        finally:
            sys.stdout.buffer.write(Path(output.name).read_bytes())
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
