"""Transfer: what trials were trained on, and how each does on every data set and benchmark."""

from typing import Any

from analysis.mixtures import trained_on
from analysis.report.benchmarks import ITEM_BY_ITEM, answers, paired
from analysis.report.cells import Cell, Column, Emphasis, Line, Table
from analysis.report.intervals import measures_of
from analysis.report.passage import Passage
from analysis.runs import BaseView, Run, TrialView, look_up
from analysis.wording import MISSING, best_value, title

View = TrialView | BaseView
BenchmarkMeasure = tuple[str, str]  # benchmark, measure
GENERAL = "general"  # the name, or the format `text`, of what must not be forgotten
LOSS_NOTE = (
    "Validation loss in nats/token of each trial's best step, perplexity in brackets, by the data "
    "set that a row is from. Bold: the lowest. Red: above the untouched base model."
)
BENCHMARK_NOTE = (
    "Bold: the best value of a column among the trials. Green, red: a difference from the base "
    "model that can be told, as under Benchmarks."
)


def transfer_passage(run: Run, best: TrialView | None) -> Passage | None:
    """Trials × data sets and, where trials were trained on different ones, trials × benchmarks;
    None where there is no mixture and no such difference."""
    shown = [t for t in run.trials if t.components or t.benchmarks]
    differ = len({trained_on(t) for t in shown}) > 1
    tables = [("Validation loss by data set", loss_table(run, best, shown))]
    if differ:
        tables.append(("Benchmarks", benchmark_table(run, best, shown)))
    kept = tuple((heading, table) for heading, table in tables if table is not None)
    if not kept:
        return None
    name = "Transfer between data sets" if differ else "By data set"
    return Passage(name, forgetting(best, run.base_of(best)), kept)


def loss_table(run: Run, best: TrialView | None, shown: list[TrialView]) -> Table | None:
    """A line a trial, a column a data set, the base models first; None without a mixture."""
    trials = [t for t in shown if t.components]
    names = list(dict.fromkeys(name for t in trials for name in t.components))
    if not names:
        return None
    lines = [_base_line(b, [_loss_text(b, n) for n in names]) for b in _bases(run, trials)]
    for trial in trials:
        cells = [_loss_cell(run, trial, name, trials) for name in names]
        lines.append(_trial_line(trial, best, cells))
    return Table(_columns(names), tuple(lines), note=LOSS_NOTE)


def benchmark_table(run: Run, best: TrialView | None, shown: list[TrialView]) -> Table | None:
    """A line a trial, a column a benchmark's first measure; None without benchmarks."""
    trials = [t for t in shown if t.benchmarks]
    heads = [_headline(trials, b) for b in dict.fromkeys(b for t in trials for b in t.benchmarks)]
    metrics = [head for head in heads if head]
    if not metrics:
        return None
    lines = [_base_line(b, [_measure_text(b, m) for m in metrics]) for b in _bases(run, trials)]
    for trial in trials:
        cells = [_measure_cell(run, trial, metric, trials) for metric in metrics]
        lines.append(_trial_line(trial, best, cells))
    return Table(_columns([title("_".join(m)) for m in metrics]), tuple(lines), note=BENCHMARK_NOTE)


def forgetting(best: TrialView | None, base: BaseView | None) -> tuple[str, ...]:
    """Where the chosen trial is worse than the base model, in words; () where neither is known."""
    if best is None or base is None:
        return ()
    both = [name for name in best.components if name in base.components]
    lost = [n for n in both if _loss(best, n) > _loss(base, n)]
    kept = [n for n in both if n in _general(best) and n not in lost]
    sentences = [f"{best.name} has lost ground on {_change(best, base, n)}." for n in lost]
    sentences += [f"{best.name} has not forgotten {_change(best, base, n)}." for n in kept]
    if both and not lost and not kept:
        sentences.append(
            f"On none of these data sets is the loss of {best.name} above the base model's."
        )
    return tuple(sentences)


