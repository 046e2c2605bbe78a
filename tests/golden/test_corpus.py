"""Each seed of `corpus/` assembles, does what `corpus.txt` says, and has a reason in the README.

`BLESS=1 make test` rewrites `corpus.txt` from what Wasmtime answers; read the difference.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from corpus_answers import answers, calls_of, header_of

CORPUS = Path(__file__).parents[2] / "corpus"
GOLDEN = Path(__file__).with_name("corpus.txt")
SEEDS = sorted(CORPUS.glob("*.wat"))
LEAST_SEEDS = 36


def _section(seed: Path) -> str:
    return "\n".join([seed.stem, *(f"  {line}" for line in answers(seed))])


@pytest.fixture(scope="module")
def golden() -> dict[str, str]:
    if os.environ.get("BLESS"):
        GOLDEN.write_text("\n\n".join(map(_section, SEEDS)) + "\n", encoding="utf-8")
    sections = GOLDEN.read_text(encoding="utf-8").strip().split("\n\n")
    return {section.partition("\n")[0]: section for section in sections}


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.stem)
def test_wasmtime_answers_as_recorded(seed: Path, golden: dict[str, str]) -> None:
    assert _section(seed) == golden.get(seed.stem), f"BLESS=1 rewrites {GOLDEN.name}"


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.stem)
def test_calls_are_named(seed: Path) -> None:
    whole = "wasi" in header_of(seed)
    assert whole or calls_of(seed), "a seed without calls says nothing about its reason"


def test_golden_file_has_no_other_seeds(golden: dict[str, str]) -> None:
    assert sorted(golden) == [seed.stem for seed in SEEDS]


def test_readme_has_a_reason_for_each_seed() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", (CORPUS / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert [name for name, _ in rows] == [seed.stem for seed in SEEDS]
    assert len({reason for _, reason in rows}) == len(rows)
    assert len(rows) >= LEAST_SEEDS
