"""How often the way of choosing is right, by sweeps whose truth is known: simulated, or drawn from
a pool of real runs (`--pool`, made by `benchmarks.choosing_pool`).

    python -m benchmarks.choosing --sweeps 1000 --json benchmarks/results/choosing.json
    python -m benchmarks.choosing --pool benchmarks/results/choosing-pool.json \
        --json benchmarks/results/choosing-from-pool.json

Each sweep is a search, one run a configuration; its best few and a baseline (configuration 0) then
race over fresh seeds, with racing and without, by the functions that medsweep uses:
`sweeps.confirmation.race` chooses (of all runs), `analysis.statistics.contest` says who can be told
apart (of fresh ones). Columns, in per cent of sweeps where nothing else is said:

- right: the choice is the truly best of all configurations, or truly within the smallest difference
  that the design can detect (80% power) of it; best: it is the truly best itself;
- clear: a clear winner is claimed, told from every other candidate; false: wrongly so, the winner
  not being the truly best of the candidates;
- baseline: "better than the baseline" is claimed; false too where it is not truly better;
- cover: 95% intervals that hold the true difference: of the choice to the baseline (Dunnett's),
  of the choice to each candidate (from fresh runs; as believed), and of two candidates
  regardless of their place; of one with failed seeds to each other (`failed`);
- loss: true value of the choice less the best configuration's, in the mean: of our choice, of the
  search's minimum, of the minimum of as many runs of the same configurations (`as_many`);
  `wider` is the true value of the minimum of as many runs, each of a new configuration, less ours;
- optimism, by how much a value is too good: the search's of its best, the same after shrinkage, and
  the fresh mean of the choice;
- seeds: fresh runs, share of those that no racing takes.
"""

import argparse
import itertools
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from multiprocessing import Pool
from multiprocessing.pool import Pool as Workers
from pathlib import Path

import numpy as np

from analysis.statistics.contest import Contest, contest
from analysis.statistics.crossed import Difference, difference
from analysis.statistics.detectable import smallest_detectable
from analysis.statistics.seed_spread import SeedSpread
from analysis.statistics.shrinkage import shrink
from benchmarks.choosing_worlds import WORLDS, Array, Drawn, Simulated, Sweep, pool_of
from benchmarks.output import JSON, command, device, show, write
from sweeps.confirmation.race import (
    BOUND,
    SURE,
    Standing,
    clear,
    covariance_of_rows,
    drops,
    standing,
)

BASELINE = 0


@dataclass(frozen=True)
class Design:
    """How a confirmation is done."""

    top: int = 5
    seeds: int = 3
    racing: bool = True
    bound: float = BOUND
    sure: float = SURE
    search_counts: bool = True
    shrinks: bool = True
    rows: bool = False  # whether the race knows of the rows' error
    spread: bool = True  # few seeds borrow from the other candidates


@dataclass
class Confirmed:
    """Fresh results by candidate, who was chosen, and what it took."""

    fresh: dict[int, list[Array]]
    now: Standing
    runs: int

    @property
    def choice(self) -> int:
        return int(self.now.leader.name)


def confirm(sweep: Sweep, design: Design) -> Confirmed:
    """The race: a round is one seed of everybody still in it."""
    best = [int(c) for c in np.argsort(sweep.searched)[: design.top]]
    racing = list(dict.fromkeys([*best, BASELINE]))
    budget = len(racing) * design.seeds
    fresh: dict[int, list[Array]] = {c: [] for c in racing}
    runs, now = 0, _standing(sweep, fresh, design)
    for seed in range(budget if design.racing else design.seeds):
        over = design.racing and seed >= 2 and clear(now, design.bound, design.sure)
        if runs + len(racing) > budget or len(racing) < 2 or over:
            break
        for c, y in zip(racing, sweep.runs(racing, seed), strict=True):
            fresh[c].append(y)
        runs += len(racing)
        now = _standing(sweep, fresh, design)
        if design.racing and seed >= 1:
            out = {int(name) for name in drops(now, design.bound, design.sure)}
            racing = [c for c in racing if c not in out]
    return Confirmed(fresh, now, runs)


