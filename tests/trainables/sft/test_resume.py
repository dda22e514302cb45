"""A trial continued from any of its checkpoints is the trial that was never interrupted."""

import warnings
from dataclasses import replace
from typing import Any

import pytest

from tests.trainables.sft.trials import checkpoints, config, essence, run
from trainables.context import Report
from trainables.models import load as loading
from trainables.saved import Checkpoint
from trainables.sft.config import SFTConfig

ROUGH = {"gradient_accumulation_steps": 2, "per_device_train_batch_size": 1, "warmup_steps": 0.3}
WHOLE = config(  # 6 steps an epoch, the last of one row
    lora={"r": 4, "lora_dropout": 0.1, "target_modules": "all-linear"},
    training={**ROUGH, "early_stopping_patience": 5, "weight_decay": 0.1},
)
FRACTION = config(lora={"lora_dropout": 0.1}, training={**ROUGH, "num_train_epochs": 1.4})
MAX_STEPS = config(training={**ROUGH, "max_steps": 8, "max_grad_norm": 0})
IMPATIENT = config(training={**ROUGH, "learning_rate": 0.5, "early_stopping_patience": 2})
DORA = config(
    lora={"use_dora": True, "use_rslora": True, "modules_to_save": ["lm_head"]},
    training={**ROUGH, "num_train_epochs": 1},
)


def cold() -> None:
    """As in a new process: no base model is warm."""
    loading._warm.clear()


def assert_goes_on(trial: SFTConfig, whole: list[Report], number: int) -> None:
    resumed = run(trial, checkpoints(whole)[number])
    expected = [essence(r) for r in whole[number + 1 :]]
    assert [essence(r) for r in resumed] == expected


@pytest.mark.parametrize(
    ("trial", "steps"),
    [
        pytest.param(WHOLE, 12, id="dropout, accumulation, two epochs"),
        pytest.param(FRACTION, 9, id="1.4 epochs"),
        pytest.param(MAX_STEPS, 8, id="max_steps, no clipping"),
        pytest.param(DORA, 6, id="DoRA and a whole module"),
    ],
)
def test_resume_at_every_evaluation_is_bit_identical(trial: SFTConfig, steps: int) -> None:
    cold()
    whole = run(trial)
    assert whole[-1].step == whole[-1].planned_steps == steps
    saved = checkpoints(whole)
    assert len(saved) >= 4
    assert saved[max(saved)].step == steps
    for number in saved:
        assert_goes_on(trial, whole, number)


@pytest.mark.parametrize(
    ("scheduler", "optim"),
    [
        ("linear", "adamw_torch_fused"),
        ("constant_with_warmup", "adamw_torch"),
        ("cosine_with_restarts", "adamw_torch"),
        ("polynomial", "adamw_torch"),
    ],
)
def test_resume_with_every_schedule(scheduler: str, optim: str) -> None:
    trial = config(
        training={**ROUGH, "max_steps": 4, "lr_scheduler_type": scheduler, "optim": optim}
    )
    whole = run(trial)
    assert len({r.metrics["learning_rate"] for r in whole[:-1]}) > 1
    assert_goes_on(trial, whole, sorted(checkpoints(whole))[1])


def test_a_stopped_trial_leaves_the_checkpoint_of_the_whole_one() -> None:
    whole = run(WHOLE)
    number = sorted(checkpoints(whole))[2]
    cold()
    stopped = run(WHOLE, stop_after=number + 1)
    assert [essence(r) for r in stopped] == [essence(r) for r in whole[: number + 1]]
    cold()
    resumed = run(WHOLE, checkpoints(stopped)[number])
    assert [essence(r) for r in resumed] == [essence(r) for r in whole[number + 1 :]]


def test_patience_counts_over_a_resume() -> None:
    whole = run(IMPATIENT)
    assert whole[-1].step < whole[-1].planned_steps
    worse = [r.checkpoint.state["worse_evaluations"] for r in whole if r.checkpoint]
    assert worse[-1] == 2
    assert sorted(worse[-3:]) == worse[-3:] == [0, 1, 2]
    for number in checkpoints(whole):
        assert_goes_on(IMPATIENT, whole, number)


def test_a_trial_killed_while_answering_only_answers_again(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run(FRACTION)
    last = max(checkpoints(whole))
    best = whole[-1].facts["best_step"]
    # a best step before the last: the resumed process has it from the checkpoint alone
    checkpoint = checkpoints(whole)[last]
    monkeypatch.setattr("trainables.sft.train.MedsweepTrainer", _refuse)
    resumed = run(FRACTION, checkpoint)
    assert [r.final for r in resumed] == [True]
    assert essence(resumed[0]) == essence(whole[-1])
    assert resumed[0].facts["best_step"] == best


def _refuse(**_: Any) -> None:
    raise AssertionError("a finished trial must not train")


def test_the_best_adapter_of_an_earlier_process_answers() -> None:
    whole = run(IMPATIENT)
    assert whole[-1].facts["best_step"] < whole[-1].step
    last = checkpoints(whole)[max(checkpoints(whole))]
    assert last.best_adapter != last.adapter
    resumed = run(IMPATIENT, last)[-1]
    assert resumed.predictions == whole[-1].predictions
    wrong = run(IMPATIENT, replace(last, best_adapter=None))[-1]
    assert wrong.predictions != resumed.predictions


def test_time_adds_up_and_the_training_loss_is_of_all_steps() -> None:
    whole = run(FRACTION)
    number = sorted(checkpoints(whole))[1]
    checkpoint: Checkpoint = checkpoints(whole)[number]
    late = replace(checkpoint, state={**checkpoint.state, "seconds": 600.0})
    resumed = run(FRACTION, late)
    seconds = [r.seconds for r in resumed]
    assert seconds == sorted(seconds)
    assert seconds[0] > 600
    assert resumed[-1].metrics["minutes"] > 10
    assert resumed[-1].metrics["train_loss"] == whole[-1].metrics["train_loss"]
    losses = [r.metrics["train_loss"] for r in whole if not r.final]
    assert whole[-1].metrics["train_loss"] == pytest.approx(sum(losses) / len(losses), rel=1e-12)


def test_a_resume_is_quiet(capfd: pytest.CaptureFixture[str]) -> None:
    whole = run(FRACTION)
    checkpoint = checkpoints(whole)[sorted(checkpoints(whole))[1]]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run(FRACTION, checkpoint)
    ours = [str(w.message) for w in caught if "is_gradient_checkpointing" not in str(w.message)]
    assert ours == []
    out, err = capfd.readouterr()
    assert out == ""
    assert "trainer_state.json" not in err
