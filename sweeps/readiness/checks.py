"""What can only be checked with the machine at hand, and still before Ray starts."""

import itertools
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from math import prod
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from search_spaces.distributions import Categorical, Constant
from search_spaces.schema import set_path
from search_spaces.space import Space
from sweeps.readiness.brake import Agree, check_losses
from sweeps.readiness.model_folders import loading_problems
from sweeps.readiness.preparation import Preparation
from sweeps.readiness.searched_rows import searched_reports
from sweeps.spec.errors import Problem, SpecError
from sweeps.spec.sections import SweepSpec
from trainables.errors import InputError
from trainables.kinds import TrialConfig, trial_config
from trainables.models.attention_kinds import other_attention
from trainables.models.config import LoraConfig, ModelConfig
from trainables.models.header import tensor_shapes
from trainables.models.resolve import cached_folder
from trainables.models.targets import (
    Shapes,
    saved_modules,
    trainable_parameters,
    unmatched,
    unsaved,
)
from trainables.packing import packable
from trainables.training.config import SingleTrial
from trainables.training.optimizers import OPTIMIZERS

SPARE_BYTES = 500_000_000  # for logs, predictions, reports and Ray's own files
COPIES = 2  # float32 copies of what is trained on disk: best and checkpoint, besides the states


def refuse_folder(folder: Path, exists_is_wrong: bool = True) -> None:
    """SpecError where a run cannot be written at `folder`."""
    if exists_is_wrong and (folder / "spec.resolved.json").exists():
        message = "a run of this name exists"
        fix = f"Go on with it (`medsweep resume {folder}`), or choose another with --name"
        raise SpecError([Problem(None, None, "name", folder.name, message, fix)])
    parent = next(p for p in (folder, *folder.parents) if p.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        new, old = "Choose a folder of yours with --output", "Copy the run to where you may write"
        field, fix = ("output", new) if exists_is_wrong else ("RUN", old)
        raise SpecError([Problem(None, None, field, str(folder), "cannot be written", fix)])


def make_ready(
    spec: SweepSpec,
    space: Space,
    preparation: Preparation,
    folder: Path,
    agree: Agree | None = None,
) -> tuple[str, ...]:
    """Fetch models and data, and check targets and disk; SpecError with all that is wrong. Then
    `agree`, where it is given, is asked whether to train on what filters left: the reasons that it
    agreed to, if any."""
    problems = [*_model_problems(spec, space, preparation, folder)]
    try:
        preparation.data(spec.trial)
    except InputError as error:
        if not (error.field.startswith("model.") and problems):  # told above
            problems.append(_problem(error))
    problems = problems or [*_start_problems(spec, space, preparation)]
    if problems:
        raise SpecError(problems)
    if agree is None:
        return ()
    searched = searched_reports(spec, space, preparation)
    return check_losses(spec, preparation.data(spec.trial).report, agree, searched)


def _start_problems(spec: SweepSpec, space: Space, preparation: Preparation) -> Iterator[Problem]:
    """Adapters to start from, and rows of regularizers, that a variant of the trial names."""
    for config in variants(spec, space):
        try:
            preparation.start(config)
            regularizers = (t.training.regularizer for t in config.stage_trials)
            if any(r and r.data for r in regularizers):
                preparation.data(config)
        except InputError as error:
            yield _problem(error)
            return  # the others would say the same


def models(spec: SweepSpec, space: Space) -> list[ModelConfig]:
    """Every base model that the sweep can use."""
    own = spec.trial.model
    names = _values(spec, space, "model.name_or_path") or (own.name_or_path,)
    revisions = _values(spec, space, "model.revision") or (own.revision,)
    return [
        own.model_copy(update={"name_or_path": n, "revision": r})
        for n, r in itertools.product(names, revisions)
    ]


def adapters(spec: SweepSpec, space: Space) -> list[LoraConfig | None]:
    """Every rank and choice of targets that the sweep can use (of a range its ends); None stands
    for all weights."""
    searched = _values(spec, space, "lora")
    wholes = [spec.trial.lora] if searched is None else [_lora(value) for value in searched]
    found: dict[LoraConfig | None, None] = {}
    for whole in wholes:
        for r, targets in itertools.product(_ranks(spec, space), _targets(spec, space)):
            inside = {"r": r, "target_modules": targets}
            changed = {name: value for name, value in inside.items() if value is not None}
            found[whole and _lora({**whole.model_dump(), **changed})] = None
    return list(found)


def _lora(given: Any) -> LoraConfig | None:
    return None if given is None else LoraConfig.model_validate(given)


def _ranks(spec: SweepSpec, space: Space) -> list[int | None]:
    searched = space.parameters.get("lora.r")
    points = (*(searched.probes() if searched else ()), *_outside(spec, space, "lora.r"))
    return [int(r) for r in points if isinstance(r, int | float)] or [None]


def _targets(spec: SweepSpec, space: Space) -> tuple[Any, ...]:
    return _values(spec, space, "lora.target_modules") or (None,)


def trained_parameters(lora: LoraConfig | None, shapes: Shapes) -> int:
    """How many numbers are trained: LoRA's matrices, or all weights."""
    if lora is None:
        return sum(map(prod, shapes.values()))
    saved = saved_modules(lora.modules_to_save or (), shapes).values()
    whole = sum(prod(shapes[tensor]) for tensor in {t for found in saved for t in found})
    return trainable_parameters(lora.target_modules, shapes, lora.r) + whole


def unpackable(spec: SweepSpec, space: Space) -> str | None:
    """Why trials of this sweep cannot train packed, or None: a reason for one is one for all. Of
    models that are not at hand yet nothing is known."""
    folders = (cached_folder(model) for model in models(spec, space))
    reasons = itertools.chain(
        (packable.unpackable(config) for config in variants(spec, space)),
        (other_attention(folder) for folder in folders if folder),
    )
    return next((reason for reason in reasons if reason), None)


def variants(spec: SweepSpec, space: Space) -> Iterator[TrialConfig]:
    """The trial, and the trial with each choice of each parameter alone."""
    yield spec.trial
    for path in space.parameters:
        for value in _values(spec, space, path) or ():
            content = spec.trial.model_dump(mode="json")
            set_path(content, path, value)
            with suppress(ValidationError):  # a combination that no trial will have
                yield trial_config(content)


def _model_problems(
    spec: SweepSpec, space: Space, preparation: Preparation, folder: Path
) -> Iterator[Problem]:
    largest = 0
    for model in models(spec, space):
        try:
            folder = preparation.model_folder(model)
            shapes = tensor_shapes(folder)
        except InputError as error:
            yield _problem(error)
            continue
        yield from loading_problems(spec, space, model, folder)
        yield from target_problems(spec, space, shapes)
        counts = [trained_parameters(lora, shapes) for lora in adapters(spec, space)]
        largest = max(largest, *counts)
    each = 4 * COPIES + max(map(_state_bytes, variants(spec, space)))
    yield from _disk_problems(folder, spec, 4 * largest, largest * each)


def _state_bytes(config: TrialConfig) -> int:
    """Bytes a trained number of the optimizer's states; of stages the one with most."""
    stages: Sequence[SingleTrial] = config.stage_trials
    return max(OPTIMIZERS[stage.training.optim].state_bytes(1) for stage in stages)


def target_problems(
    spec: SweepSpec, space: Space, shapes: dict[str, tuple[int, ...]]
) -> Iterator[Problem]:
    """Target modules, the trial's own and the searched ones, that match nothing in the model."""
    searched = (p for p in ("lora.target_modules", "lora") if p in space.parameters)
    path = next(searched, None)
    field = f"search.parameters.{path}" if path else "trial.lora.target_modules"
    loras = (lora for lora in adapters(spec, space) if lora)
    for targets in dict.fromkeys(lora.target_modules for lora in loras):
        for target, fix in unmatched(targets, shapes):
            yield Problem(None, None, field, target, "matches no module of the model", fix)
    saved = dict.fromkeys(
        n for lora in adapters(spec, space) if lora for n in lora.modules_to_save or ()
    )
    for name, fix in unsaved(saved, shapes):
        place, what = "trial.lora.modules_to_save", "is no module of the model"
        yield Problem(None, None, place, name, what, fix)


def _disk_problems(folder: Path, spec: SweepSpec, best: int, each: int) -> Iterator[Problem]:
    """Where there is no room for trials of `each` bytes, of which those of the `best` step stay;
    of a run that is resumed, for those that are left to do."""
    parent = next(p for p in (folder, *folder.parents) if p.exists())
    free = shutil.disk_usage(parent).free
    trials, limit = spec.search.trainings, spec.limits.disk_gb
    done = len(list(folder.glob("trials/*/record.json")))  # what they take is no longer free
    written = max(0, trials - done) * each  # one that fails keeps its checkpoint whole
    if limit is not None:
        written = min(written, round(limit * 1e9))
        # one trial at least is under way, and writes its next checkpoint beside the one before
        least = trials * best + 2 * (each - best)
        if least > limit * 1e9:
            message = f"is too little: this sweep keeps at least {least / 1e9:.3f} GB"
            fix = "Raise it (or null: as much as is free), or search fewer or smaller adapters"
            yield Problem(None, None, "limits.disk_gb", limit, message, fix)
    needed = SPARE_BYTES + written
    if free < needed:
        message = f"has {free / 1e9:.1f} GB free; this sweep may write {needed / 1e9:.1f} GB"
        fix = "Free some space, or choose another disk with --output"
        yield Problem(None, None, "output", str(parent), message, fix)


def _values(spec: SweepSpec, space: Space, path: str) -> tuple[Any, ...] | None:
    """The values of a parameter that is no range, those of baselines among them."""
    match space.parameters.get(path):
        case Categorical(values):
            return (*values, *_outside(spec, space, path))
        case Constant(value):
            return (value, *_outside(spec, space, path))
    return None


def _outside(spec: SweepSpec, space: Space, path: str) -> list[Any]:
    """The values outside the search that baselines give a parameter."""
    searched, named = space.parameters.get(path), spec.search.baselines.values()
    values = (given[path] for given in named if path in given)
    return [v for v in values if searched is None or not searched.contains(v)]


def _problem(error: InputError) -> Problem:
    return Problem(None, None, f"trial.{error.field}", error.value, error.message, error.fix)
