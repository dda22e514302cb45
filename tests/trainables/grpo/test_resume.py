"""A trial continued from any of its checkpoints is the trial that was never interrupted."""

from dataclasses import replace

import pytest

from tests.trainables.grpo.trials import config, run
from tests.trainables.sft import trials as sft
from tests.trainables.sft.trials import assert_resumes, checkpoints, essence
from trainables.grpo.config import GRPOConfig
from trainables.saved import Checkpoint

DROPOUT = config(lora={"lora_dropout": 0.1}, training={"num_train_epochs": 1.6})
AGAIN = config(training={"num_iterations": 3, "max_steps": 7, "epsilon": 0.01})
FREE = config(training={"beta": 0, "max_steps": 4, "loss_type": "grpo", "scale_rewards": "none"})


@pytest.mark.parametrize(
    ("trial", "steps"),
    [
        pytest.param(DROPOUT, 5, id="dropout, over an epoch's end"),
        pytest.param(AGAIN, 7, id="between two steps on the same answers"),
        pytest.param(FREE, 4, id="no reference in the loss"),
    ],
)
def test_resume_at_every_evaluation_is_bit_identical(trial: GRPOConfig, steps: int) -> None:
    assert_resumes(run, trial, steps)


def test_answers_in_use_are_part_of_a_checkpoint() -> None:
    whole = run(AGAIN)
    saved = {c.step: c for c in checkpoints(whole).values()}
    used = {step: c.state["rollouts"] is not None for step, c in saved.items()}
    assert used == {step: step % 3 != 0 for step in saved}
    assert set(used.values()) == {True, False}
    clipped = [r.metrics["clip_fraction"] for r in whole[:-1]]
    assert clipped[0] == 0
    assert max(clipped) > 0


def test_a_reference_goes_on_too() -> None:
    kept = next(r.adapter for r in reversed(sft.run(sft.config())) if r.adapter)
    start = Checkpoint(kept.weights, b"", {"step": 0, "updates": 0, "scaler": None})
    start = replace(start, frozen={"reference": kept})
    trial = config(training={"beta": 0.5, "max_steps": 4})
    whole = run(trial, start)
    number, checkpoint = sorted(checkpoints(whole).items())[1]
    resumed = run(trial, checkpoint)
    assert [essence(r) for r in resumed] == [essence(r) for r in whole[number + 1 :]]
    other = replace(checkpoint, frozen={})
    assert run(trial, other)[0].metrics["kl"] != resumed[0].metrics["kl"]
