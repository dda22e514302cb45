"""Cross-validation: each configuration's metrics as mean and spread over its folds."""

import statistics

from analysis.folds import Folded, configurations, folds_of
from analysis.report.cells import Cell, Column, Line, Table
from analysis.report.passage import Passage
from analysis.runs import Run, TrialView
from analysis.selection import criteria
from analysis.wording import MISSING, cell_text, metric_text, plural, short_names, title

USUAL = ("perplexity", "rouge1", "bleu")  # shown besides what decides, where reported


def fold_passage(run: Run, best: TrialView | None) -> Passage | None:
    """Mean ± standard deviation over folds; None where folds were not searched."""
    folds = folds_of(run.search)
    found = configurations(run.trials) if folds else []
    if not folds or not found:
        return None
    sentence = (
        f"Each configuration is trained on {plural(folds, 'fold')} and measured on the rows that "
        "are left out. Mean ± standard deviation over folds (n - 1); the means decide, among "
        "configurations that are complete in every fold. Training sets of two folds overlap, so "
        "the deviation understates what other data would do."
    )
    return Passage("Folds", (sentence,), (("", _table(run, found, folds, best)),))


def _table(run: Run, found: list[Folded], folds: int, best: TrialView | None) -> Table:
    decisive = [c.metric for c in criteria(run.search)]
    reported = {m for configuration in found for t in configuration.trials for m in t.metrics}
    metrics = [m for m in dict.fromkeys([*decisive, *USUAL]) if m in reported]
    names = short_names(list(found[0].parameters))
    heads = [*names.values(), "Folds", *map(title, metrics)]
    columns = tuple(Column(h, numeric=i >= len(names)) for i, h in enumerate(heads))
    return Table(
        columns,
        tuple(_line(configuration, list(names), metrics, folds, best) for configuration in found),
    )


def _line(
    configuration: Folded, paths: list[str], metrics: list[str], folds: int, best: TrialView | None
) -> Line:
    texts = [
        *(cell_text(path, configuration.parameters.get(path)) for path in paths),
        f"{len(configuration.trials)} of {folds}",
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
