"""A leader against all others, and all candidates against each baseline, over their fresh runs: who
can be told apart. What benchmarks/choosing.py proves the error rates of."""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from analysis.statistics.crossed import Difference, difference
from analysis.statistics.seed_spread import SeedSpread, seed_spread
from analysis.statistics.several import Corrected, dunnett, holm
from sweeps.confirmation.race import Standing, Values, covariance_of_rows, standing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

LEVEL = 0.05


@dataclass(frozen=True)
class Contest:
    """Differences of the leader to each other, in the metric's units (leader less the other)."""

    leader: str
    against: dict[str, Difference | None]  # None: no seed that both have
    corrected: dict[str, Corrected]  # Holm, over all the others
    over_baseline: dict[str, dict[str, Corrected]]  # baseline → candidate, Dunnett
    to_baseline: dict[str, dict[str, Difference | None]]  # candidate less baseline
    tied: tuple[str, ...]  # who cannot be told from the leader, or is better
    spread: SeedSpread | None
    believed: Standing  # with the search's runs and the rows' error: its intervals `apart` hold in
    # 95% although the leader was chosen among these very runs; those of `against` do not

    @property
    def clear(self) -> bool:
        """Whether the leader is told from everybody."""
        return not self.tied

    def better_than(
        self, baseline: str, lower_is_better: bool = True, name: str | None = None
    ) -> bool:
        """Whether the leader (or `name`) is better than this baseline beyond chance, it being one
        of all that were compared with it."""
        told = self.over_baseline[baseline].get(name or self.leader)
        found = self.to_baseline[baseline].get(name or self.leader)
        if told is None or told.p is None or found is None:
            return False
        return told.p < LEVEL and (found.estimate < 0) == lower_is_better


def contest(
    results: Mapping[str, "ArrayLike"],
    leader: str,
    baselines: Collection[str] = (),
    groups: Sequence[Hashable] | None = None,
    lower_is_better: bool = True,
    searched: Values = (),
    search: Mapping[str, float | None] | None = None,
    resampled: float = 0.0,
) -> Contest:
    """Of each candidate's fresh runs, (seeds, rows) or (seeds,): position s is the same seed for
    all, NaN one that failed; a candidate that was dropped has fewer. Who leads is the race's to
    say (`sweeps.confirmation.race.standing`), whose arguments `searched` and `search` are.
    `resampled`: held-out rows / training rows where each seed draws rows of its own.

    >>> told = contest({"A": [1.0, 1.1, 1.0], "B": [3.0, 3.0, 3.1], "C": [2.0, 2.2, 2.1]}, "A")
    >>> told.clear, told.against["B"].n_seeds, told.corrected["B"].n_comparisons
    (True, 3, 2)
    """
    import numpy as np

    tables = _padded(results)
    spread = seed_spread(_run_values(tables))
    compare = partial(difference, groups=groups, spread=spread, resampled=resampled)
    sign = 1.0 if lower_is_better else -1.0

    def versus(second: str) -> dict[str, Difference | None]:
        return {n: compare(t, tables[second]) for n, t in tables.items() if n != second}

    against = {n: compare(tables[leader], t) for n, t in tables.items()}
    del against[leader]
    corrected = dict(
        zip(against, holm([d.p if d else None for d in against.values()]), strict=True)
    )
    to_baseline = {b: versus(b) for b in baselines}
    over = {
        b: dict(zip(ds, dunnett(list(ds.values())), strict=True)) for b, ds in to_baseline.items()
    }
    tied = tuple(n for n, d in against.items() if not _better(d, corrected[n].p, sign))
    believe = partial(
        standing, searched, search or {}, _values(results), lower_is_better, baselines
    )
    rows, row_df = _covariance(tables, groups), _df_of_rows(tables, groups)
    if resampled:  # what the splits share stays however many there are
        rows, row_df = resampled * believe().seed_sd ** 2 * np.eye(len(tables)), None
    believed = believe(row_covariance=rows, row_df=row_df)
    return Contest(leader, against, corrected, over, to_baseline, tied, spread, believed)


def _better(found: Difference | None, p: float | None, sign: float) -> bool:
    return found is not None and p is not None and p < LEVEL and sign * found.estimate < 0


def _values(results: Mapping[str, "ArrayLike"]) -> dict[str, list[float | None]]:
    """Each candidate's runs as values, NaN for one that failed."""
    import numpy as np

    arrays = {name: np.asarray(y, dtype=float) for name, y in results.items()}
    return {n: (y if y.ndim == 1 else y.mean(axis=1)).tolist() for n, y in arrays.items()}


def _covariance(
    tables: "Mapping[str, NDArray[np.float64]]", groups: Sequence[Hashable] | None
) -> "NDArray[np.float64] | None":
    """Of the candidates' means over rows, from the seeds that all have; None where no rows, or no
    common seed, tell."""
    import numpy as np

    y = np.array(list(tables.values()))
    if y.ndim < 3 or y.shape[2] < 2:
        return None
    common = np.isfinite(y).all(axis=(0, 2))
    return covariance_of_rows(y[:, common].mean(axis=1), groups) if common.any() else None


def _df_of_rows(
    tables: "Mapping[str, NDArray[np.float64]]", groups: Sequence[Hashable] | None
) -> float | None:
    """Degrees of freedom of rows, those of a group counted once; None where none were kept."""
    y = next(iter(tables.values()))
    if y.ndim < 2:
        return None
    return max(len(set(groups)) if groups is not None else y.shape[1], 2) - 1.0


def _padded(results: Mapping[str, "ArrayLike"]) -> "dict[str, NDArray[np.float64]]":
    """All with as many seeds: NaN where one has none."""
    import numpy as np

    tables = {name: np.asarray(y, dtype=float) for name, y in results.items()}
    most = max(len(y) for y in tables.values())
    padded = {}
    for name, y in tables.items():
        gap = np.full((most - len(y), *y.shape[1:]), np.nan)
        padded[name] = np.concatenate([y, gap])
    return padded


def _run_values(tables: "Mapping[str, NDArray[np.float64]]") -> "NDArray[np.float64]":
    """(candidates, seeds): the mean of each run."""
    import numpy as np

    return np.array([y if y.ndim == 1 else y.mean(axis=1) for y in tables.values()])
