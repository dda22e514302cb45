"""How sure a trial's own value of a metric is: of repeats where there are any, else of the rows or
questions that it was measured on."""

import math
from typing import NamedTuple

from analysis.rows import paired_files
from analysis.runs import TrialView, is_number
from analysis.wording import plural
from sweeps.run_folder.ledger import ROWS
from trainables.evaluation.intervals import Z95
from trainables.evaluation.metric_names import BENCHMARK_OF

Interval = tuple[float, float]


class Error(NamedTuple):
    """A standard error, its degrees of freedom, and what it is of: `3 repeats`, `230 rows`."""

    size: float
    df: float
    of: str


def standard_error(trial: TrialView, metric: str) -> Error | None:
    """Of the trial's value. None where nothing tells: no repeats and no results row by row, one
    row, or rows that are all the same, which is no sign of certainty."""
    found = _of_repeats(trial, metric) if trial.repeats > 1 else _of_rows(trial, metric)
    if found is None and trial.repeats == 1:
        found = _recorded(trial, metric)
    return found if found and found.size > 0 else None


def interval_of(trial: TrialView, metric: str) -> tuple[Interval, str] | None:
    """The 95% interval and what it is of: a benchmark's own where one was recorded and nothing is
    repeated, else Student's around the value; over repeats and the rows that all of them were
    measured on. None where nothing tells."""
    recorded = _benchmark(trial, metric)
    if recorded and trial.repeats < 2:
        return recorded
    error = standard_error(trial, metric)
    if trial.repeats > 1 and not _on_own_rows(trial, metric):
        error = _both(error, _of_rows(trial, metric) or _recorded(trial, metric))
    if error is None or not error.size > 0:
        return None
    from scipy.stats import t

    value, half = trial.metrics[metric], float(t.ppf(0.975, error.df)) * error.size
    return (value - half, value + half), error.of


def _on_own_rows(trial: TrialView, metric: str) -> bool:
    """Whether each repeat was validated on rows of its own, so that repeats differ by both."""
    return metric not in BENCHMARK_OF and len({view.base for view in trial.fresh}) > 1


def _both(repeats: Error | None, rows: Error | None) -> Error | None:
    """Of other repeats and other rows; what one run has of rows is taken for that of their mean.
    Degrees of freedom are Satterthwaite's (1946, doi:10.2307/3002019)."""
    if repeats is None or rows is None or not rows.size > 0:
        return repeats or rows
    size = math.hypot(repeats.size, rows.size)
    df = size**4 / (repeats.size**4 / repeats.df + rows.size**4 / rows.df)
    return Error(size, df, f"{repeats.of}, {rows.of}")


def _of_repeats(trial: TrialView, metric: str) -> Error:
    size = trial.errors.get(metric, 0.0)
    return Error(size, trial.repeats - 1, plural(trial.repeats, "repeat"))


def _of_rows(trial: TrialView, metric: str) -> Error | None:
    """Of the mean over rows, those of a group together (linearised: groups differ in size). That
    of perplexity is the loss's times it, to first order."""
    import numpy as np

    if trial.folder is None or metric not in trial.metrics:
        return None
    asked = "val_loss" if metric == "perplexity" else metric
    found = paired_files({trial.trial: trial.folder / ROWS}, asked)
    if found is None or not found.exact:
        return None
    _, places = np.unique(found.groups, return_inverse=True)
    shares, count = found.shares[0], int(places.max()) + 1
    if count < 2:
        return None
    sums = np.bincount(places, shares - shares.mean())
    size = math.sqrt(float(sums @ sums) * count / (count - 1)) / len(shares)
    factor = trial.metrics[metric] if metric == "perplexity" else 1.0
    groups = "" if count == len(shares) else f" in {plural(count, 'group')}"
    return Error(size * factor, count - 1, f"{plural(len(shares), 'row')}{groups}")


def _recorded(trial: TrialView, metric: str) -> Error | None:
    """Of a benchmark's recorded interval, as if it were normal."""
    found = _benchmark(trial, metric)
    if found is None:
        return None
    (low, high), of = found
    return Error((high - low) / (2 * Z95), float("inf"), of)


def _benchmark(trial: TrialView, metric: str) -> tuple[Interval, str] | None:
    """The interval that a benchmark's measure was recorded with, and of how many questions."""
    name = BENCHMARK_OF.get(metric, "")
    facts = trial.benchmarks.get(name, {}).get(metric.removeprefix(f"{name}_"))
    ends = facts.get("interval") if isinstance(facts, dict) else None
    if not isinstance(ends, list) or len(ends) != 2 or not all(map(is_number, ends)):
        return None
    return (float(ends[0]), float(ends[1])), plural(int(facts.get("n") or 0), "question")
