"""Generators: deterministic, always valid, and not all the same."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine
from generators.corpus import CorpusGenerator
from generators.entropy import BytesEntropy, PrngEntropy
from generators.mutate import MutateGenerator
from generators.wasm import WasmGenerator
from harness.case import Call, Case
from harness.executors import EngineExecutor, Subject
from harness.files import read_all
from harness.outcome import Ran, Trapped
from harness.source import GeneratedSource

seeds = st.integers(0, 2**64)
indices = st.integers(0, 2**32)
CORPUS = read_all([Path(__file__).parents[2] / "corpus"])[1]


@settings(max_examples=40, deadline=None)
@given(seed=seeds, index=indices)
def test_a_case_is_a_function_of_seed_and_index(seed: int, index: int) -> None:
    case = GeneratedSource(seed).case(index)
    assert case == GeneratedSource(seed).case(index)
    assert case.history == {"generator": "wasm", "seed": seed, "index": index}


@settings(max_examples=40, deadline=None)
@given(seed=seeds, index=indices)
def test_every_module_is_one_that_the_engine_takes(seed: int, index: int) -> None:
    case = WasmGenerator().generate(PrngEntropy(seed, index))
    assert case.calls
    Subject(case)  # takes the module, and every call fits it


@settings(max_examples=40, deadline=None)
@given(seed=seeds, index=indices)
def test_every_mutant_is_one_that_the_engine_takes(seed: int, index: int) -> None:
    case = MutateGenerator(CORPUS).generate(PrngEntropy(seed, index))
    assert case == MutateGenerator(CORPUS).generate(PrngEntropy(seed, index))
    Subject(case)


def test_mutants_are_new_and_keep_the_calls_that_fit() -> None:
    kept = 0
    for index in range(60):
        mutant = MutateGenerator(CORPUS).generate(PrngEntropy(1, index))
        assert mutant.wasm not in {seed.wasm for seed in CORPUS}
        assert mutant.calls is not None
        kept += any(mutant.calls[: len(seed.calls)] == seed.calls for seed in CORPUS if seed.calls)
    assert kept > 20


def test_mutants_of_a_program_without_end_end() -> None:
    text = b"""(module (memory 1) (func $f (export "f") (loop (br 0)))
        (func $g (export "g") (call $g) (call $f))
        (func (export "h") (loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 65536)) (br 0))))"""
    endless = (Case(engine.assemble(text), calls=(Call("f"), Call("g"), Call("h"))),)
    stopped = 0
    for index in range(40):
        case = MutateGenerator(endless).generate(PrngEntropy(2, index))
        outcome = EngineExecutor("interpreter").run(Subject(case))
        assert isinstance(outcome, Ran)
        traps = {step.trap for step in outcome.steps if isinstance(step, Trapped)}
        assert not traps & {"interrupt", "out_of_fuel", "stack_overflow"}, index
        assert outcome.counts.ops < 1_000_000
        stopped += "unreachable" in traps
    assert stopped > 10, "fuel in the program is what stopped them"


def test_without_a_corpus_generated_modules_are_mutated() -> None:
    entropy = PrngEntropy(3, 4)
    assert MutateGenerator().generate(entropy).wasm


def test_the_default_mix_draws_every_generator_but_the_corpus_seldom() -> None:
    source = GeneratedSource(1, ("wasm", "mutate", "corpus"), CORPUS)
    drawn = Counter(source.case(index).history["generator"] for index in range(300))
    assert drawn["wasm"] > drawn["mutate"] > drawn["corpus"] > 0


@given(data=st.binary(max_size=300), low=st.integers(-1000, 1000), span=st.integers(0, 70_000))
def test_bytes_are_entropy_within_bounds_however_few_there_are(data: bytes, low: int, span: int) -> None:
    entropy = BytesEntropy(data)
    for _ in range(4):
        assert low <= entropy.integer(low, low + span) <= low + span
        assert len(entropy.take(40)) == 40
        assert entropy.choice([low]) == low


@settings(max_examples=30, deadline=None)
@given(data=st.binary(max_size=2000))
def test_the_same_bytes_give_the_same_case(data: bytes) -> None:
    source = GeneratedSource(1, ("wasm", "mutate"), CORPUS)
    assert source.generate(BytesEntropy(data)) == source.generate(BytesEntropy(data))


def test_a_changed_decision_leaves_the_bytes_that_are_taken_where_they_are() -> None:
    for last in range(256):
        entropy = BytesEntropy(bytes(range(100)) + bytes([last]))
        entropy.chance(50)
        assert entropy.take(50) == bytes(range(50))


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
