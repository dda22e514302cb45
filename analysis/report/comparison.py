"""What stands above the reports of several runs: the winners on the rows they share, what differs
between the specs, and all trials in one table."""

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from typing import Any

from analysis.comparing.measures import NO_ROWS, Compared, compare_sides
from analysis.comparing.sides import flat, side_of_trial
from analysis.files import RunError, read_object
from analysis.report.cells import Cell, Line, Table, plain_table, value_cell
from analysis.report.content import Content
from analysis.report.passage import Passage
from analysis.runs import Run, TrialView
from analysis.selection import criteria
from analysis.tables import experiment_metrics, experiment_name, searched_paths, shown_value
from analysis.wording import (
    MISSING,
    best_value,
    delta_text,
    metric_text,
    mode,
    parameter_text,
    plural,
    short_names,
    title,
    value_text,
)
from sweeps.spec.sections import ACROSS_MODELS, PER_TOKEN

SHOWN = 60  # fields of specs that a table lists


def comparison_passages(contents: list[Content]) -> list[Passage]:
    """Of several runs; () of one."""
    if len(contents) < 2:
        return []
    runs = [c.run for c in contents]
    told = tuple(_winners(contents))
    found = [Passage("The chosen trials on the same rows", told)] if told else []
    differ = spec_differences(runs)
    found.append(Passage("What differs between the specs", *differ))
    return [*found, Passage("All trials", (), (("", all_trials(contents)),))]


def spec_differences(runs: list[Run]) -> tuple[tuple[str, ...], tuple[tuple[str, Table], ...]]:
    """Sentences, and a table of the fields of `trial` and `search` that are not the same."""
    specs = [flat(_spec(run)) for run in runs]
    paths = list(dict.fromkeys(path for spec in specs for path in spec))
    differ = [p for p in paths if len({json.dumps(s.get(p), sort_keys=True) for s in specs}) > 1]
    if not differ:
        return ("The specs say the same but for their names.",), ()
    more = (f"{len(differ) - SHOWN} more fields differ.",) if len(differ) > SHOWN else ()
    rows = [
        [path, *(value_text(s[path]) if path in s else "not there" for s in specs)]
        for path in differ[:SHOWN]
    ]
    return more, (("", plain_table(["Field", *(run.name for run in runs)], rows)),)


def all_trials(contents: list[Content]) -> Table:
    """Every trial of every run, with all that any of them searches and is compared by."""
    runs = [c.run for c in contents]
    paths = short_names(list(dict.fromkeys(p for run in runs for p in searched_paths(run))))
    metrics = list(dict.fromkeys(m for run in runs for m in experiment_metrics(run)))
    tops = {m: best_value(m, _values(runs, m)) for m in metrics}
    lines = []
    for content in contents:
        best = content.best.trial if content.best else None
        for trial in content.run.trials:
            cells = [Cell(content.run.name), Cell(experiment_name(trial, best))]
            cells += [value_cell(_parameter(content.run, trial, p)) for p in paths]
            cells += [_metric_cell(trial, m, tops[m]) for m in metrics]
            lines.append(Line(tuple(cells), "chosen" if trial.trial == best else trial.state))
    heads = ["Sweep", "Trial", *paths.values(), *map(title, metrics)]
    table = plain_table(heads, [], numeric=len(metrics))
    return Table(table.columns, tuple(lines))


def _values(runs: list[Run], metric: str) -> list[float]:
    complete = (t for run in runs for t in run.trials if t.state == "complete")
    return [t.metrics[metric] for t in complete if metric in t.metrics]


def _parameter(run: Run, trial: TrialView, path: str) -> str:
    value = shown_value(run, trial, path)
    return MISSING if value is None else parameter_text(path, value)


def _metric_cell(trial: TrialView, metric: str, top: float | None) -> Cell:
    value = trial.metrics.get(metric)
    best = value is not None and value == top and trial.state == "complete"
    return value_cell(metric_text(metric, value), "top" if best else "")


def _winners(contents: list[Content]) -> Iterator[str]:
    """Each two of the chosen trials, by the first run's first metric."""
    chosen = [(c.run, c.best) for c in contents if c.best is not None]
    for (one, first), (other, second) in combinations(chosen, 2):
        metric = criteria(one.search)[0].metric
        models = {trial.value("model.name_or_path") for trial in (first, second)}
        if len(models) > 1 and metric in PER_TOKEN:  # a token of one is not one of the other
            metric = ACROSS_MODELS.metric
        yield _paired(metric, (one, first), (other, second))


def _paired(metric: str, one: tuple[Run, TrialView], other: tuple[Run, TrialView]) -> str:
    names = [f"{run.name}'s {trial.name}" for run, trial in (one, other)]
    if names[0] == names[1]:
        names = [f"{run.folder}'s {trial.name}" for run, trial in (one, other)]
    asked = "val_loss" if metric == "perplexity" else metric
    first, second = (
        replace(side_of_trial(*of), name=name) for of, name in zip((one, other), names, strict=True)
    )
    try:
        told = next(iter(compare_sides(first, second, (asked,)).measures), None)
    except RunError:
        told = None  # nothing in common
    if told and told.why and told.why != NO_ROWS:
        return f"{names[0]} and {names[1]} cannot be paired. {told.why}"
    if told is None or told.difference is None or told.interval is None:
        return f"{names[0]} and {names[1]}: neither has {title(metric)} row by row that differs."
    return _sentence(names[0], names[1], told)


def _sentence(first: str, second: str, told: Compared) -> str:
    assert told.difference is not None
    assert told.interval is not None
    low, high = -told.interval[1], -told.interval[0]  # of the first less the second
    size = f"{delta_text(-told.difference)} (95% interval {delta_text(low)} to {delta_text(high)}"
    rows = f"{plural(told.n_rows, 'row')} that both were judged on"
    apart = not low <= 0 <= high
    if told.seeds_seen:
        runs = f"{plural(told.n_seeds, 'new seed')} of each"
    else:
        runs = f"a run of each{': another seed may turn it' if apart else ''}"
    if not apart:
        return (
            f"{first} and {second} cannot be told apart in {title(told.metric)}: {size}; {rows}, "
            f"{runs})."
        )
    better = (told.difference > 0) == (mode(told.metric) == "min")
    word = "better" if better else "worse"
    return f"{first} is {word} than {second} in {title(told.metric)}: {size}; {rows}, {runs})."


def _spec(run: Run) -> dict[str, Any]:
    """What decides a run's numbers, as it was resolved; where it ran is in its own report."""
    written = read_object(run.folder / "spec.resolved.json")
    return {name: written.get(name) or {} for name in ("trial", "search")}
