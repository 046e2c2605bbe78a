"""The benchmark's own arithmetic: a ratio is only worth what its procedure is."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tests.bench.campaign import rate_of
from tests.bench.contender import Cost
from tests.bench.duel import LEAST_ROUNDS, Score, duel, geometric_mean
from tests.bench.engines import Timed
from tests.bench.program_duel import ProgramScore, least, table
from tests.bench.programs import Job

JOB = Job("job", "kernels.wat", "fib", 1)


@dataclass
class Scripted:
    """A contestant whose times are given."""

    times: list[float]
    log: list[str]
    name: str = "ours"
    answer: object = field(default_factory=list)

    def time(self, job: Job) -> Timed:
        assert job is JOB
        self.log.append(self.name)
        return Timed(self.times.pop(0), self.answer)


def test_medians_leave_out_the_warm_up_and_outliers() -> None:
    log: list[str] = []
    ours, theirs = Scripted([99.0, 1.0, 9.0, 2.0], log), Scripted([99.0, 4.0, 4.0, 8.0], log, "theirs")
    [score] = duel(ours, theirs, [JOB], rounds=3)
    assert (score.ours, score.theirs, score.ratio) == (2.0, 4.0, 0.5)
    assert log == ["ours", "theirs"] * 4, "turns alternate"


def test_long_programs_get_fewer_rounds() -> None:
    ours, theirs = Scripted([60.0] * 10, []), Scripted([60.0] * 10, [])
    list(duel(ours, theirs, [JOB], rounds=9))
    assert len(ours.times) == 10 - 1 - LEAST_ROUNDS


def test_different_answers_are_no_score() -> None:
    with pytest.raises(ValueError, match="job: 1 here, 2 in Wasmtime"):
        list(duel(Scripted([1.0], [], answer=1), Scripted([1.0], [], answer=2), [JOB], rounds=1))


def test_geometric_mean_weighs_a_ratio_as_its_inverse() -> None:
    assert geometric_mean([Score("a", 2.0, 1.0), Score("b", 1.0, 2.0)]) == pytest.approx(1.0)


def test_rates_are_of_processor_time_and_stages_shares_largest_first() -> None:
    rate = rate_of(
        {
            "decided": 400,
            "decided_per_second": 200.0,
            "decided_share": 0.97,
            "mean_module_bytes": 900,
            "findings": 0,
            "honesty": {"median_ops": 450},
            "seconds_by_stage": {"oracles": 1.0, "jit": 3.0},
        },
        jobs=2,
        spent=4.0,
        keeping=0.1,
    )
    assert list(rate.stages.items()) == [("jit", 0.75), ("oracles", 0.25)]
    assert (rate.per_core_second, rate.bookkeeping) == (100.0, 0.025)


def test_whole_programs_are_scored_by_their_least_costs() -> None:
    assert least([Cost(3.0, 1.0, 10), Cost(1.0, 2.0, 20)]) == Cost(1.0, 1.0, 10)
    scores = [
        ProgramScore("a", Cost(2.0, 1.0, 30), Cost(1.0, 2.0, 10)),
        ProgramScore("b", Cost(1.0, 4.0, 10), Cost(2.0, 2.0, 30)),
    ]
    lines = table("ours / theirs", scores)
    assert lines[-2].split()[-3:] == ["1.00", "1.00", "1.00"]
    assert lines[-1] == "  worst to run: b, 2.00"
