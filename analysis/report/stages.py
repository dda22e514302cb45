"""What each stage of a staged trial did to all: the table of forgetting and transfer."""

from typing import Any

from analysis.report.cells import Cell, Column, Line, Table, value_cell
from analysis.runs import BaseView, Run, TrialView, finite
from analysis.wording import best_value, metric_text, title
from trainables.evaluation.metric_names import BENCHMARK_OF

LOSS = "val_loss"
OWN = ("pairwise_accuracy", "unseen_pairwise_accuracy", "reward", "kl")  # of some kinds only
NOTE = (
    "The chosen trial's adapter, measured at the end of each stage. A stage's validation rows are "
    "no training rows of any stage. Down a column: what later stages did to it (forgetting, "
    "transfer). A reward model is measured on its own pairs; the adapter stays as it was."
)


def stage_table(run: Run, best: TrialView | None) -> Table | None:
    """A line a stage, the base model's first: the loss on each stage's validation rows, each
    benchmark's metrics, and what only its kind reports. None where the chosen trial has no
    stages."""
    if best is None or not best.stages:
        return None
    names = [str(stage.get("name")) for stage in best.stages]
    rows = {"Base model": _of_base(run.base_of(best), names[-1])}
    for label, stage in zip(_labels(best), best.stages, strict=True):
        rows[label] = _values(stage.get("val_losses"), stage.get("metrics"))
    found = dict.fromkeys(metric for values in rows.values() for metric in values)
    losses = [(f"{LOSS}:{name}", LOSS, f"{title(LOSS)}: {name}") for name in names]
    columns = [column for column in losses if column[0] in found]  # none is on pairs
    shown = [*(m for m in found if m in BENCHMARK_OF), *(m for m in OWN if m in found)]
    columns += [(metric, metric, title(metric)) for metric in shown]
    tops = {
        key: best_value(metric, (v[key] for v in rows.values() if key in v))
        for key, metric, _ in columns
    }
    return Table(
        (Column("After"), *(Column(head, numeric=True) for *_, head in columns)),
        tuple(
            Line(
                (Cell(name), *(_cell(v.get(key), metric, tops[key]) for key, metric, _ in columns))
            )
            for name, v in rows.items()
        ),
        NOTE + _taken(best),
    )


def _labels(trial: TrialView) -> list[str]:
    """`2. medqa`, and where stages are of several kinds `2. medqa (sft)`."""
    several = len({stage.get("kind") for stage in trial.stages}) > 1
    kinds = [f" ({stage.get('kind')})" if several else "" for stage in trial.stages]
    named = zip(trial.stages, kinds, strict=True)
    return [f"{n}. {stage.get('name')}{kind}" for n, (stage, kind) in enumerate(named, 1)]


def _taken(trial: TrialView) -> str:
    """Which stages other trials trained for this one."""
    found = [f"{s.get('name')} by {s['shared_from']}" for s in trial.stages if "shared_from" in s]
    return f" Trained by another trial with the same settings: {', '.join(found)}." if found else ""


def _values(losses: Any, metrics: Any) -> dict[str, float]:
    """Losses under `val_loss:STAGE`, metrics under their names."""
    named = {f"{LOSS}:{name}": value for name, value in finite(losses).items()}
    return named | finite(metrics)


def _of_base(base: BaseView | None, last: str) -> dict[str, float]:
    """The base model's; its own val_loss is on the last stage's rows."""
    if base is None:
        return {}
    own = {last: base.metrics[LOSS]} if LOSS in base.metrics else {}
    return _values({**base.val_losses, **own}, base.metrics)


def _cell(value: float | None, metric: str, top: float | None) -> Cell:
    return value_cell(metric_text(metric, value), "top" if value == top else "")
