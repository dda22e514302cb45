"""How many trials train together: the choice by hand-computed speeds, and what is remembered."""

from pathlib import Path
from typing import Any

import pytest

from search_spaces.space import build_space
from sweeps.readiness import pack_sizes
from sweeps.readiness.pack_sizes import (
    best_size,
    describe,
    fitting,
    heaviest,
    largest_pack,
    remember,
    remembered,
    trial_tokens,
)
from sweeps.readiness.predicted_memory import peak_bytes
from sweeps.spec.sections import SweepSpec
from trainables.ppo.config import PPOConfig
from trainables.sft.config import SFTConfig

LONG = 10**9


@pytest.mark.parametrize(
    ("speeds", "expected"),
    [
        ({0: 1.0}, 0),
        ({0: 1.0, 1: 0.9, 2: 1.1}, 0),  # too little gained
        ({0: 1.0, 1: 1.2, 2: 1.2}, 1),  # the engine is faster, a pack is not
        ({0: 1.0, 1: 0.5, 2: 1.2}, 2),
        ({0: 1.0, 1: 1.0, 2: 2.0, 4: 4.0, 8: 8.0}, 8),
        ({0: 1.0, 1: 1.0, 2: 2.0, 4: 3.33, 8: 3.48}, 4),  # 4 has 96% of the best
    ],
)
def test_the_smallest_pack_near_the_best_speed(speeds: dict[int, float], expected: int) -> None:
    assert best_size(speeds, LONG) == expected


def test_short_trials_are_not_worth_it() -> None:
    speeds = {0: 100.0, 1: 100.0, 2: 200.0}
    assert best_size(speeds, trial_tokens=999) == 0  # less than 10 seconds
    assert best_size(speeds, trial_tokens=1001) == 2


def test_the_line_on_it() -> None:
    speeds = {0: 200.0, 1: 300.0, 2: 410.0}
    assert describe(speeds) == "speed of packs, isolated trials being 1: 1: 1.5, 2: 2.0"


def test_tokens_of_a_trial() -> None:
    content = spec().trial.model_dump(mode="json")
    content["training"].update(
        per_device_train_batch_size=4, gradient_accumulation_steps=5, num_train_epochs=3
    )
    trial = SFTConfig.model_validate(content)
    assert trial_tokens(trial, REPORT) == 3 * 6400  # 5 steps of 20 of the 100 rows, 3 times
    content["training"].update(max_steps=2)
    assert trial_tokens(SFTConfig.model_validate(content), REPORT) == 2 * 20 * 64


def spec(trials: int = 20, cluster: dict[str, Any] | None = None, **lora: Any) -> SweepSpec:
    content = {
        "name": "t",
        "trial": {
            "model": {"name_or_path": "org/large"},
            "data": {"source": "toy:drugs"},
            "lora": {"r": 4, **lora},
        },
        "search": {"parameters": {"lora.r": {"values": [8, 32, 16]}}, "num_trials": trials},
        "cluster": cluster or {},
    }
    return SweepSpec.model_validate(content)


@pytest.mark.parametrize(
    ("given", "gpu", "expected"),
    [
        (spec(), True, 10),
        (spec(100), True, 16),
        (spec(100), False, 8),
        (spec(3), True, 0),
        (spec(4), True, 2),
        (spec(cluster={"trials_per_gpu": 3}), True, 0),
        (spec(cluster={"gpus_per_trial": 1}), True, 0),
        (spec(cluster={"max_concurrent_trials": 3}), True, 3),
        (spec(cluster={"max_concurrent_trials": 1}), True, 1),
        (spec(use_dora=True), True, 0),
    ],
)
def test_how_many_are_tried(given: SweepSpec, gpu: bool, expected: int) -> None:
    assert largest_pack(given, build_space(given.search.parameters), gpu) == expected


def test_a_small_model_runs_isolated() -> None:
    content = spec().model_dump(mode="json")
    content["trial"]["model"]["name_or_path"] = "toy:llama"
    small = SweepSpec.model_validate(content)
    from trainables.models.resolve import resolve

    resolve(small.trial.model)
    assert largest_pack(small, build_space(small.search.parameters), gpu=False) == 0


REPORT = {"tokens": {"train": 6400, "answer_train": 3200}, "kept": {"train": 100}}


def test_memory_of_a_pack(monkeypatch: pytest.MonkeyPatch) -> None:
    content = spec().model_dump(mode="json")
    content["trial"]["model"].update(name_or_path="toy:llama", dtype="float32")
    content["trial"]["training"]["per_device_train_batch_size"] = 2
    trial = SweepSpec.model_validate(content).trial
    from trainables.models.resolve import resolve

    resolve(trial.model)
    needs = {size: peak_bytes(trial, REPORT, size) or 0 for size in (1, 2, 64, 65)}
    base = 107_200 * 4
    parameters = 2 * 4 * (64 + 64 + 64 + 32)  # 2 layers; q and v of 64 inputs; rank 4
    adapter, copy = parameters * 16, parameters * 4  # side by side with the others'
    own = needs[2] - needs[1] - 2 * copy
    assert needs[1] == pytest.approx(base + own)
    assert own > adapter
    # 64 x 128 tokens fill a call
    assert needs[65] - needs[64] == pytest.approx(adapter + copy)
    assert fitting(trial, REPORT, 8, None) == 8
    assert fitting(trial, REPORT, 8, needs[2] / 0.9 + 1) == 2
    assert fitting(trial, REPORT, 8, needs[2] / 0.9 - 1) == 1
    assert peak_bytes(spec().trial, REPORT, 1) is None  # not in the cache


def test_the_largest_rank_is_measured() -> None:
    given = spec()
    assert heaviest(given, build_space(given.search.parameters)).lora.r == 32


def test_a_measurement_is_remembered_for_what_it_depends_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDSWEEP_CACHE", str(tmp_path))
    trial = spec().trial
    assert remembered(trial, "a GPU") is None
    remember(trial, "a GPU", {1: 0.5, 2: 0.6})
    assert remembered(trial, "a GPU") == {1: 0.5, 2: 0.6}
    accumulation = trial.training.model_copy(update={"gradient_accumulation_steps": 2})
    assert remembered(trial.model_copy(update={"training": accumulation}), "a GPU") is None
    rate = trial.training.model_copy(update={"learning_rate": 1e-5})
    assert remembered(trial.model_copy(update={"training": rate}), "a GPU") is not None
    batch = trial.training.model_copy(update={"per_device_train_batch_size": 9})
    assert remembered(trial.model_copy(update={"training": batch}), "a GPU") is None
    assert remembered(trial, "another GPU") is None
    assert pack_sizes.remembered(spec(r=5).trial, "a GPU") is None


def test_what_a_kind_adds_to_its_training_is_measured_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDSWEEP_CACHE", str(tmp_path))

    def trial(**training: int) -> PPOConfig:
        content = {"model": {"name_or_path": "toy:llama"}, "data": {"source": "toy:drugs"}}
        return PPOConfig.model_validate({**content, "training": training})

    remember(trial(response_length=8), "a device", {0: 1.0, 2: 2.0})
    assert remembered(trial(response_length=8, seed=5), "a device") == {0: 1.0, 2: 2.0}
    assert remembered(trial(response_length=9), "a device") is None