def _standing(sweep: Sweep, fresh: dict[int, list[Array]], design: Design) -> Standing:
    values = {str(c): [float(y.mean()) for y in ys] for c, ys in fresh.items()}
    search = {str(c): float(sweep.searched[c]) for c in fresh} if design.search_counts else {}
    common = min(map(len, fresh.values()))
    rows, row_df = None, None
    if common and design.rows:
        means = [_mean_of(ys[:common]) for ys in fresh.values()]
        rows = covariance_of_rows(np.nan_to_num(np.array(means)))
        row_df = len(means[0]) - 1.0
    searched = sweep.searched.tolist() if design.shrinks else []
    return standing(searched, search, values, True, [str(BASELINE)], rows, row_df)


def _mean_of(ys: list[Array]) -> Array:
    kept = [y for y in ys if np.isfinite(y).all()]
    return np.mean(kept, axis=0) if kept else np.zeros_like(ys[0])


def judged(sweep: Sweep, design: Design) -> JSON:
    """One sweep's figures, of its truth."""
    done, true = confirm(sweep, design), sweep.true
    choice, racers = done.choice, list(done.fresh)
    names = {str(c): np.array(ys) for c, ys in done.fresh.items()}
    search = {str(c): float(sweep.searched[c]) for c in done.fresh}
    told = contest(
        names,
        str(choice),
        [str(BASELINE)],
        sweep.groups,
        searched=sweep.searched.tolist(),
        search=search,
    )
    against = told.against if design.spread else _plain(names, str(choice), sweep)
    detectable = _detectable([d for d in against.values() if d and d.se])
    loss = float(true[choice] - true.min())
    base = told.to_baseline[str(BASELINE)].get(str(choice))
    told_better = choice != BASELINE and told.better_than(str(BASELINE))
    a, b = racers[1], racers[2]  # second and third of the search, whatever became of them
    pair = difference(*_same(names, a, b), sweep.groups, told.spread if design.spread else None)
    first = int(sweep.searched.argmin())
    found = shrink(sweep.searched.tolist(), sweep.searched[first], done.now.seed_sd**2)
    beside = _beside_failed(names, sweep, told.spread if design.spread else None)
    fresh = float(np.nanmean([y.mean() for y in done.fresh[choice]]))
    return {
        "right": loss <= detectable,
        "best": loss == 0,
        "clear": told.clear,
        "clear_false": told.clear
        and true[choice] >= np.delete(true[racers], racers.index(choice)).min(),
        "baseline": told_better,
        "baseline_false": told_better and true[choice] >= true[BASELINE],
        "cover_baseline": _covers(_simultaneous(told, base), true[choice] - true[BASELINE]),
        "cover_baseline_single": _covers(base, true[choice] - true[BASELINE]),
        "cover_others": _mean(
            [_covers(d, true[choice] - true[int(n)]) for n, d in against.items()]
        ),
        "cover_believed": _believed(told.believed, true),
        "cover_any": _covers(pair, true[a] - true[b]),
        "cover_failed": beside,
        "loss": loss,
        "loss_minimum": float(true[first] - true.min()),
        "detectable": detectable,
        "optimism_search": float(true[first] - sweep.searched[first]),
        "optimism_fresh": float(true[choice] - fresh),
        "optimism_shrunk": float(true[first] - found.shrunk) if found else None,
        "runs": done.runs,
        "budget": len(racers) * design.seeds,
        "value": float(true[choice]),
    }


