"""Whether what is sought is measured: objectives, selection and early stopping."""

from collections.abc import Iterator, Sequence

from search_spaces.nearest import did_you_mean
from sweeps.reading.document import Finding, Path
from sweeps.reading.parts import Parts
from trainables.metrics import METRICS, how_to_measure, reported

# measured at every rung, so a trial can be stopped on them before its end
DURING_TRAINING = ("val_loss", "perplexity", "bits_per_byte", "train_loss")


def metric_findings(parts: Parts) -> list[Finding]:
    """Everything that is wrong with metrics' names."""
    families = parts.own.get("evaluation.metrics")
    benchmarks = parts.own.get("evaluation.benchmarks") or ()
    of_benchmarks = tuple(name for benchmark in benchmarks for name in benchmark.metrics)
    known = tuple(METRICS) if families is None else reported((*families, *of_benchmarks))
    checks = (_objectives, _selection, _early_stopping)
    return [finding for check in checks for finding in check(parts, known)]


def _objectives(parts: Parts, known: Sequence[str]) -> Iterator[Finding]:
    names = [name for _, name in parts.objectives]
    for index, (place, name) in enumerate(parts.objectives):
        yield from _reported((*place, "metric"), name, known)
        if name in names[:index]:
            yield Finding((*place, "metric"), "is there twice", name, "Remove one of them")


def _reported(place: Path, name: str, known: Sequence[str]) -> Iterator[Finding]:
    if name in known:
        return
    if name in METRICS:
        yield Finding(place, "is not measured by this trial", name, how_to_measure(name))
        return
    fix = did_you_mean(name, known) or f"It reports: {', '.join(known)}"
    yield Finding(place, "is not a metric that the trial reports", name, fix)


def _selection(parts: Parts, known: Sequence[str]) -> Iterator[Finding]:
    selection = parts.selection
    if selection is None or selection.rule != "balanced":
        return
    place: Path = ("search", "selection", "metrics")
    if not selection.metrics:
        yield Finding(place, "names no metric", [], "E.g. [val_loss, rouge1, bleu]")
    for index, name in enumerate(selection.metrics):
        yield from _reported((*place, index), name, known)
        if name in selection.metrics[:index]:
            yield Finding((*place, index), "is there twice", name, "Remove one of them")


def _early_stopping(parts: Parts, known: Sequence[str]) -> Iterator[Finding]:
    if parts.early_stopping is None:
        return
    place: Path = ("search", "early_stopping", "metric")
    name = parts.early_stopping.metric
    fix = f"Name one of: {', '.join(m for m in DURING_TRAINING if m in known)}"
    if name is not None:
        if name in METRICS and name not in DURING_TRAINING:
            yield Finding(place, "is measured only at a trial's end", name, fix)
        else:
            yield from _reported(place, name, known)
    elif len(parts.objectives) > 1:
        yield Finding(place, "must be named where there are several objectives", None, fix)
    elif parts.objectives and parts.objectives[0][1] not in DURING_TRAINING:
        goal = parts.objectives[0][1]
        if goal in METRICS:
            what = f"must be named: the objective {goal} is measured only at a trial's end"
            yield Finding(place, what, None, fix)
