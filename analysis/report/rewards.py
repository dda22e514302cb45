"""Trials that learn from rewards: what their answers earn, how far they went from the reference."""

from dataclasses import replace

from analysis.report.cells import Cell, Column, Line, Table
from analysis.report.curves import curve_figure
from analysis.report.figures import Figure
from analysis.report.passage import Passage
from analysis.runs import BaseView, Run, TrialView
from analysis.total_reward import TOTAL
from analysis.wording import MISSING, metric_text, title
from trainables.context import SAMPLED
from trainables.evaluation.metric_names import REWARD, in_table_order

View = TrialView | BaseView
BESIDE = ("reward", "kl", "answer_tokens", "truncated")
SAMPLING = ("temperature", "top_p", "response_length")  # of `evaluation`
CURVES = ("sampled_reward", "sampled_kl", "sampled_answer_tokens")
OWN = "sampled as the trial samples in training"
HELD = "sampled in the same way for all trials (evaluation: {})"
NOTE = (
    "Means over answers to validation prompts, {how}, at the trial's best step. Reward is the "
    "trial's own weighted mean: where weights are searched, trials cannot be compared by it, only "
    "by each reward. KL: nats an answer from the reference that the trial is held to."
)


def reward_passage(run: Run, best: TrialView | None) -> Passage | None:
    """A line a trial, and the curves of training; None where no trial learns from rewards."""
    trials = [t for t in run.trials if any("sampled_reward" in row for row in t.curve)]
    if not trials:
        return None
    rows: list[tuple[str, View, str]] = [("Base model", base, "") for base in _bases(run, trials)]
    rows += [(t.name, t, "chosen" if best and t.trial == best.trial else "") for t in trials]
    figures = tuple(_figure(run, best, metric) for metric in CURVES)
    return Passage("Rewards", (), (("", _table(rows, _how(run))),), figures)


def _bases(run: Run, trials: list[TrialView]) -> list[BaseView]:
    """Each base model once; its total where all trials weigh its rewards alike."""
    found: dict[str, BaseView] = {}
    for base in filter(None, map(run.base_of, trials)):
        other = found.setdefault(base.key, base)
        if other.metrics.get(TOTAL) != base.metrics.get(TOTAL):
            own = {name: value for name, value in base.metrics.items() if name != TOTAL}
            found[base.key] = replace(base, metrics=own)
    return [base for base in found.values() if _names(base)]


def _how(run: Run) -> str:
    """How the answers that are measured were sampled."""
    written = run.trial.get("evaluation") or {}
    fixed = [f"{name} {written[name]:g}" for name in SAMPLING if written.get(name) is not None]
    return HELD.format(", ".join(fixed)) if fixed else OWN


def _names(view: View) -> set[str]:
    return {n for n in view.metrics if n in BESIDE or n.startswith(REWARD)}


def _table(rows: list[tuple[str, View, str]], how: str) -> Table:
    shown = in_table_order(set().union(*(_names(view) for _, view, _ in rows)))
    lines = [
        Line((Cell(name), *(_cell(metric, view) for metric in shown)), kind=kind)
        for name, view, kind in rows
    ]
    heads = (Column(title(metric), numeric=True) for metric in shown)
    return Table((Column("Experiment"), *heads), tuple(lines), note=NOTE.format(how=how))


def _cell(metric: str, view: View) -> Cell:
    if metric not in view.metrics:
        return Cell(MISSING, "missing")
    return Cell(metric_text(metric, view.metrics[metric]))


def _figure(run: Run, best: TrialView | None, metric: str) -> Figure:
    data, caption = curve_figure(run, best, metric)
    what = title(metric.removeprefix(SAMPLED))
    return Figure(metric, f"{what} of the answers trained on", caption, data)
