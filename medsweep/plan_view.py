"""A plan on the terminal."""

import json
from collections.abc import Iterator
from typing import Any

import yaml
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from analysis.selection import criteria
from analysis.wording import column_names, plural, stage_names
from medsweep.fitted_table import FittedTable
from medsweep.rows_view import show_rows
from sweeps.planning.plan import ModelFacts, Plan
from sweeps.planning.stage_counts import StageCount
from sweeps.spec.confirm import ConfirmConfig
from sweeps.spec.sections import SweepSpec
from trainables.data.config import DataConfig
from trainables.data.losses import steps
from trainables.data.noticed import told
from trainables.data.pairs.config import PairsConfig
from trainables.models.config import LoraConfig
from trainables.training.config import SingleTrial

LONGEST_PATH = 45  # characters that are not broken at 80 a line
KINDS = {"sft": "SFT", "reward": "reward model", "ppo": "PPO", "grpo": "GRPO", "dpo": "DPO"}


def show(console: Console, plan: Plan) -> None:
    """Print a plan."""
    spec = plan.spec
    for warning in plan.warnings:
        console.print(f"[yellow]Warning:[/] {escape(warning)}", soft_wrap=True)
    _heading(console, f"{spec.name}: {_count(plan)}")
    if plan.stages:
        console.print(escape(_stages(plan)))
    if spec.confirm:
        console.print(escape(_confirmed(plan, spec.confirm)))
    console.print(f"Runs {escape(plan.where)}.")
    _heading(console, "Base trial")
    console.print(escape(_yaml(_trial(spec))))
    _heading(console, "Search space")
    console.print(_space(plan))
    for held in plan.held:
        console.print(escape(f"Held fixed: {held}."))
    _heading(console, "Sampled configurations")
    console.print(_samples(plan))
    _heading(console, "Model")
    for model in plan.models:
        console.print(escape(_model(model)))
        for remark in model.remarks:
            console.print(escape(f"  {remark}"))
    _heading(console, "Data")
    console.print(escape(_data(plan)))
    if plan.rows:
        _heading(console, "The first row as the model sees it")
        show_rows(console, plan.rows)


def _confirmed(plan: Plan, config: ConfirmConfig) -> str:
    """E.g. `Then the best 2 and 1 baseline again with 3 new seeds each: at most 9 runs. None of
    them is stopped early; who can no longer win gets no more.`"""
    search = plan.spec.search
    named = len(search.baselines) if config.baselines else 0
    top = min(config.top, search.num_trials)
    trials = min(top + named, search.num_trials)
    best = "the best trial" if top == 1 else f"the best {top}"
    others = f" and {plural(named, 'baseline')}" if named else ""
    rows = ", each also on other validation rows" if "split" in config.vary else ""
    races = config.stop_when_clear and len(criteria(search)) == 1 and trials > 1
    race = "; who can no longer win gets no more" if races else ""
    most = trials * config.seeds
    whole = "It is not" if most == 1 else "None of them is"
    told = (
        f"Then {best}{others} again with {plural(config.seeds, 'new seed')} each{rows}: at most "
        f"{plural(most, 'run')}. {whole} stopped early{race}."
    )
    if "split" in config.vary:
        told += " The base model is measured on the rows of each seed."
    if not plan.stages:
        return told
    anew = (_distinct(s, min(s.number, trials) * config.seeds) for s in plan.stages)
    return (
        f"{told} Each new seed trains every stage anew, what trials share once: {', '.join(anew)}."
    )


def _distinct(stage: StageCount, most: int) -> str:
    """E.g. `at most 6 SFT stages (pubmedqa)`."""
    noun = "stage" if most == 1 else "stages"
    return f"at most {most} {KINDS[stage.kind]} {noun} ({stage.name})"


def _trial(spec: SweepSpec) -> dict[str, Any]:
    """The trial in full; of a mixture only what its components say."""
    trial = spec.trial.model_dump(mode="json")
    places = trial.get("stages", [trial])
    stages: tuple[SingleTrial, ...] = spec.trial.stage_trials
    for place, stage in zip(places, stages, strict=True):
        if stage.data.mixture is not None:
            written = stage.data.model_dump(mode="json", exclude_defaults=True)
            place["data"] = {**written, "system_prompt": stage.data.system_prompt}
    return trial


def _yaml(trial: dict[str, Any]) -> str:
    text = yaml.safe_dump(trial, sort_keys=False, default_flow_style=None, width=90)
    return str(text).rstrip()


