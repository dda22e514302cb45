"""Results row by row of several trials, side by side."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.files import RunError
from analysis.row_sets import Floats, Judged, judged, load_rows
from analysis.runs import Run
from sweeps.run_folder.ledger import ROWS

Places = NDArray[np.int64]
__all__ = ["PairedRows", "load_rows", "paired", "paired_files"]


@dataclass(frozen=True)
class PairedRows:
    """One metric of T trials on the same R rows, in one order of rows.

    A trial's metric is `values.sum(1) / weights.sum(1)`: of a loss the sums of nats over the tokens
    of answer, else a value a row and weight 1; weight and value are 0 where a row has no value.
    """

    metric: str
    trials: tuple[str, ...]  # (T,) as they were asked for
    ids: tuple[str, ...]  # (R,)
    groups: NDArray[np.int64]  # (R,)
    values: Floats  # (T, R)
    weights: Floats  # (T, R)
    exact: bool = True  # else the mean over rows is not the metric in the record (BLEU)

    @property
    def metrics(self) -> Floats:
        """(T,) each trial's metric."""
        return np.asarray(self.values.sum(1) / self.weights.sum(1))

    @property
    def shares(self) -> Floats:
        """(T, R) each row's share: their mean over the rows is the trial's metric."""
        return np.asarray(self.values * (len(self.ids) / self.weights.sum(1, keepdims=True)))


def paired(run: Run, metric: str, trials: Sequence[str]) -> PairedRows | None:
    """A metric of several trials row by row. `trials` are ids, those of confirmation runs
    (`EXP-007/seeds/2`) and of base models (`base/KEY`) among them.

    None where none of them has the metric row by row: runs of earlier versions, and what is not
    measured of rows (of `perplexity` ask `val_loss`). RunError where some have and others have
    not, or their rows differ: rows are never left out so that the others fit.
    """
    return paired_files({trial: run.folder / _folder(trial) / ROWS for trial in trials}, metric)


def paired_files(files: Mapping[str, Path], metric: str) -> PairedRows | None:
    """The same of any files, by the names that errors give them: those of `medsweep evaluate`
    are `OUTPUT.rows.parquet`."""
    found = {name: own for name, path in files.items() if (own := judged(path, metric))}
    if not found:
        return None
    if lacking := [name for name in files if name not in found]:
        raise RunError(
            f"{metric} row by row: {_few(lacking)} has no such results, {_few(found)} has. A trial "
            "has them once it is complete, with a version that keeps them: compare those alone, or "
            "train it again."
        )
    return _aligned(metric, found)


# --- within ------------------------------------------------------------------------------------


def _folder(trial: str) -> str:
    return trial if trial.startswith("base/") else f"trials/{trial}"


def _aligned(metric: str, found: Mapping[str, Judged]) -> PairedRows:
    """In the first one's order."""
    first = next(iter(found.values()))
    values, weights = np.empty((2, len(found), len(first.rows)))
    for place, (name, own) in enumerate(found.items()):
        order = _order(first, own)
        if order is None:
            raise RunError(_differ(metric, found, name))
        values[place], weights[place] = own.values[order], own.weights[order]
    return _measured(metric, found, first, values, weights)


def _order(first: Judged, own: Judged) -> Places | None:
    """(n,) where one's rows stand in the other, in its order; None where they are others."""
    import pyarrow.compute as pc

    if own.source != first.source or own.rows.content != first.rows.content:
        return None
    order: Places = np.arange(len(first.rows))
    ids, wanted = own.rows.ids, first.rows.ids
    if not ids.equals(wanted):
        there, here = pc.array_sort_indices(ids), pc.array_sort_indices(wanted)
        if not ids.take(there).equals(wanted.take(here)):
            return None
        order[here.to_numpy()] = there.to_numpy()
    return order if np.array_equal(own.rows.groups[order], first.rows.groups) else None


def _measured(
    metric: str, found: Mapping[str, Judged], first: Judged, values: Floats, weights: Floats
) -> PairedRows:
    """Of the rows that have a value with any of the trials."""
    counts = np.asarray(weights.any(0))
    ids = first.rows.ids.filter(counts).to_pylist()
    return PairedRows(
        metric,
        tuple(found),
        tuple(ids),
        first.rows.groups[counts],
        values[:, counts],
        weights[:, counts],
        first.source.exact,
    )


def _differ(metric: str, found: Mapping[str, Judged], other: str) -> str:
    """What to say of the first trial and one that was judged on other rows."""
    name, first = next(iter(found.items()))
    theirs = found[other]
    both = len(set(first.rows.ids.to_pylist()) & set(theirs.rows.ids.to_pylist()))
    more = "" if both < len(first.rows) else " by their ids, not by their content"
    return (
        f"{metric} row by row: {name} was judged on {len(first.rows)} rows ({first.source.set}) "
        f"and {other} on {len(theirs.rows)} ({theirs.source.set}), of which {both} are the "
        f"same{more}. Only what was judged on the same rows can be compared row by row: trials "
        "with the same data, split, groups and limits of evaluation."
    )


def _few(names: Iterable[str]) -> str:
    """The first names of many."""
    found = list(names)
    return ", ".join(found[:5]) + (f" and {len(found) - 5} more" if len(found) > 5 else "")
