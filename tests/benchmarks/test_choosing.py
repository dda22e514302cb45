"""The simulation of choosing: its truth is the truth, and its race keeps to its budget."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.choosing import BASELINE, Design, confirm, judged, summary
from benchmarks.choosing_worlds import WORLDS, Drawn, Simulated, pool_of

BASE = WORLDS[0]


def test_runs_are_the_same_whoever_is_asked_for() -> None:
    sweep, again = Simulated(BASE, 3), Simulated(BASE, 3)
    both = sweep.runs([4, 7], 1)
    assert np.array_equal(again.runs([7], 1)[0], both[1])
    assert not np.array_equal(sweep.runs([4], 2)[0], both[0])


def test_runs_are_about_the_truth() -> None:
    world = replace(BASE, configurations=3, rows=4000, row_of=0.0, row=0.0)
    sweep = Simulated(world, 1)
    means = np.mean([sweep.runs([0, 1, 2], s).mean(axis=1) for s in range(400)], axis=0)
    assert means - means[0] == pytest.approx(sweep.true - sweep.true[0], abs=0.15)


@pytest.mark.parametrize("racing", [True, False])
def test_the_race_keeps_to_its_budget_and_its_baseline(racing: bool) -> None:
    for number in range(5):
        done = confirm(Simulated(BASE, number), Design(racing=racing))
        budget = len(done.fresh) * 3
        assert done.runs == sum(map(len, done.fresh.values()))
        assert done.runs <= budget if racing else done.runs == budget
        assert BASELINE in done.fresh
        assert min(map(len, done.fresh.values())) >= 2


def test_a_pool_s_truth_is_its_mean() -> None:
    random = np.random.default_rng(0)
    runs = [
        {"name": name, "seed": s, "rows": (i + random.normal(size=30)).tolist()}
        for i, name in enumerate("ABCDEFGH")
        for s in range(6)
    ]
    names, pool = pool_of({"runs": runs})
    assert names == list("ABCDEFGH")
    assert sorted(Drawn(pool, 2).true) == pytest.approx(sorted(pool.mean(axis=(1, 2))))
    alike = Drawn(pool, 2, alike=3)
    assert set(alike.true) == {pool[3].mean()}
    assert judged(alike, Design())["loss"] == 0


def test_a_diverged_seed_is_told_of() -> None:
    world = replace(BASE, diverged=1)
    rows = [judged(Simulated(world, n), Design()) for n in range(3)]
    assert summary(rows)["n"] == 3
