"""best.json: the chosen trial, its configuration, the rule and the numbers behind it."""

import json
from dataclasses import replace
from statistics import fmean
from typing import Any

from analysis.cautions import cautions
from analysis.decision import Decision
from analysis.effects.findings import what_mattered
from analysis.effects.record import recorded
from analysis.folds import (
    Folded,
    configuration_of,
    folds_of,
    mean_trial,
    means,
    repeat_paths,
    spreads,
)
from analysis.inputs import change_cautions
from analysis.remarks import remarks
from analysis.runs import BaseView, Run, TrialView
from analysis.selection import criteria
from analysis.selection.choice import Chosen, Criterion
from analysis.uncertainty import interval_of
from analysis.verdict.leader import means as of_fresh_runs
from analysis.verdict.numbers import numbers
from analysis.verdict.verdict import Verdict
from analysis.verdict.words import paragraphs
from analysis.wording import metric_text, mode, title
from sweeps.run_folder.atomic import where_writable, write_text
from sweeps.spec.repeats import seed_paths

CAUTION = (
    "Caution: each configuration was trained once, with one seed. Differences smaller than the "
    "spread between seeds mean nothing; training the best configurations again with other seeds "
    "measures that spread (medsweep confirm RUN)."
)
IN_FOLDS = CAUTION.replace("trained once, with one seed", "trained once a fold, with one seed")
SEEDS_APART = CAUTION.replace("trained once, with one seed", "trained once, not all with one seed")


def write_best(decision: Decision) -> dict[str, Any] | None:
    """Write best.json into the run folder, where that can be written; return its content.

    None where no trial can be chosen; an older best.json is then removed, since nothing in the
    run supports it any more.
    """
    run, choice, told = decision
    if choice is None:
        with where_writable():
            (run.folder / "best.json").unlink(missing_ok=True)
        return None
    best = describe(run, choice, told)
    with where_writable():
        write_text(run.folder / "best.json", json.dumps(best, indent=2, ensure_ascii=False) + "\n")
    return best


def describe(run: Run, choice: Chosen, told: Verdict | None = None) -> dict[str, Any]:
    """The contents of best.json; with the verdict where the best trials were trained again."""
    trial = run.find(choice.trial)
    kept = {"adapter": trial.adapter, "model": trial.model}
    return {
        "trial": trial.trial,
        "label": trial.label,
        "parameters": trial.parameters,
        "config": trial.config,
        "rule": choice.rule,
        "reason": choice.reason,
        "tie": {"trials": list(choice.tied), "all": choice.undecided} if choice.tied else None,
        "explanation": ("\n" if told else " ").join(explain(run, choice, told)),
        "numbers": choice.numbers,
        **({"confirmed": numbers(told)} if told else {}),
        **remarks(run, choice, with_means(run, trial, told), told is not None).facts(),
        **_repeats(run, choice),
        "pareto_front": list(choice.front) or None,
        "what_mattered": recorded(what_mattered(run)),
        **({"noise_floor": trial.noise} if trial.noise else {}),
        **{name: path and path.relative_to(run.folder).as_posix() for name, path in kept.items()},
    }


def explain(run: Run, choice: Chosen, verdict: Verdict | None = None) -> tuple[str, ...]:
    """The choice in plain words: why it, against the base model, and the caution, which has no
    place where the best trials were trained again."""
    trial = with_means(run, run.find(choice.trial), verdict)
    against = against_base(trial, beside(run, trial), criteria(run.search))
    seen = remarks(run, choice, trial, confirmed=verdict is not None)
    chosen = paragraphs(verdict) if verdict else (choice.explanation,)
    told = (*chosen, *seen.on_choice(), against, *seen.on_answers())
    told += (*cautions(run, trial), *changed(run))
    told += () if verdict else (caution(run, choice.trial),)
    return tuple(filter(None, told))


def with_means(run: Run, trial: TrialView, verdict: Verdict | None = None) -> TrialView:
    """The trial with the means over its fresh runs as its metrics where it was trained again, or
    over its configuration's seeds, where seeds alone are repeated: folds have base models'
    measurements of their own."""
    if verdict and (fresh := of_fresh_runs(trial)):
        runs = tuple(view for view in trial.fresh if view.state == "complete")
        errors = mean_trial(Folded({}, runs)).errors
        return replace(trial, metrics=fresh, repeats=len(runs), errors=errors)
    found = configuration_of(trial.trial, run.trials, run.search)
    if found is None or folds_of(run.search):
        return trial
    mean = mean_trial(found)
    return replace(trial, metrics=mean.metrics, repeats=mean.repeats, errors=mean.errors)


