"""Repeats: each configuration's metrics as mean and spread over its folds and seeds."""

import statistics
from typing import NamedTuple

from analysis.folds import Folded, configurations, fold_paths, folds_of, repeat_paths
from analysis.report.cells import Cell, Column, Line, Table
from analysis.report.passage import Passage
from analysis.runs import Run, TrialView
from analysis.selection import criteria
from analysis.wording import MISSING, cell_text, metric_text, plural, short_names, title
from sweeps.spec.repeats import seed_paths

USUAL = ("perplexity", "rouge1", "bleu")  # shown besides what decides, where reported


class _Counted(NamedTuple):
    """A column that counts repeats: its title, the paths that differ, how many there are to be
    (None: as many as were drawn)."""

    title: str
    paths: tuple[str, ...]
    of: int | None

    def text(self, configuration: Folded) -> str:
        """E.g. `2 of 3`."""
        found = configuration.different(self.paths)
        return str(found) if self.of is None else f"{found} of {self.of}"


def fold_passage(run: Run, best: TrialView | None) -> Passage | None:
    """Mean ± standard deviation over folds and seeds; None where neither was searched."""
    folds, counted = folds_of(run.search), _counted(run)
    found = configurations(run.trials, repeat_paths(run.search)) if counted else []
    if not found:
        return None
    sentences = [_of_folds(folds)] if folds else []
    sentences += [_of_seeds(folds)] if seed_paths(run.search) else []
    heading = " and ".join(column.title.lower() for column in counted).capitalize()
    return Passage(heading, tuple(sentences), (("", _table(run, found, counted, best)),))


def _counted(run: Run) -> list[_Counted]:
    folds, seeds = folds_of(run.search), seed_paths(run.search)
    found = [_Counted("Folds", fold_paths(run.search), folds)] if folds else []
    return [*found, *([_Counted("Seeds", seeds, None)] if seeds else [])]


def _of_folds(folds: int) -> str:
    return (
        f"Each configuration is trained on {plural(folds, 'fold')} and measured on the rows that "
        "are left out. Mean ± standard deviation over folds (n - 1); the means decide, among "
        "configurations that are complete in every fold. Training sets of two folds overlap, so "
        "the deviation understates what other data would do."
    )


def _of_seeds(folds: int | None) -> str:
    over = "folds and seeds together" if folds else "seeds"
    return (
        f"Trials that differ in their seed alone are one configuration: mean ± standard deviation "
        f"over {over} (n - 1), of the seeds with which it is complete. The means decide, among the "
        "configurations with the most seeds, so that none is chosen for a lucky one."
    )


def _table(run: Run, found: list[Folded], counted: list[_Counted], best: TrialView | None) -> Table:
    decisive = [c.metric for c in criteria(run.search)]
    reported = {m for configuration in found for t in configuration.trials for m in t.metrics}
    metrics = [m for m in dict.fromkeys([*decisive, *USUAL]) if m in reported]
    names = short_names(list(found[0].parameters))
    heads = [*names.values(), *(column.title for column in counted), *map(title, metrics)]
    columns = tuple(Column(h, numeric=i >= len(names)) for i, h in enumerate(heads))
    lines = (_line(c, list(names), metrics, counted, best) for c in found)
    return Table(columns, tuple(lines))


def _line(
    configuration: Folded,
    paths: list[str],
    metrics: list[str],
    counted: list[_Counted],
    best: TrialView | None,
) -> Line:
    texts = [
        *(cell_text(path, configuration.parameters.get(path)) for path in paths),
        *(column.text(configuration) for column in counted),
        *(_spread(configuration, metric) for metric in metrics),
    ]
    chosen = best is not None and best.trial in {t.trial for t in configuration.trials}
    return Line(tuple(Cell(text) for text in texts), "chosen" if chosen else "")


def _spread(configuration: Folded, metric: str) -> str:
    values = configuration.values(metric)
    if not values:
        return MISSING
    mean = metric_text(metric, statistics.fmean(values))
    return f"{mean} ± {metric_text(metric, statistics.stdev(values))}" if len(values) > 1 else mean
