"""What a report says of one run, whatever the format."""

from collections import Counter
from dataclasses import dataclass

from analysis.best import beside, changed, explain, seeds_of, with_means
from analysis.cautions import lost_or_cut
from analysis.decision import Decision
from analysis.held import held_in
from analysis.mixtures import data_names
from analysis.report.cells import Table, plain_table
from analysis.report.confirmation import confirmation_passage
from analysis.report.effects import effects_passages
from analysis.report.efficiency import efficiency_table
from analysis.report.examples import Example, conversations, examples
from analysis.report.experiments import (
    comparison_table,
    curve_metric,
    curve_table,
    experiment_table,
    failure_table,
)
from analysis.report.folds import fold_passage
from analysis.report.other_rules import other_rules_passages
from analysis.report.passage import Passage
from analysis.report.passages import passages
from analysis.report.provenance import data_facts, data_tables, environment_table
from analysis.report.ratings import rating_tables
from analysis.report.sealed_test import sealed_test_passage
from analysis.report.stages import stage_table
from analysis.runs import BaseView, Run, TrialView, look_up
from analysis.selection import criteria
from analysis.selection.choice import Chosen
from analysis.tables import searched_paths, shown_value
from analysis.wording import (
    MISSING,
    NOTICE,
    metric_text,
    mode,
    parameter_text,
    plural,
    title,
    value_text,
)

STATES = ("complete", "stopped", "failed", "infeasible", "unfinished")
DISCLAIMER = (
    f"{NOTICE}. Nothing here shows that a model is safe or correct enough for clinical use."
)


@dataclass(frozen=True)
class Tile:
    """A number at the top of the report; `verdict` is better, worse or ""."""

    label: str
    value: str
    detail: str
    verdict: str = ""


@dataclass(frozen=True)
class Content:
    """One run's part of a report."""

    run: Run
    choice: Chosen | None
    best: TrialView | None
    warnings: list[str]  # of the data, above all else
    facts: list[tuple[str, str]]  # model, data, …
    tiles: list[Tile]
    summary: tuple[str, ...]  # sentences; the first is the choice
    configuration: Table | None  # the chosen trial's searched parameters
    experiments: Table
    comparison: Table | None
    stages: Table | None  # where trials train in stages
    efficiency: Table | None  # where trials differ in what they train, or how
    passages: list[Passage]  # benchmarks, data sets, calibration, safety
    examples: list[Example]
    conversations: list[Example]  # the questions of evaluation.examples
    ratings: list[tuple[str, Table]]
    curve_metric: str
    curves: Table
    failures: Table | None
    data: list[tuple[str, Table]]
    data_facts: list[tuple[str, str]]
    environment: Table


def describe_run(decision: Decision) -> Content:
    """Everything a report says of a run except its figures."""
    run, choice, told = decision
    best = decision.best
    metric = curve_metric(run)
    reports = [r for r in run.data.values() if isinstance(r, dict)]
    return Content(
        run=run,
        choice=choice,
        best=best,
        warnings=lost_or_cut(run),
        facts=_facts(run),
        tiles=_tiles(run, best and with_means(run, best, told), choice),
        summary=explain(run, choice, told) if choice else (decision.why_none, *changed(run)),
        configuration=_configuration(run, best),
        experiments=experiment_table(run, choice),
        comparison=comparison_table(run, best),
        stages=stage_table(run, best),
        efficiency=efficiency_table(run, best),
        passages=[
            *filter(None, [confirmation_passage(told), fold_passage(run, best)]),
            *effects_passages(run),
            *passages(run, best),
            *filter(None, [sealed_test_passage(run, best)]),
            *other_rules_passages(run, best),
        ],
        examples=examples(run, best),
        conversations=conversations(run, best),
        ratings=rating_tables(run),
        curve_metric=metric,
        curves=curve_table(run, metric),
        failures=failure_table(run),
        data=data_tables(run),
        data_facts=data_facts(reports),
        environment=environment_table(run),
    )


def joint_table(contents: list[Content]) -> Table:
    """A line a run: what it chose and what that reached."""
    metrics = ("val_loss", "bits_per_byte", "perplexity", "rouge1", "bleu", "minutes")
    rows = [
        [
            c.run.name,
            distinct(c.run, "model.name_or_path"),
            data_names(c.run),
            f"{sum(t.state == 'complete' for t in c.run.trials)} of {len(c.run.trials)}",
            c.best.name if c.best else "none",
            *(metric_text(m, c.best.metrics.get(m) if c.best else None) for m in metrics),
        ]
        for c in contents
    ]
    heads = ["Sweep", "Model", "Data", "Complete", "Chosen", *map(title, metrics)]
    table = plain_table(heads, rows, numeric=len(metrics))
    return Table(table.columns, table.lines, note=_joint_note(contents))


