"""The sealed test, opened once: `medsweep best RUN --final`.

Measured are the chosen configuration and the baselines, each with all its seeds, and the base
model. An opening is written into `test.json` before its numbers are, so that nobody has seen what
is not on record; a second one has to be asked for, since whoever chooses by the test has none left.
One that was interrupted goes on where it was: it is the same opening.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from analysis.decision import Decision
from analysis.files import RunError, read_optional
from analysis.runs import Run, TrialView
from analysis.sealed_test import FILE, measure_test, sealed, sealed_parts
from sweeps.run_folder.atomic import write_text
from sweeps.run_folder.record import now
from trainables.on_progress import OnProgress


@dataclass(frozen=True)
class Opening:
    """One opening of the test rows."""

    opened: str  # UTC
    chosen: str  # the trial that was chosen then
    runs: Mapping[str, Sequence[str]]  # by trial: its run of the search, and those with new seeds
    rows: int | None = None  # None: it was interrupted before anything was measured
    test_sha256: str | None = None
    measured: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # by run
    base: Mapping[str, float] = field(default_factory=dict)  # of the chosen trial
    base_keys: Mapping[str, str] = field(default_factory=dict)  # by run: a folder of test/base
    benchmarks: Mapping[str, int] = field(default_factory=dict)  # questions of each test part

    @property
    def left(self) -> tuple[str, ...]:
        """The runs that it is still to measure, in order."""
        names = dict.fromkeys(name for names in self.runs.values() for name in names)
        return tuple(name for name in names if name not in self.measured)

    def values(self, trial: str, metric: str) -> list[float]:
        """The metric of each run of a trial that was measured."""
        found = (self.measured.get(run, {}) for run in self.runs[trial])
        return [metrics[metric] for metrics in found if metric in metrics]


def openings(folder: Path) -> tuple[Opening, ...]:
    """All openings of a run's test rows, the first one first."""
    return tuple(Opening(**own) for own in read_optional(folder / FILE).get("openings", ()))


def open_test(decision: Decision, again: bool, progress: OnProgress) -> Opening:
    """Open what was sealed for the chosen trial, with all its seeds, and the baselines; go on with
    an opening for it that was interrupted.

    Raises RunError where no trial can be chosen, where there is nothing to open, or where it was
    opened before and `again` was not asked for; InputError.
    """
    run, best = decision.run, decision.best
    if best is None:
        raise RunError(f"{run.folder}: {decision.why_none}")
    before = openings(run.folder)
    if before and before[-1].left and before[-1].chosen == best.trial:
        progress(f"going on with the opening of {before[-1].opened}")
        return _measured(run, before[:-1], before[-1], progress)
    if before and not again:
        raise RunError(_opened_before(run, before[-1], best))
    if not sealed(run) and not sealed_parts(best):
        raise RunError(
            f"{run.folder}: the run kept no test rows, and no test part of a benchmark. Name test "
            "rows in data.test, or give data.split a third share, and run it again."
        )
    runs = {view.trial: _kept_runs(view) for view in _measured_trials(run, best)}
    opening = Opening(now(), best.trial, runs)
    _write(run.folder, (*before, opening))
    return _measured(run, before, opening, progress)


def _measured(
    run: Run, before: Sequence[Opening], opening: Opening, progress: OnProgress
) -> Opening:
    """The opening with what was left of it measured; written after each run."""
    for name in opening.left:
        progress(f"measuring {name} on the test rows")
        found = measure_test(run, name)
        own = name in opening.runs[opening.chosen]
        opening = replace(
            opening,
            rows=found.rows,
            test_sha256=found.test_sha256,
            measured={**opening.measured, name: found.metrics},
            base=found.base if own or not opening.base else opening.base,
            base_keys={**opening.base_keys, name: found.base_key},
            benchmarks=found.benchmarks,
        )
        _write(run.folder, (*before, opening))
    return opening


def _opened_before(run: Run, last: Opening, best: TrialView) -> str:
    """Why what was opened is not opened again, and how it would be."""
    half = (
        f" It was interrupted, and since then {best.trial} has been chosen in place of "
        f"{last.chosen}."
        if last.left
        else ""
    )
    return (
        f"{run.folder}: the test rows were opened on {last.opened} for {', '.join(last.runs)}: see "
        f"test.json and the report.{half} Whoever chooses by them has no test left; to measure "
        "them all the same: --again."
    )


def mean_told(values: Sequence[float]) -> tuple[float, float | None]:
    """Mean and standard deviation (n - 1); None of a single value."""
    return fmean(values), stdev(values) if len(values) > 1 else None


def _measured_trials(run: Run, best: TrialView) -> Iterator[TrialView]:
    """The chosen one first, then the baselines that were completed."""
    yield best
    named = (view for view in run.trials if view.label is not None and view.state == "complete")
    yield from (view for view in named if view.trial != best.trial)


def _kept_runs(view: TrialView) -> list[str]:
    """Its runs whose weights are there."""
    return [
        own.trial
        for own in (view, *view.fresh)
        if own.state == "complete" and (own.adapter or own.model)
    ]


def _write(folder: Path, opened: Sequence[Opening]) -> None:
    content: dict[str, Any] = {**read_optional(folder / FILE)}
    content["openings"] = [asdict(opening) for opening in opened]
    write_text(folder / FILE, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
