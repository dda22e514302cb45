"""A trial that is asked for a checkpoint writes one after the step that it is in, of every kind and
in both engines; what goes on from it is what was never interrupted."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.trainables.dpo import trials as dpo
from tests.trainables.grpo import trials as grpo
from tests.trainables.packing.packs import run_pack
from tests.trainables.ppo.trials import ppo, run_ppo
from tests.trainables.reward_model import trials as reward
from tests.trainables.sft import trials as sft
from trainables.context import Report
from trainables.models.load import load_base
from trainables.preemption import SAVE
from trainables.saved import Checkpoint

FEW = {"every_epochs": 100.0}  # measured at rungs alone: not at step 3 of 8
STEPS = {"max_steps": 8}
Run = Callable[[Any, Checkpoint | None], list[Report]]


def alone(trial: Any, checkpoint: Checkpoint | None) -> list[Report]:
    base = load_base(sft.TOY, "cpu")
    there = {"a": checkpoint} if checkpoint else None
    rows = sft.prepared if trial.kind == "sft" else reward.prepared
    return run_pack(base, {"a": trial}, checkpoints=there, rows=rows)["a"]


CASES: dict[str, tuple[Run, Any]] = {
    "sft": (sft.run, sft.config(training=STEPS, evaluation=FEW)),
    "sft in a pack": (alone, sft.config(training=STEPS, evaluation=FEW)),
    "reward": (alone, reward.config(training=STEPS, evaluation=FEW)),
    "before any evaluation": (alone, reward.config(training={"max_steps": 16}, evaluation=FEW)),
    "dpo": (dpo.run, dpo.config(training=STEPS, evaluation=FEW)),
    "grpo": (grpo.run, grpo.config(training={**STEPS, "num_iterations": 2}, evaluation=FEW)),
    "ppo": (run_ppo, ppo(training=STEPS, evaluation=FEW)),
}


@pytest.fixture
def asked() -> Iterator[None]:
    SAVE.set()
    yield
    SAVE.clear()


@pytest.mark.parametrize("name", CASES)
def test_a_checkpoint_between_evaluations(name: str, asked: None) -> None:
    run, trial = CASES[name]
    whole = run(trial, None)
    (number,) = [n for n, r in enumerate(whole) if r.checkpoint and not r.metrics]
    checkpoint = sft.checkpoints(whole)[number]
    json.dumps(checkpoint.state, allow_nan=False)  # as the run folder writes it
    assert whole[number].step == checkpoint.step == (3 if trial.training.max_steps == 8 else 1)
    assert whole[number].rung is None
    SAVE.clear()
    rest = run(trial, checkpoint)
    assert rest[0].step == checkpoint.step + 1
    assert [sft.essence(r) for r in rest] == [sft.essence(r) for r in whole[number + 1 :]]
