"""Generators: deterministic, always valid, and not all the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine
from generators.corpus import CorpusGenerator
from generators.entropy import PrngEntropy
from generators.wasm import WasmGenerator
from harness.case import Case
from harness.source import GeneratedSource

seeds = st.integers(0, 2**64)
indices = st.integers(0, 2**32)


@settings(max_examples=40, deadline=None)
@given(seed=seeds, index=indices)
def test_a_case_is_a_function_of_seed_and_index(seed: int, index: int) -> None:
    case = GeneratedSource(seed).case(index)
    assert case == GeneratedSource(seed).case(index)
    assert case.history == {"generator": "wasm", "seed": seed, "index": index}


@settings(max_examples=40, deadline=None)
@given(seed=seeds, index=indices)
def test_every_module_is_one_that_the_engine_takes(seed: int, index: int) -> None:
    program = engine.Program(WasmGenerator().generate(PrngEntropy(seed, index)).wasm)
    assert program.imports == []
    assert any(export["kind"] == "function" for export in program.exports)


def test_cases_differ() -> None:
    source = GeneratedSource(1)
    assert len({source.case(index).wasm for index in range(100)}) == 100


@given(seed=seeds, low=st.integers(-1000, 1000), span=st.integers(0, 1000))
def test_entropy_stays_in_its_bounds(seed: int, low: int, span: int) -> None:
    entropy = PrngEntropy(seed, 0)
    assert low <= entropy.integer(low, low + span) <= low + span
    assert entropy.choice([low]) == low
    assert len(entropy.take(span)) == span
    assert entropy.chance(100)
    assert not entropy.chance(0)


def test_purposes_do_not_share_decisions() -> None:
    assert PrngEntropy(1, 2, "case").take(16) != PrngEntropy(1, 2, "plan").take(16)


def test_the_corpus_is_drawn_from_and_must_not_be_empty() -> None:
    cases = [Case(b"one"), Case(b"two")]
    drawn = {CorpusGenerator(cases).generate(PrngEntropy(1, index)).wasm for index in range(50)}
    assert drawn == {b"one", b"two"}
    with pytest.raises(ValueError, match="a corpus needs cases"):
        CorpusGenerator([])
