"""What a confirmation measured: every trial's fresh runs, seed by seed and row by row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.files import RunError
from analysis.runs import Run, TrialView
from analysis.selection import criteria
from analysis.selection.choice import Criterion
from sweeps.confirmation.asked import Asked
from sweeps.confirmation.course import Course
from sweeps.confirmation.judging import believed, judge
from sweeps.confirmation.race import Standing
from sweeps.confirmation.results import Results, results_of
from sweeps.run_folder.ledger import Ledger
from trainables.evaluation.metric_names import BENCHMARK_OF

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analysis.rows import PairedRows

Tables = Mapping[str, "NDArray[np.float64]"]


@dataclass(frozen=True)
class Evidence:
    """The fresh runs of a confirmation, by one metric.

    A table is (seeds, rows) where results were kept row by row, else (seeds,); row s is the same
    seed for every trial, NaN where it has no number.
    """

    asked: Asked
    course: Course
    criterion: Criterion  # what the trials are compared by: the rule's first
    trials: Mapping[str, TrialView]  # by id, those that were asked for
    tables: Tables
    failed: Mapping[str, int]  # seeds that failed or diverged: each counts against its trial
    lost: Mapping[str, int]  # seeds that ended for no fault of theirs: they say nothing
    groups: tuple[int, ...] | None  # of rows that belong together; None: values of whole runs
    base: "NDArray[np.float64] | None"  # (rows,), the untouched base model on the same rows
    own_rows: bool  # whether each seed was judged on rows of its own; of a benchmark none is
    resampled: float  # held-out rows / training rows where each seed draws its own; else 0
    standing: Standing | None  # None: the rule compares several metrics, there was no race

    @property
    def n_rows(self) -> int | None:
        """How many rows every run was judged on; None where they were not kept."""
        return None if self.groups is None else len(self.groups)

    @property
    def lower_is_better(self) -> bool:
        """Of the metric."""
        return self.criterion.mode == "min"

    def runs(self, trial: str) -> "NDArray[np.float64]":
        """(seeds that gave a number,) the metric of a trial's fresh runs."""
        table = self.tables[trial]
        values: NDArray[np.float64] = table if table.ndim == 1 else table.mean(axis=1)
        return values[np.isfinite(values)]


def evidence(run: Run, criterion: Criterion | None = None) -> Evidence | None:
    """What the confirmation of a run measured so far of a metric, the rule's first where none is
    given; None where there is none, or no trial has a fresh run that gave a number of it."""
    asked = Asked.read(run.folder)
    if asked is None:
        return None
    trials = {view.trial: view for view in run.trials if view.trial in asked.names}
    criterion = criterion or criteria(run.search)[0]
    values = _of_runs(trials, criterion)
    if not np.isfinite(list(values.values())).any():
        return None
    found = results_of(Ledger(run.folder), asked)
    own_rows = "split" in asked.vary and criterion.metric not in BENCHMARK_OF
    by_row = None if own_rows else _by_row(run, trials, values, criterion)
    return Evidence(
        asked=asked,
        course=found.course(asked, judge),
        criterion=criterion,
        trials=trials,
        tables=by_row.tables if by_row else values,
        failed={name: sum(trial == name for trial, _ in found.failed) for name in trials},
        lost={name: sum(trial == name for trial, _ in found.lost) for name in trials},
        groups=by_row.groups if by_row else None,
        base=by_row.base if by_row else None,
        own_rows=own_rows,
        resampled=_resampled(run) if own_rows else 0.0,
        standing=_standing(asked, found),
    )


def _resampled(run: Run) -> float:
    """Of the data that has most held-out rows for its training rows."""
    counts = [report.get("kept", {}) for report in run.data.values() if isinstance(report, dict)]
    known = [kept for kept in counts if kept.get("train") and kept.get("validation")]
    return max((kept["validation"] / kept["train"] for kept in known), default=0.0)


def _of_runs(
    trials: Mapping[str, TrialView], criterion: Criterion
) -> "dict[str, NDArray[np.float64]]":
    """(seeds,) of each trial, NaN where a run gave no number or was not made."""
    most = max((number_of(v) for t in trials.values() for v in t.fresh), default=0)
    tables = {name: np.full(most, np.nan) for name in trials}
    for name, trial in trials.items():
        for view in trial.fresh:
            if view.state == "complete" and criterion.metric in view.metrics:
                tables[name][number_of(view) - 1] = view.metrics[criterion.metric]
    return tables


def number_of(view: TrialView) -> int:
    """The number of a fresh run, from 1: EXP-007/seeds/2 is 2."""
    return int(view.trial.rsplit("/", 1)[1])


@dataclass(frozen=True)
class _ByRow:
    tables: Tables
    groups: tuple[int, ...]
    base: "NDArray[np.float64] | None"


def _by_row(
    run: Run,
    trials: Mapping[str, TrialView],
    values: Tables,
    criterion: Criterion,
) -> _ByRow | None:
    """The same row by row, beside the base model where it was judged on the same rows; None where
    runs have no such results, or their rows' mean is not the metric."""
    places = {
        f"{name}/seeds/{s + 1}": (name, s)
        for name, own in values.items()
        for s in np.flatnonzero(np.isfinite(own))
    }
    base = _shared_base(trials)
    found = _paired(run, criterion, [*places, f"base/{base}"]) if base else None
    base, found = (base, found) if found else (None, _paired(run, criterion, [*places]))
    if found is None or not found.exact:
        return None
    tables = {name: np.full((len(own), len(found.ids)), np.nan) for name, own in values.items()}
    for (name, s), shares in zip(places.values(), found.shares, strict=False):
        tables[name][s] = shares
    return _ByRow(tables, tuple(found.groups.tolist()), found.shares[-1] if base else None)


def _paired(run: Run, criterion: Criterion, places: Sequence[str]) -> "PairedRows | None":
    """Results of these places on one set of rows; None where they were not kept, or are not of the
    same rows."""
    from analysis.rows import paired

    try:
        return paired(run, criterion.metric, places)
    except RunError:
        return None


def _shared_base(trials: Mapping[str, TrialView]) -> str | None:
    """The base model that all trials are compared with, if it is one."""
    keys = {trial.base for trial in trials.values()}
    return keys.pop() if len(keys) == 1 else None


def _standing(asked: Asked, found: Results) -> Standing | None:
    if asked.metric is None:
        return None
    numbers = sorted({n for _, n in found.values})
    told = {
        name: [
            found.values[name, n]
            for n in numbers
            if (name, n) in found.values and (name, n) not in found.lost
        ]
        for name in asked.names
    }
    return believed(asked, told) if any(map(_numbers, told.values())) else None


def _numbers(values: Sequence[float | None]) -> bool:
    return any(value is not None for value in values)