def beside(run: Run, trial: TrialView) -> BaseView | None:
    """The base model's measurement that belongs to a trial: where its fresh runs were validated on
    rows of their own, the mean over the base model's measurements on those."""
    own = run.base_of(trial)
    keys = {view.base for view in trial.fresh if view.state == "complete" and view.base}
    if own is None or keys <= {own.key} or not keys <= run.bases.keys():
        return own
    views = [run.bases[view.base] for view in trial.fresh if view.base in keys]
    shared = set.intersection(*(set(view.metrics) for view in views))
    return replace(own, metrics={m: fmean(v.metrics[m] for v in views) for m in sorted(shared)})


def seeds_of(run: Run, trial: str) -> int:
    """With how many seeds the trial's configuration is complete; 1 where none are searched."""
    found, seeds = configuration_of(trial, run.trials, run.search), seed_paths(run.search)
    return found.different(seeds) if found and seeds else 1


def caution(run: Run, trial: str) -> str:
    """How little a single number says, as this sweep was run."""
    found, seeds = configuration_of(trial, run.trials, run.search), seeds_of(run, trial)
    if found is None:
        return CAUTION
    if seeds < 2:
        return IN_FOLDS if folds_of(run.search) else SEEDS_APART
    metric = criteria(run.search)[0].metric
    spread = metric_text(metric, spreads(found).get(metric), 4)
    over = "folds and seeds" if folds_of(run.search) else "seeds"
    return (
        f"Caution: of the chosen configuration's {len(found.trials)} trials {title(metric)} has a "
        f"standard deviation of {spread} between {over}. A lead that is not clearly larger means "
        "nothing, and so few seeds tell the deviation itself only roughly."
    )


def _repeats(run: Run, choice: Chosen) -> dict[str, Any]:
    """What best.json says of the repeats that the choice averages; {} where there are none."""
    found = configuration_of(choice.trial, run.trials, run.search)
    if found is None:
        return {}
    over = repeat_paths(run.search)
    return {
        "repeats": {
            "over": list(over),
            "count": len(found.trials),
            "trials": [{"trial": t.trial, **{p: t.value(p) for p in over}} for t in found.trials],
            "mean": means(found),
            "spread": spreads(found) or None,
        }
    }


def changed(run: Run) -> tuple[str, ...]:
    """What must be said where the run went on with other data, another model or medsweep."""
    return change_cautions(run.changes, [trial.trial for trial in run.trials])


def against_base(
    trial: TrialView, base: BaseView | None, sought: tuple[Criterion, ...] = ()
) -> str:
    """How the trial compares with the untouched base model, better and worse metrics named."""
    if base is None:
        return "The untouched base model was not measured, so nothing is known against it."
    decisive = [c.metric for c in sought]
    wanted = [*decisive, "perplexity", "rouge1", "bleu"]
    shared = [m for m in dict.fromkeys(wanted) if m in trial.metrics and m in base.metrics]
    groups: dict[str, list[str]] = {"better": [], "worse": [], "equal": []}
    for metric in shared:
        told = _change(metric, trial, base, _interval(metric, trial) if metric in decisive else "")
        groups[_verdict(metric, trial, base)].append(told)
    if not shared:
        return "The untouched base model reported none of the same metrics."
    parts = [f"{verdict} in {', '.join(items)}" for verdict, items in groups.items() if items]
    return f"Against the untouched base model it is {'; '.join(parts)}."


def _verdict(metric: str, trial: TrialView, base: BaseView) -> str:
    gain = trial.metrics[metric] - base.metrics[metric]
    shown = {metric_text(metric, view.metrics[metric]) for view in (base, trial)}
    # what rounding alone may change, of the training's numbers or of those that are shown
    if abs(gain) <= trial.noise.get(metric, 0.0) or len(shown) == 1:
        return "equal"
    return "better" if (gain < 0) == (mode(metric) == "min") else "worse"


def _interval(metric: str, trial: TrialView) -> str:
    """How sure the trial's own value is, where it is that of its rows or repeats."""
    found = interval_of(trial, metric) if not trial.fresh else None
    if found is None:
        return ""
    low, high = (metric_text(metric, end) for end in found[0])
    return f", 95% interval {low} to {high}; {found[1]}"


def _change(metric: str, trial: TrialView, base: BaseView, sure: str = "") -> str:
    before = metric_text(metric, base.metrics[metric])
    return f"{title(metric)} ({before} → {metric_text(metric, trial.metrics[metric])}{sure})"
