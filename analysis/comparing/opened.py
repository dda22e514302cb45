"""The chosen trial against the base model and the baselines, on the test rows that were opened."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from analysis.comparing.measures import Comparison, compare_sides
from analysis.comparing.sides import OneRun, Side, chance_of
from analysis.files import RunError, read_optional
from analysis.final_test import Opening
from analysis.rows import paired_files
from analysis.runs import Run
from analysis.sealed_test import FOLDER
from analysis.statistics.crossed import Difference, difference
from sweeps.run_folder.ledger import ROWS

Comparisons = list[tuple[str, Comparison]]  # by the name of what the chosen is compared with


def against_others(run: Run, opened: Opening, metrics: Sequence[str]) -> Comparisons:
    """The chosen trial (second) against the untouched base model and each baseline, in these
    metrics; by the runs with new seeds where both have the same ones, which no search chose."""
    chosen = _side(run, opened, opened.chosen)
    others = [_base(run, opened), *(_side(run, opened, t) for t in [*opened.runs][1:])]
    found = []
    for other in others:
        if other is None or chosen is None:
            continue
        try:
            found.append((other.name, compare_sides(other, chosen, metrics)))
        except RunError:  # no measure in common: the table has both values
            continue
    return found


def own_interval(run: Run, opened: Opening, trial: str, metric: str) -> Difference | None:
    """How sure a trial's mean over all its runs is: of other seeds, other rows, or both. None
    where it was not measured row by row."""
    files = {run_: _file(run, run_) for run_ in opened.runs[trial] if run_ in opened.measured}
    try:
        rows = paired_files(files, metric) if files else None
    except RunError:  # of an opening by an earlier version, which kept none
        return None
    if rows is None or not rows.exact:
        return None
    return difference(rows.shares, np.zeros_like(rows.shares), rows.groups.tolist())


def _side(run: Run, opened: Opening, trial: str) -> Side | None:
    """A trial by the runs that were measured; None where none was."""
    runs = dict(_runs(run, opened, trial))
    if not runs:
        return None
    view = run.find(trial)
    whole = Side(view.name, trial, "trial", runs, model=view.value("model.name_or_path"))
    fresh = {number: own for number, own in runs.items() if number}
    if 0 not in runs or not fresh:
        return whole
    return replace(whole, runs=fresh, once=replace(whole, runs={0: runs[0]}))


def _runs(run: Run, opened: Opening, trial: str) -> Iterator[tuple[int, OneRun]]:
    for name in opened.runs[trial]:
        if name in opened.measured:
            number = int(name.rpartition("/seeds/")[2]) if "/seeds/" in name else 0
            yield number, OneRun(opened.measured[name], _file(run, name), chance_of(run.find(name)))


def _base(run: Run, opened: Opening) -> Side | None:
    """The base model of the chosen trial; None where it was not kept by itself."""
    key = next(
        (opened.base_keys[n] for n in opened.runs[opened.chosen] if n in opened.base_keys), ""
    )
    place = run.folder / FOLDER / "base" / key
    metrics = read_optional(place / "record.json").get("metrics") if key else None
    if not metrics:
        return None
    model = run.find(opened.chosen).value("model.name_or_path")
    own = {0: OneRun(metrics, place / ROWS)}
    return Side("the base model", key, "trial", own, model=model, trained=False)


def _file(run: Run, name: str) -> Path:
    return run.folder / FOLDER / name / ROWS
