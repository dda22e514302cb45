"""How many trials of a sweep train together on a device: predicted, measured once, remembered."""

import hashlib
import json
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

from search_spaces.space import Space
from sweeps.readiness.checks import adapters, models, unpackable
from sweeps.readiness.predicted_memory import peak_bytes
from sweeps.run_folder.atomic import write_json
from sweeps.spec.sections import SweepSpec
from trainables.cache import cache_dir
from trainables.models.header import tensor_shapes
from trainables.models.resolve import cached_folder
from trainables.training.config import SingleTrial, TrainingConfig
from trainables.training.evaluation_times import planned_steps

LARGEST = {"cpu": 8, "gpu": 16}  # trials that are tried together
SMALL_MODEL = 20_000_000  # parameters: below, reporting takes longer than training
SHORT_TRIAL = 10.0  # seconds: below, starting its actor takes longer than packing saves
WORTH = 1.15  # packed trials must be this much faster than isolated ones
WORTH_MEASURING = 4  # trials: fewer end before a measurement pays
USABLE = 0.9  # of a device's free memory
ENOUGH = 0.9  # of the best speed: among sizes that reach it the smallest is chosen


def largest_pack(spec: SweepSpec, space: Space, gpu: bool) -> int:
    """The largest size that is worth measuring; 0 where trials run as the spec says."""
    if spec.cluster.trials_per_gpu != "auto" or spec.cluster.gpus_per_trial != "auto":
        return 0
    if unpackable(spec, space) or _smallest_model(spec, space) < SMALL_MODEL:
        return 0
    if spec.search.trainings < WORTH_MEASURING:
        return 0
    # half of the sweep at once at most: a sampler learns from trials that have ended
    largest = min(LARGEST["gpu" if gpu else "cpu"], spec.search.trainings // 2)
    return min(largest, spec.cluster.max_concurrent_trials or largest)


def best_size(speeds: Mapping[int, float], trial_tokens: float) -> int:
    """The smallest pack near the best speed; 0 (isolated trials) where packing gains little.

    `speeds` is size → tokens a second of all trials together, with 0 in it; `trial_tokens` are
    those that a trial trains on.
    """
    alone, best = speeds[0], max(speeds.values())
    if best < WORTH * alone or trial_tokens / alone < SHORT_TRIAL:
        return 0
    return min(size for size, speed in speeds.items() if size and speed >= ENOUGH * best)


def trial_tokens(trial: SingleTrial, data: Mapping[str, Any]) -> float:
    """Tokens that a trial trains on, by the data report."""
    t, rows = trial.training, data["kept"]["train"]
    batch = t.per_device_train_batch_size * t.gradient_accumulation_steps
    return float(planned_steps(t, rows) * min(batch, rows) * data["tokens"]["train"] / rows)


def fitting(trial: SingleTrial, data: Mapping[str, Any], largest: int, free: float | None) -> int:
    """The largest pack up to `largest` that the memory model puts into `free` bytes; at least 1."""
    if free is None:
        return largest
    sizes = range(largest, 1, -1)
    needs = ((size, peak_bytes(trial, data, size)) for size in sizes)
    fits = (size for size, need in needs if need is None or need <= USABLE * free)
    return next(fits, 1)


def describe(speeds: Mapping[int, float]) -> str:
    """A line on what was measured."""
    found = [f"{size}: {speed / speeds[0]:.1f}" for size, speed in speeds.items() if size]
    return f"speed of packs, isolated trials being 1: {', '.join(found)}"


def first_report(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of the data that `heaviest` trains on, where `data` may be a report a stage."""
    first: Mapping[str, Any] = next(iter(data["stages"].values())) if "stages" in data else data
    return first


def heaviest(spec: SweepSpec, space: Space) -> SingleTrial:
    """The trial (or first stage) with the largest rank that the sweep can use: what is measured."""
    found = (lora for lora in adapters(spec, space) if lora)
    lora = max(found, key=lambda lora: lora.r, default=None)
    return spec.trial.stage_trials[0].model_copy(update={"lora": lora})


def remembered(trial: SingleTrial, device: str) -> dict[int, float] | None:
    """The speeds that were measured for such trials on such a device, or None."""
    file = _file(trial, device)
    if not file.is_file():
        return None
    return {int(size): speed for size, speed in json.loads(file.read_text()).items()}


def remember(trial: SingleTrial, device: str, speeds: Mapping[int, float]) -> None:
    """Keep a measurement in the cache."""
    write_json(_file(trial, device), speeds)


def _file(trial: SingleTrial, device: str) -> Path:
    lora = trial.lora
    matters = {
        "what": "tokens a second",
        "device": device,
        "model": trial.model.model_dump(mode="json", exclude={"template_date"}),
        "data": trial.data.model_dump(mode="json"),
        "lora": lora and [lora.r, lora.target_modules, lora.lora_dropout > 0],
        "batch": [
            trial.training.per_device_train_batch_size,
            trial.training.gradient_accumulation_steps,
            trial.training.max_length,
        ],
        "rerun": trial.training.gradient_checkpointing,
        "kind": trial.kind,
        "own": trial.training.model_dump(mode="json", exclude=set(TrainingConfig.model_fields)),
    }
    key = hashlib.sha256(json.dumps(matters, sort_keys=True).encode()).hexdigest()[:16]
    return cache_dir() / "packs" / f"{key}.json"


def _smallest_model(spec: SweepSpec, space: Space) -> int:
    folders = [cached_folder(model) for model in models(spec, space)]
    sizes = [sum(map(prod, tensor_shapes(f).values())) for f in folders if f]
    return min(sizes, default=SMALL_MODEL)  # not at hand yet: `plan`
