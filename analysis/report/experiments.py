"""The tables that a report shows of its trials, with the best values marked."""

from analysis.best import changed
from analysis.folds import compared, one_of_several
from analysis.report.cells import Cell, Column, Emphasis, Line, Table, plain_table, value_cell
from analysis.runs import Run, TrialView, is_number
from analysis.selection import criteria
from analysis.selection.choice import Chosen
from analysis.tables import (
    LAST,
    Comparison,
    base_table,
    evaluation_note,
    experiment_metrics,
    flashcards_table,
    parameter_columns,
    shown_value,
)
from analysis.wording import (
    MISSING,
    best_value,
    cell_text,
    delta_text,
    metric_text,
    mode,
    parameter_text,
    title,
)

FRONT = " ◆"
SEARCHED = (
    "These are the numbers of its run in the search: those of its new seeds are above, and under "
    "Trained again with new seeds."
)
SPARKS = "▁▂▃▄▅▆▇█"
SPARK_POINTS = 24  # characters; longer curves are thinned


def experiment_table(run: Run, choice: Chosen | None) -> Table:
    """Every trial in the flashcards system's columns; best values and the Pareto front marked."""
    best, front = (choice.trial, choice.front) if choice else (None, ())
    parameters, metrics = parameter_columns(run), experiment_metrics(run)
    names = flashcards_table(run, best)["Experiment"]
    tops = {m: None if m in LAST or _says_nothing(run, m) else _top(run, m) for m in metrics}
    lines = tuple(
        Line(
            (
                Cell(names[t.trial] + (FRONT if t.trial in front else "")),
                *(value_cell(cell_text(p, shown_value(run, t, p))) for p in parameters),
                *(_metric_cell(m, t, tops[m]) for m in metrics),
            ),
            kind="chosen" if t.trial == best else t.state,
        )
        for t in run.trials
    )
    columns = (
        Column("Experiment"),
        *(Column(name, _all_numbers(run, p)) for p, name in parameters.items()),
        *(Column(title(m), numeric=True) for m in metrics),
    )
    note = "Bold: the best value of a measure among complete trials."
    if any(t.repeats > 1 for t in compared(run.trials, run.search)):
        note += " The choice is by the means over each configuration's trials, which stand below."
    if front:
        note += f"{FRONT}: on the Pareto front of the objectives."
    note += "".join(f" {sentence}" for sentence in changed(run))
    return Table(columns, lines, note=note)


def comparison_table(run: Run, trial: TrialView | None) -> Table | None:
    """Base against best as in the flashcards system's section 7; None where either is missing."""
    base = run.base_of(trial)
    lines = tuple(map(_comparison_line, base_table(base, trial)))
    if base is None or trial is None or not lines:
        return None
    heads = ("Base Model", "Fine-Tuned", "Delta")
    columns = (Column("Metric"), *(Column(h, numeric=True) for h in heads))
    own = one_of_several(trial, run.trials, run.search)
    if trial.fresh:
        own = f"{own} {SEARCHED}".strip()
    return Table(columns, lines, note=f"{evaluation_note(base, trial)} {own}".rstrip())


def curve_metric(run: Run) -> str:
    """The metric whose curves are shown: what is sought where curves hold it, else val_loss."""
    logged = {key for t in run.trials for row in t.curve for key in row}
    sought = [c.metric for c in criteria(run.search) if c.metric in logged]
    return sought[0] if sought else "val_loss"


def curve_points(trial: TrialView, metric: str) -> list[tuple[float, float | None, float]]:
    """(step, epoch or None, value) wherever `metric` was measured, in the order of the file.

    In each stage of a staged trial epochs begin anew, so they are left out.
    """
    return [
        (row["step"], None if trial.kind == "staged" else row.get("epoch"), row[metric])
        for row in trial.curve
        if is_number(row.get(metric)) and is_number(row.get("step"))
    ]


def curve_table(run: Run, metric: str) -> Table:
    """Learning curves in text: first, best and last value, and a sparkline."""
    rows = []
    for trial in run.trials:
        values = [value for _, _, value in curve_points(trial, metric)]
        if values:
            best = min(values) if mode(metric) == "min" else max(values)
            ends = [metric_text(metric, v, 4) for v in (values[0], best, values[-1])]
            rows.append([trial.name, trial.state, sparkline(values), len(values), *ends])
    return plain_table(
        ["Experiment", "State", "Curve", "Measurements", "First", "Best", "Last"], rows, numeric=4
    )


def sparkline(values: list[float]) -> str:
    """A curve in a few characters, thinned to at most SPARK_POINTS, its last value kept."""
    stride = max(1, -(-len(values) // SPARK_POINTS))
    shown = values[::-1][::stride][::-1]
    low, high = min(shown), max(shown)
    span = (high - low) or 1.0
    return "".join(SPARKS[round((v - low) / span * (len(SPARKS) - 1))] for v in shown)


def failure_table(run: Run) -> Table | None:
    """Trials that ended with an error or did not fit, in their own words; None where none did."""
    rows = [
        [t.name, t.state, _searched(t), t.error or "no message was recorded"]
        for t in run.trials
        if t.state in ("failed", "infeasible")
    ]
    return plain_table(["Experiment", "State", "Parameters", "Error"], rows) if rows else None


def _searched(trial: TrialView) -> str:
    pairs = (f"{p.rsplit('.', 1)[-1]} {parameter_text(p, v)}" for p, v in trial.parameters.items())
    return ", ".join(pairs) or MISSING


def _comparison_line(compared: Comparison) -> Line:
    verdict: Emphasis = ""
    if compared.better is not None:
        verdict = "better" if compared.better else "worse"
    return Line(
        (
            Cell(title(compared.metric)),
            Cell(f"{compared.base:.4f}"),
            Cell(f"{compared.tuned:.4f}"),
            Cell(delta_text(compared.delta), verdict),
        )
    )


def _says_nothing(run: Run, metric: str) -> bool:
    """Whether the least of a metric is no merit: the losses of kinds that learn from rewards."""
    last = (run.trial.get("stages") or [run.trial])[-1]
    return metric == "train_loss" and last.get("kind") in ("ppo", "grpo")


def _metric_cell(metric: str, trial: TrialView, top: float | None) -> Cell:
    value = trial.metrics.get(metric)
    is_top = top is not None and value == top and trial.state == "complete"
    return value_cell(metric_text(metric, value), "top" if is_top else "")


def _top(run: Run, metric: str) -> float | None:
    values = [
        t.metrics[metric] for t in run.trials if t.state == "complete" and metric in t.metrics
    ]
    return best_value(metric, values)


def _all_numbers(run: Run, path: str) -> bool:
    values = [t.value(path) for t in run.trials]
    return all(v is None or is_number(v) for v in values)