def _count(plan: Plan) -> str:
    search = plan.spec.search
    stopping = f", {search.early_stopping.kind}" if search.early_stopping else ""
    goals = ", ".join(f"{o.mode} {o.metric}" for o in search.objectives)
    named = len(search.baselines)
    baselines = f", {named} of them baselines" if named else ""
    trials = plural(search.num_trials, "trial")
    if isinstance(search.seeds, tuple):
        each = f"with {plural(len(search.seeds), 'seed')} each"
        configurations = plural(search.num_trials, "configuration")
        trials = f"{configurations} {each}, {plural(search.trainings, 'trial')}"
    return f"{trials}{baselines}; {search.sampler}{stopping}; {goals}"


def _stages(plan: Plan) -> str:
    """E.g. `24 trials, 6 distinct SFT stages (pubmedqa): …`."""
    found = (
        f"{'' if stage.exact else 'at most '}{stage.number} distinct {KINDS[stage.kind]} "
        f"{'stage' if stage.number == 1 else 'stages'} ({stage.name})"
        for stage in plan.stages
    )
    trials = plural(plan.spec.search.trainings, "trial")
    return f"{trials}, {', '.join(found)}: what trials share is trained once."


def _space(plan: Plan) -> Table:
    table = Table(box=None, header_style="bold")
    longest = max((len(row.path) for row in plan.space.rows()), default=0)
    table.add_column("parameter", no_wrap=longest <= LONGEST_PATH, overflow="fold")
    table.add_column("values", overflow="fold")
    if any(row.condition for row in plan.space.rows()):
        table.add_column("only when", overflow="fold")
    for row in plan.space.rows():
        condition = [escape(row.condition)] if len(table.columns) > 2 else []
        table.add_row(row.path, escape(row.distribution), *condition)
    return table


def _samples(plan: Plan) -> FittedTable:
    paths = plan.space.order
    named = [(escape(label), v) for label, v in plan.spec.search.baselines.items()]
    rows = [*named, *(("sampled", values) for values in plan.samples)]
    lines = [(name, *(_text(values.get(p, "")) for p in paths)) for name, values in rows]
    stages = stage_names(plan.spec.trial.model_dump())
    return FittedTable(("", *column_names(paths, stages)), lines)


def _model(model: ModelFacts) -> str:
    if model.parameters is None:
        return f"{model.name}: not in the cache; fetched at `run`, or now with --prepare"
    found: dict[str, list[str]] = {}
    for lora, count in model.trainable:
        rank = f"r={lora.r}: " if lora else ""
        found.setdefault(_what(lora), []).append(
            f"{rank}{count:,} ({count / model.parameters:.2%})"
        )
    parts = (f"; {what}: {', '.join(_few(shares))}" for what, shares in found.items())
    return f"{model.name}: {model.parameters:,} parameters{''.join(parts)}"


def _few(shares: list[str]) -> list[str]:
    """Of many ranks the first and the last ones."""
    return shares if len(shares) <= 8 else [*shares[:3], "…", *shares[-3:]]


def _what(lora: LoraConfig | None) -> str:
    if lora is None:
        return "all weights"
    targets = lora.target_modules
    return f"LoRA on {targets if isinstance(targets, str) else ', '.join(targets)}"


def _data(plan: Plan) -> str:
    if plan.data is None:
        sources = ", ".join(_source(stage.data) for stage in plan.spec.trial.stage_trials)
        return f"{sources}: not prepared; rows are counted at `run`, or now with --prepare"
    stages = plan.data.get("stages")
    if stages is None:
        return _counts(plan.data)
    return "\n".join(f"stage {name}: {_counts(report)}" for name, report in stages.items())


def _source(data: DataConfig | PairsConfig) -> str:
    return data.source or f"mixture of {', '.join(c.label for c in data.mixture or ())}"


def _counts(report: dict[str, Any]) -> str:
    kept = report["kept"]
    lost = [f"  {step}" for step in steps(report)] or ["  no row dropped"]
    read = (
        f"{report['source']}: {report['rows_read']:,} rows read; kept {kept['train']:,} for "
        f"training, {kept['validation']:,} for validation, {kept['test']:,} sealed for the test"
    )
    return "\n".join([read, *lost]) + "".join(
        f"\n{line}" for line in (*_diversity(report.get("diversity")), *told(report))
    )


def _diversity(found: dict[str, Any] | None) -> Iterator[str]:
    """One line of the diversity report; all of it is in data.json."""
    if not found:
        return
    kinds = ", ".join(f"{kind} {share:.0%}" for kind, share in found["question_types"].items())
    answers = found["answer_words"]
    yield (
        f"diversity: {found['vocabulary']:,} different words, distinct-2 "
        f"{found['distinct_2']:.2f}, answers of {answers['median']:.0f} words (median), "
        f"{found['repeated_questions']:,} repeated questions; {kinds or 'no questions'}"
    )


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(inner)}" for name, inner in value.items())
    return value if isinstance(value, str) else escape(json.dumps(value))


def _heading(console: Console, text: str) -> None:
    console.print(f"\n[bold]{escape(text)}[/]")
