"""A trial continued from any of its checkpoints is the trial that was never interrupted."""

import pytest

from tests.trainables.dpo.trials import config, run
from tests.trainables.sft.trials import assert_resumes, checkpoints, essence
from trainables.dpo.config import DPOConfig
from trainables.saved import Checkpoint

PLAIN = config(training={"num_train_epochs": 1.4, "per_device_train_batch_size": 1})
DROPOUT = config(
    lora={"lora_dropout": 0.1},
    training={"disable_dropout": False, "loss_type": "ipo", "max_steps": 5},
)


@pytest.mark.parametrize(
    ("trial", "steps"),
    [pytest.param(PLAIN, 9, id="1.4 epochs"), pytest.param(DROPOUT, 5, id="dropout, ipo")],
)
def test_resume_at_every_evaluation_is_bit_identical(trial: DPOConfig, steps: int) -> None:
    assert_resumes(run, trial, steps)


def test_a_reference_goes_on_too() -> None:
    kept = [r.adapter for r in run(PLAIN) if r.adapter][-1]
    start = Checkpoint(kept.weights, b"", {"step": 0, "updates": 0, "scaler": None})
    whole = run(PLAIN, start)
    number, checkpoint = sorted(checkpoints(whole).items())[1]
    resumed = run(PLAIN, checkpoint)
    assert [essence(r) for r in resumed] == [essence(r) for r in whole[number + 1 :]]
