"""Simulated sweeps whose truth is known, for `benchmarks.choosing`; lower is better.

The result of configuration c with seed s on row r is
    y[c, s, r] = true[c] + seed[s] + run[c, s] + row[r] + row_of[c, r] + rest[c, s, r],
all but the first random. The unit is the sd of true values in a search.
"""

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class World:
    """How a sweep's numbers come about."""

    name: str
    configurations: int = 20
    rows: int = 230
    seeds: int = 3
    top: int = 5
    between: float = 1.0  # sd of true values; 0: all are equal
    seed: float = 0.5  # sd of a run with another seed
    unequal: float = 0.0  # sd of the logarithm of each configuration's seed sd
    shared_seed: float = 0.3  # sd of what all configurations share of a seed
    row: float = 3.0  # sd of how hard a row is for all
    row_of: float = 1.5  # sd of how hard a row is for one configuration
    rest: float = 1.0
    tail: float = 0.0  # degrees of freedom of Student's t; 0: normal
    group: int = 1  # rows that belong together share row_of
    diverged: int = 0  # fresh seeds, of one candidate drawn at random, that give no number


WORLDS = (
    World("base"),
    World("all equal", between=0.0),
    World("all equal, 2 seeds", between=0.0, seeds=2),
    World("2 seeds", seeds=2),
    World("5 seeds", seeds=5),
    World("20 rows", rows=20),
    World("heavy tails", tail=3.0),
    World("all equal, heavy tails", tail=3.0, between=0.0),
    World("rows in groups of 10", group=10),
    World("unequal seed variances", unequal=0.5),
    World("all equal, unequal variances", unequal=0.5, between=0.0),
    World("a diverged seed", diverged=1),
    World("much seed noise", seed=1.0),
    World("little seed noise", seed=0.25),
    World("4 seeds", seeds=4),
)


class Sweep(Protocol):
    """One sweep: what the search saw, and runs with new seeds as they are asked for."""

    true: Array  # (configurations,)
    searched: Array  # (configurations,)
    groups: list[int] | None
    bad: dict[int, set[int]]  # candidates with seeds that give no number

    def runs(self, chosen: list[int], seed: int) -> Array:
        """(chosen, rows) of the seed-th fresh seed; NaN where it diverged."""


class Simulated:
    """A sweep of a world. The same numbers come whoever is asked for, and when."""

    def __init__(self, world: World, number: int) -> None:
        self.world, self.number = world, number
        random, w = self._random(0), world
        self.true = w.between * random.normal(size=w.configurations)
        self.sd = w.seed * np.exp(w.unequal * random.normal(size=w.configurations))
        of_groups = self._noise(random, (w.configurations, -(-w.rows // w.group)))
        self.of_rows = w.row_of * np.repeat(of_groups, w.group, axis=1)[:, : w.rows]
        self.row = w.row * self._noise(random, (1, w.rows))
        self.groups = [r // w.group for r in range(w.rows)] if w.group > 1 else None
        self.searched = self._all(1).mean(axis=1)
        best = np.argsort(self.searched)[: w.top]
        self.bad: dict[int, set[int]] = {}
        if w.diverged:
            self.bad[int(random.choice(best))] = set(range(w.diverged))

    def _random(self, what: int) -> np.random.Generator:
        return np.random.default_rng([self.number, what])

    def _noise(self, random: np.random.Generator, shape: tuple[int, ...]) -> Array:
        """Of variance 1."""
        if not self.world.tail:
            return random.normal(size=shape)
        df = self.world.tail
        drawn: Array = random.standard_t(df, size=shape) / np.sqrt(df / (df - 2))
        return drawn

    def _all(self, what: int) -> Array:
        """(configurations, rows) of a seed."""
        w, random = self.world, self._random(what)
        run = self.sd * self._noise(random, (w.configurations,)) + w.shared_seed * random.normal()
        rest = w.rest * self._noise(random, (w.configurations, w.rows))
        drawn: Array = (self.true + run)[:, None] + self.row + self.of_rows + rest
        return drawn

    def runs(self, chosen: list[int], seed: int) -> Array:
        """(chosen, rows) of the seed-th fresh seed."""
        y = self._all(2 + seed)[chosen]
        for i, c in enumerate(chosen):
            if seed in self.bad.get(c, set()):
                y[i] = np.nan
        return y

    def repeated(self, budget: int) -> int:
        """Today's rule with as many runs: the least of all single runs, configurations in turn."""
        n = self.world.configurations
        drawn = [self.searched] + [self._all(100 + k).mean(axis=1) for k in range(budget // n + 1)]
        return int(np.concatenate(drawn)[:budget].argmin()) % n

    def wider(self, budget: int) -> float:
        """The true value of today's rule's choice among as many configurations as runs."""
        world = replace(self.world, configurations=budget, diverged=0)
        other = Simulated(world, self.number + 1_000_000)
        return float(other.true[other.searched.argmin()])


class Drawn:
    """A sweep drawn from a pool of real runs, (configurations, seeds, rows) with its mean over both
    as truth: the search's run and fresh ones are runs of the pool, its validation rows rows of
    the pool, each drawn with replacement. `alike`: every candidate is one configuration in truth,
    whose runs it draws, each its own."""

    def __init__(self, pool: Array, number: int, rows: int = 0, alike: int | None = None) -> None:
        random = np.random.default_rng([number, 7])
        n, self.seeds, most = pool.shape
        self.of = np.full(n, alike) if alike is not None else random.permutation(n)
        self.picked = random.integers(0, most, rows or most)
        self.groups: list[int] | None = None
        self.bad: dict[int, set[int]] = {}
        self.pool, self.number = pool, number
        self.true = pool.mean(axis=(1, 2))[self.of]
        self.searched = self._all(0).mean(axis=1)

    def _all(self, what: int) -> Array:
        random = np.random.default_rng([self.number, 8, what])
        runs = random.integers(0, self.seeds, len(self.of))
        drawn: Array = self.pool[self.of, runs][:, self.picked]
        return drawn

    def runs(self, chosen: list[int], seed: int) -> Array:
        """(chosen, rows) of the seed-th fresh seed."""
        return self._all(1 + seed)[chosen]

    def repeated(self, budget: int) -> int:
        """As `Simulated.repeated`."""
        n = len(self.of)
        drawn = [self.searched] + [self._all(100 + k).mean(axis=1) for k in range(budget // n + 1)]
        return int(np.concatenate(drawn)[:budget].argmin()) % n


def pool_of(found: dict[str, Any]) -> tuple[list[str], Array]:
    """(names, (configurations, seeds, rows)) of a file of `benchmarks.choosing_pool`."""
    names = list(dict.fromkeys(run["name"] for run in found["runs"]))
    each = [[run["rows"] for run in found["runs"] if run["name"] == name] for name in names]
    return names, np.array(each)
