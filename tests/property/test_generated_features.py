"""What the swarm draws appears in the modules that it makes, and is left out of others.

A module needs a feature if Wasmtime takes it with everything on, and refuses it with that
feature off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import wasmtime

import engine
from generators.entropy import PrngEntropy
from generators.wasm import RARE_SWITCHES, SWITCHES, WasmGenerator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine._native import Program
    from harness.case import Case

CASES = 300
START_SECTION = 8
FEATURES = {
    "custom page sizes": ("wasm_custom_page_sizes",),
    "exceptions": ("wasm_exceptions",),
    "garbage collection": ("wasm_gc",),
    "memory64 and table64": ("wasm_memory64",),
    "relaxed vectors": ("wasm_relaxed_simd",),
    "several memories": ("wasm_multi_memory",),
    "several results": ("wasm_multi_value",),
    "tail calls": ("wasm_tail_call",),
    "threads": ("wasm_threads",),
    "typed function references": ("wasm_function_references", "wasm_gc"),
    "vectors": ("wasm_simd", "wasm_relaxed_simd"),
    "wide arithmetic": ("wasm_wide_arithmetic",),
}
"""The settings that are off where a feature is: its own, and those of what is built on it."""


def engine_without(settings: tuple[str, ...]) -> wasmtime.Engine:
    config = wasmtime.Config()
    config.shared_memory = True
    for setting in {setting for needed in FEATURES.values() for setting in needed}:
        setattr(config, setting, setting not in settings)
    return wasmtime.Engine(config)


def takes(reference: wasmtime.Engine, wasm: bytes) -> bool:
    try:
        wasmtime.Module.validate(reference, wasm)
    except wasmtime.WasmtimeError:
        return False
    return True


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return [WasmGenerator().generate(PrngEntropy(11, index)) for index in range(CASES)]


@pytest.fixture(scope="module")
def programs(cases: list[Case]) -> list[Program]:
    return [engine.Program(case.wasm) for case in cases]


@pytest.mark.parametrize("feature", FEATURES)
def test_some_modules_need_a_feature_and_some_do_without(feature: str, cases: list[Case]) -> None:
    everything, limited = engine_without(()), engine_without(FEATURES[feature])
    assert all(takes(everything, case.wasm) for case in cases)
    needing = sum(not takes(limited, case.wasm) for case in cases)
    assert 3 <= needing <= CASES - 3


def sections(wasm: bytes) -> set[int]:
    """Ids of a module's sections."""
    found, at = set(), 8
    while at < len(wasm):
        found.add(wasm[at])
        length, shift, at = 0, 0, at + 1
        while True:
            length |= (wasm[at] & 0x7F) << shift
            shift, at = shift + 7, at + 1
            if wasm[at - 1] < 0x80:
                break
        at += length
    return found


def test_modules_import_export_and_start(cases: list[Case], programs: list[Program]) -> None:
    for kind in ("function", "table", "memory", "global"):
        assert sum(any(item["kind"] == kind for item in program.imports) for program in programs) >= 3, kind
        assert sum(any(item["kind"] == kind for item in program.exports) for program in programs) >= 30, kind
    assert sum(START_SECTION in sections(case.wasm) for case in cases) >= 3


def test_every_switch_is_drawn_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Mapping[str, Any]] = []

    def smith(_seed: bytes, config: Mapping[str, Any]) -> bytes:
        drawn.append(config)
        return engine.assemble(b'(module (func (export "f")))')

    monkeypatch.setattr(engine, "smith", smith)
    for index in range(100):
        WasmGenerator().generate(PrngEntropy(1, index))
    for switch in (*SWITCHES, *RARE_SWITCHES, "relaxed_simd_enabled", "threads_enabled"):
        assert {config[switch] for config in drawn} == {True, False}, switch


def test_what_may_make_objects_is_often_run_with_a_collection_before_each(cases: list[Case]) -> None:
    stressed = [case for case in cases if case.options.gc_stress]
    assert 60 <= len(stressed) <= 200
    assert all(case.options.gc_stress is None for case in cases if case not in stressed)