def _change(best: TrialView, base: BaseView, name: str) -> str:
    losses = f"{_loss(base, name):.3f} before, {_loss(best, name):.3f} after"
    perplexities = (f"{view.components[name]['perplexity']:.2f}" for view in (base, best))
    return f"{name}: validation loss {losses} (perplexity {' → '.join(perplexities)})"


def _general(trial: TrialView) -> set[str]:
    parts = look_up(trial.config, "data.mixture") or []
    texts = {p.get("name") or "text" for p in parts if p.get("format") == "text"}
    return {GENERAL, *texts}


def _loss(view: View, name: str) -> float:
    return float(view.components[name]["val_loss"])


def _loss_text(view: View, name: str) -> str:
    found: dict[str, Any] | None = view.components.get(name)
    return f"{found['val_loss']:.3f} ({found['perplexity']:.2f})" if found else MISSING


def _loss_cell(run: Run, trial: TrialView, name: str, trials: list[TrialView]) -> Cell:
    if name not in trial.components:
        return Cell(MISSING, "missing")
    alike = [_loss(t, name) for t in trials if t.base == trial.base and name in t.components]
    base, loss = run.base_of(trial), _loss(trial, name)
    if base and name in base.components and loss > _loss(base, name):
        return Cell(_loss_text(trial, name), "worse")
    return Cell(_loss_text(trial, name), "top" if len(alike) > 1 and loss == min(alike) else "")


def _headline(trials: list[TrialView], benchmark: str) -> BenchmarkMeasure | None:
    """Its accuracy where measured, else what it measures first."""
    found = list(dict.fromkeys(m for t in trials for m in measures_of(t, benchmark)))
    for measure in [*ITEM_BY_ITEM, *found]:
        if measure in found:
            return benchmark, measure
    return None


def _value(view: View, metric: BenchmarkMeasure) -> float | None:
    benchmark, measure = metric
    found = measures_of(view, benchmark).get(measure)
    return float(found["value"]) if found else None


def _measure_text(view: View, metric: BenchmarkMeasure) -> str:
    value = _value(view, metric)
    return MISSING if value is None else f"{value:.3f}"


def _measure_cell(
    run: Run, trial: TrialView, metric: BenchmarkMeasure, trials: list[TrialView]
) -> Cell:
    value = _value(trial, metric)
    if value is None:
        return Cell(MISSING, "missing")
    values = [v for t in trials if (v := _value(t, metric)) is not None]
    top: Emphasis = "top" if value == best_value("_".join(metric), values) else ""
    return Cell(f"{value:.3f}", _verdict(trial, run.base_of(trial), metric) or top)


def _verdict(trial: TrialView, base: BaseView | None, metric: BenchmarkMeasure) -> Emphasis:
    """Whether the trial is better or worse than the base model, where that can be told."""
    benchmark, measure = metric
    if measure not in ITEM_BY_ITEM:
        return ""
    compared = paired(benchmark, measure, answers(base), answers(trial))
    return compared.verdict if compared else ""


def _columns(names: list[str]) -> tuple[Column, ...]:
    numbers = (Column(name, numeric=True) for name in names)
    return (Column("Experiment"), Column("Trained on"), *numbers)


def _bases(run: Run, trials: list[TrialView]) -> list[BaseView]:
    found = {base.key: base for t in trials if (base := run.base_of(t)) is not None}
    return list(found.values())


def _base_line(base: BaseView, texts: list[str]) -> Line:
    return Line((Cell("Base model"), Cell(MISSING, "missing"), *map(Cell, texts)))


def _trial_line(trial: TrialView, best: TrialView | None, cells: list[Cell]) -> Line:
    chosen = best is not None and trial.trial == best.trial
    kind = "chosen" if chosen else trial.state
    name = trial.name if trial.state == "complete" else f"{trial.name} ({trial.state})"
    return Line((Cell(name), Cell(trained_on(trial)), *cells), kind=kind)