def distinct(run: Run, path: str) -> str:
    """Every value of a configuration field in the run, in order of first use."""
    values = [value_text(t.value(path)) for t in run.trials if t.value(path) is not None]
    written = value_text(look_up(run.trial, path))
    return ", ".join(dict.fromkeys(values)) or written


def state_counts(run: Run) -> str:
    """`8: 4 complete, 1 stopped, …`."""
    counted = Counter(t.state for t in run.trials)
    parts = (f"{counted[s]} {s}" for s in STATES if counted[s])
    return f"{len(run.trials)}: {', '.join(parts)}" if run.trials else "none yet"


def period(run: Run) -> str:
    """The day or days on which trials ran."""
    moments = [m for t in run.trials for m in (t.started, t.finished) if m]
    days = sorted({m[:10] for m in moments})
    return MISSING if not days else " to ".join(dict.fromkeys((days[0], days[-1])))


def _facts(run: Run) -> list[tuple[str, str]]:
    search = run.search
    stopping = search.early_stopping.kind if search.early_stopping else "none"
    return [
        ("Model", distinct(run, "model.name_or_path")),
        ("Quantization", distinct(run, "model.quantization")),
        ("Data", data_names(run)),
        ("Ran", period(run)),
        ("Sampler", f"{search.sampler}, seed {search.seed}"),
        ("Early stopping", stopping),
        *(("Held fixed", sentence) for sentence in held_in(run)),
        *(
            ("Tied", f"{path} is {p.times} times {p.to_distribution().describe()}")
            for path, p in search.parameters.items()
            if p.times is not None
        ),
    ]


def _tiles(run: Run, best: TrialView | None, choice: Chosen | None) -> list[Tile]:
    views = [view for trial in run.trials for view in (trial, *trial.fresh)]
    hours = sum(v.metrics.get("minutes", 0.0) - v.shared_seconds / 60 for v in views) / 60
    time = f"{hours:.1f} h" if hours >= 1 else f"{60 * hours:.1f} min"
    counted = state_counts(run).partition(": ")
    trials = Tile("Trials", str(len(run.trials)), counted[2])
    again = len(views) - len(run.trials)
    over = f", {plural(again, 'run')} with new seeds among them" if again else ""
    spent = Tile("Time in trials", time, f"summed over all trials{over}")
    if best is None or choice is None:
        return [Tile("Chosen", "none", "see below"), trials, spent]
    fresh = sum(view.state == "complete" for view in best.fresh)
    seeds = fresh or seeds_of(run, best.trial)
    repeated = f"means over {seeds} {'new ' * bool(fresh)}seeds" if seeds > 1 else ""
    tie = f"tied with {len(choice.tied) - 1} more" if choice.tied else ""
    about = ", ".join(filter(None, (best.trial if best.label else "", repeated, tie)))
    chosen = Tile("Chosen", best.name, about)
    sought = [c.metric for c in criteria(run.search)][:2]
    wanted = [m for m in dict.fromkeys([*sought, "perplexity"]) if m in best.metrics][:2]
    measured = [_measured(m, best, beside(run, best)) for m in wanted]
    return [chosen, *measured, trials, spent]


def _measured(metric: str, best: TrialView, base: BaseView | None) -> Tile:
    value = best.metrics[metric]
    before = base.metrics.get(metric) if base else None
    text = metric_text(metric, value)
    if before is None:
        return Tile(title(metric), text, "base model not measured")
    change = f" ({(value - before) / before:+.0%})".replace("-", "−") if before else ""
    better = (value < before) == (mode(metric) == "min")
    shown = metric_text(metric, before)
    verdict = "" if shown == text else "better" if better else "worse"
    return Tile(title(metric), text, f"base {shown}{change}", verdict)


def _configuration(run: Run, best: TrialView | None) -> Table | None:
    if best is None:
        return None
    rows = [[p, parameter_text(p, shown_value(run, best, p))] for p in searched_paths(run)]
    return plain_table(["Searched parameter", "Chosen value"], [*rows, *_step(best)])


def _step(best: TrialView) -> list[list[str]]:
    """Which step its numbers are of, and by what that was chosen."""
    if not best.best_step or not best.step_metric:
        return []
    value = f"{best.best_step} of {best.steps}, the best by {best.step_metric}"
    return [["(the step that counts)", value]]


def _joint_note(contents: list[Content]) -> str:
    data = {data_names(c.run) for c in contents}
    models = {distinct(c.run, "model.name_or_path") for c in contents}
    notes = []
    if len(data) > 1:
        notes.append("The sweeps use different data, so their numbers are not comparable.")
    if len(models) > 1:
        notes.append(
            "Base models differ: compare them by Bits/Byte, not by Val Loss or Perplexity, which "
            "depend on the tokenizer."
        )
    return " ".join(notes)
