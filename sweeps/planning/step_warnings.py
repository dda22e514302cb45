"""What does not fit the steps that a trial will have, once its rows are counted.

Looked at in the base trial and at the ends of what is searched of it; each kind of misfit is told
once, with the configuration that it was found in.
"""

import itertools
from collections.abc import Iterator, Mapping
from math import ceil
from typing import Any

from pydantic import ValidationError

from search_spaces.schema import set_path
from search_spaces.space import Space
from sweeps.spec.sections import EarlyStopping, SweepSpec
from trainables.evaluation.config import EvaluationConfig
from trainables.kinds import TrialConfig, trial_config
from trainables.rungs import RUNGS
from trainables.staged.config import StagedConfig
from trainables.training.config import SingleTrial
from trainables.training.evaluation_times import planned_steps, rung_steps

LOOKED_AT = 2000  # configurations
# what a trial's steps and what has to fit them depend on
MATTERS = (
    "training.max_steps",
    "training.num_train_epochs",
    "training.per_device_train_batch_size",
    "training.gradient_accumulation_steps",
    "training.warmup_steps",
    "evaluation.every_epochs",
)
OWN_EVERY = EvaluationConfig().every_epochs  # nobody asked for it
Misfit = tuple[str, str]  # its kind, and a sentence


def step_warnings(spec: SweepSpec, space: Space, data: Mapping[str, Any] | None) -> tuple[str, ...]:
    """A sentence a misfit; () where the rows are not known yet (`data`: the data report)."""
    if data is None:
        return ()
    found: dict[str, str] = {}
    for values, trial in _configurations(spec, space):
        for number, stage in enumerate(trial.stage_trials):
            name = trial.stages[number].name if isinstance(trial, StagedConfig) else ""
            report = data["stages"][name] if name else data
            for kind, sentence in _misfits(stage, report, spec.search.early_stopping):
                where = f"stage {name}: " if name else ""
                found.setdefault(name + kind, f"{where}{sentence}{_with(values)}")
    return tuple(found.values())


def _configurations(spec: SweepSpec, space: Space) -> Iterator[tuple[dict[str, Any], TrialConfig]]:
    """The ends of what matters, each with its values; illegal combinations are left out."""
    paths = [path for path in space.order if path.endswith(MATTERS)]
    ends = [dict.fromkeys([p[0], p[-1]]) for p in (space.parameters[x].probes() for x in paths)]
    for chosen in itertools.islice(itertools.product(*ends), LOOKED_AT):
        values = dict(zip(paths, chosen, strict=True))
        content = spec.trial.model_dump(mode="json")
        for path, value in values.items():
            set_path(content, path, value)
        try:
            yield values, trial_config(content)
        except ValidationError:
            continue


def _misfits(
    trial: SingleTrial, report: Mapping[str, Any], stopping: EarlyStopping | None
) -> Iterator[Misfit]:
    t, rows = trial.training, int(report["kept"]["train"])  # of pairs, where it learns from pairs
    planned, an_epoch = planned_steps(t, rows), t.steps_per_epoch(rows)
    steps = f"{planned} step{'s' if planned != 1 else ''}"
    warm_up = ceil(t.warmup_steps if t.warmup_steps >= 1 else t.warmup_steps * planned)
    if t.warmup_steps and warm_up >= planned:
        what = f"training.warmup_steps is {t.warmup_steps:g}, and a trial has {steps}"
        yield "warm-up", f"{what}: the learning rate never gets to its full value"
    if t.per_device_train_batch_size > rows:
        what = f"training.per_device_train_batch_size is {t.per_device_train_batch_size:,}"
        yield "batch", f"{what}, and there are {rows:,} training rows: a step is a whole epoch"
    batches = ceil(rows / t.per_device_train_batch_size)
    if t.gradient_accumulation_steps > batches:
        what = f"training.gradient_accumulation_steps is {t.gradient_accumulation_steps}"
        yield "accumulation", f"{what}, and an epoch has {batches} batches: a step is a whole epoch"
    every = trial.evaluation.every_epochs
    if every != OWN_EVERY and round(every * an_epoch) > planned:
        what = f"evaluation.every_epochs is {every:g} ({round(every * an_epoch)} steps)"
        yield "evaluation", f"{what}, and a trial has {steps}: it is measured at its rungs alone"
    if stopping and len(rung_steps(planned)) < len(RUNGS):
        what = f"a trial has {steps}, fewer than its rungs (1/8, 1/4, 1/2, 1) need to lie apart"
        yield "rungs", f"{what}: early stopping judges what has hardly been trained"


def _with(values: Mapping[str, Any]) -> str:
    named = ", ".join(f"{path} {value}" for path, value in values.items())
    return f" (with {named})" if named else ""