def _detectable(found: list[Difference]) -> float:
    """Of the comparison that is as unsure as the median one; 0 where there is none."""
    by_se = sorted(found, key=lambda d: d.se or 0.0)
    return (smallest_detectable(by_se[len(by_se) // 2]) or 0.0) if by_se else 0.0


def _same(names: dict[str, Array], a: int, b: int) -> tuple[Array, Array]:
    """Both candidates' runs of the seeds that both had."""
    n = min(len(names[str(a)]), len(names[str(b)]))
    return names[str(a)][:n], names[str(b)][:n]


def _beside_failed(
    names: dict[str, Array], sweep: Sweep, spread: SeedSpread | None
) -> float | None:
    """Of the intervals of a candidate with failed seeds to each other, the share that holds."""
    held: list[float | None] = []
    for bad in sweep.bad:
        for other in (int(name) for name in names if int(name) != bad):
            found = difference(*_same(names, bad, other), sweep.groups, spread)
            held.append(_covers(found, float(sweep.true[bad] - sweep.true[other])))
    return _mean(held)


def _plain(names: dict[str, Array], leader: str, sweep: Sweep) -> dict[str, Difference | None]:
    """Differences by their own seeds alone."""
    return {
        n: difference(*_same(names, int(leader), int(n)), sweep.groups)
        for n in names
        if n != leader
    }


def _covers(found: Difference | None, true: float) -> float | None:
    """1 or 0; None without an interval."""
    if found is None or found.interval is None:
        return None
    return float(found.interval[0] <= true <= found.interval[1])


def _simultaneous(told: Contest, found: Difference | None) -> Difference | None:
    """With Dunnett's interval of the choice against the baseline."""
    if found is None:
        return None
    corrected = told.over_baseline[str(BASELINE)][told.leader]
    return replace(found, interval=corrected.interval)


def _believed(now: Standing, true: Array) -> float | None:
    """Of the believed intervals of the others less the leader, the share that holds the truth."""
    leader = true[int(now.leader.name)]
    gaps = [(c.apart, float(true[int(c.name)] - leader)) for c in now.candidates[1:]]
    return _mean([float(low <= gap <= high) for (low, high), gap in gaps])


def _mean(values: list[float | None]) -> float | None:
    kept = [v for v in values if v is not None]
    return sum(kept) / len(kept) if kept else None


def of_world(job: tuple[int, range, Design]) -> list[JSON]:
    """The figures of some sweeps of a world, with today's rule at the same budget."""
    world, numbers, design = WORLDS[job[0]], job[1], job[2]
    told = []
    for number in numbers:
        sweep = Simulated(world, number)
        row = judged(sweep, replace(design, top=world.top, seeds=world.seeds))
        budget = world.configurations + row["budget"]
        row["loss_as_many"] = float(sweep.true[sweep.repeated(budget)] - sweep.true.min())
        row["wider"] = sweep.wider(budget) - row["value"]
        told.append(row)
    return told


def of_pool(job: tuple[Array, int | None, range, Design]) -> list[JSON]:
    """The figures of some sweeps drawn from a pool, all of one of its configurations or none."""
    pool, alike, numbers, design = job
    told = []
    for number in numbers:
        sweep = Drawn(pool, number, alike=None if alike is None else number % len(pool))
        row = judged(sweep, design)
        as_many = sweep.repeated(len(pool) + row["budget"])
        told.append({**row, "loss_as_many": float(sweep.true[as_many] - sweep.true.min())})
    return told


def from_pool(pool: Array, sweeps: int, design: Design, workers: Workers) -> Iterator[JSON]:
    """A row of sweeps of different configurations, and one of sweeps where all are equal."""
    for alike, name in ((None, "pool"), (0, "pool, all equal")):
        jobs = [(pool, alike, part, design) for part in _parts(sweeps)]
        rows = workers.map(of_pool, jobs, chunksize=1)
        yield {"world": name, **summary(list(itertools.chain(*rows)))}


def _parts(sweeps: int, first: int = 0) -> list[range]:
    size, end = max(1, sweeps // 8), first + sweeps
    return [range(i, min(i + size, end)) for i in range(first, end, size)]


PER_CENT = ("right", "best", "clear", "clear_false", "baseline", "baseline_false")
COVERS = (
    *("cover_baseline", "cover_baseline_single", "cover_others", "cover_believed", "cover_any"),
    "cover_failed",
)


def summary(rows: list[JSON]) -> JSON:
    """Means over sweeps."""
    means = {name: _mean([row.get(name) for row in rows]) for name in rows[0]}
    found: JSON = {
        name: None if (mean := means[name]) is None else round(100 * mean, 1)
        for name in (*PER_CENT, *COVERS)
    }
    others = set(means) - set(found) - {"runs", "budget", "value"}
    found |= {name: m if (m := means[name]) is None else round(m, 3) for name in sorted(others)}
    runs, budget = means["runs"] or 0.0, means["budget"] or 1.0
    return {**found, "runs": round(runs, 1), "seeds": round(100 * runs / budget), "n": len(rows)}


def simulated(
    worlds: list[int], first: int, sweeps: int, design: Design, workers: Workers
) -> Iterator[JSON]:
    """A row a world, of so many sweeps from number `first` on."""
    for world in worlds:
        jobs = [(world, part, design) for part in _parts(sweeps, first)]
        rows = workers.map(of_world, jobs, chunksize=1)
        yield {"world": WORLDS[world].name, **summary(list(itertools.chain(*rows)))}


COLUMNS = (
    *("world", "design", "right", "best", "clear", "clear_false", "baseline", "baseline_false"),
    *(
        "cover_baseline",
        "cover_others",
        "cover_believed",
        "cover_any",
        "cover_failed",
        "loss",
        "loss_minimum",
        "loss_as_many",
    ),
    *("wider", "optimism_search", "optimism_fresh", "optimism_shrunk", "seeds"),
)
DESIGNS = {
    "racing": Design(),
    "no racing": Design(racing=False),
}
VARIANTS = {
    "own seeds only": Design(spread=False),
    "rows in the race": Design(rows=True),
    "no shrinkage": Design(shrinks=False),
    "search run left out": Design(search_counts=False),
    **{f"bound {b}": Design(bound=b) for b in (0.01, 0.05, 0.2)},
    "baselines at 0.95": Design(sure=0.95),
}


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = command(__doc__)
    parser.add_argument("--sweeps", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="number of the first simulated sweep")
    parser.add_argument("--worlds", nargs="*", type=int, help="numbers in WORLDS; all by default")
    parser.add_argument("--variants", action="store_true", help="other ways of choosing, too")
    parser.add_argument("--pool", type=Path, help="draw from these real runs instead")
    parser.add_argument("--processes", type=int, default=2)
    return parser.parse_args()


def main() -> None:
    """Print a table, and write JSON."""
    options = parsed()
    designs = DESIGNS | (VARIANTS if options.variants else {})
    worlds = list(range(len(WORLDS))) if options.worlds is None else options.worlds
    rows: list[JSON] = []
    about = {
        "sweeps": options.sweeps,
        "first": options.first,
        "worlds": str(options.pool.name) if options.pool else [asdict(WORLDS[w]) for w in worlds],
        "designs": {n: asdict(d) for n, d in designs.items()},
        "device": device(),
    }
    pool = pool_of(json.loads(options.pool.read_text()))[1] if options.pool else None
    with Pool(options.processes) as workers:
        for name, design in designs.items():
            if pool is None:
                found = simulated(worlds, options.first, options.sweeps, design, workers)
            else:
                found = from_pool(pool, options.sweeps, design, workers)
            for row in found:
                rows.append({"design": name, **row})
                print(" ".join(f"{k}={v}" for k, v in rows[-1].items()), flush=True)
                write(options.json, {**about, "rows": rows})
    show(rows, f"{options.sweeps} sweeps a row", [c for c in COLUMNS if c in rows[0]])


if __name__ == "__main__":
    main()
