"""A staged trial continued from any of its checkpoints is the trial that was never interrupted."""

from dataclasses import replace

import pytest

from tests.trainables.sft.trials import checkpoints
from tests.trainables.staged.trials import prepared, run, staged, timeless
from trainables.context import Report
from trainables.models import load as loading
from trainables.staged.config import StagedConfig

DROPOUT = staged(3, {"num_train_epochs": 1}, lora={"lora_dropout": 0.1})
IMPATIENT = staged(2, {"learning_rate": 0.5, "early_stopping_patience": 1, "num_train_epochs": 3})


def assert_goes_on(trial: StagedConfig, whole: list[Report], number: int) -> None:
    resumed = run(trial, checkpoints(whole)[number])
    assert [timeless(r) for r in resumed] == [timeless(r) for r in whole[number + 1 :]]


@pytest.mark.parametrize("trial", [DROPOUT, IMPATIENT], ids=["three stages", "patience"])
def test_resume_in_every_stage_is_bit_identical(trial: StagedConfig) -> None:
    loading._warm.clear()  # as in a new process
    whole = run(trial)
    saved = checkpoints(whole)
    named = {checkpoint.state["stage"] for checkpoint in saved.values()}
    assert named == {stage.name for stage in trial.stages}
    for number in saved:
        assert_goes_on(trial, whole, number)


def test_a_stage_cut_short_by_patience_leaves_the_others_their_steps() -> None:
    whole = run(IMPATIENT)
    first, last = whole[-1].facts["stages"]
    assert first["steps"] < first["planned_steps"]
    assert whole[-1].step == first["planned_steps"] + last["steps"]
    assert whole[-1].facts["steps"] == first["steps"] + last["steps"]


def test_killed_while_the_next_stages_first_adapter_takes_its_place() -> None:
    """The ledger then has the hand-over's checkpoint, and the later stage's adapter as the best."""
    trial = staged()
    whole = run(trial)
    saved = checkpoints(whole)
    number = next(n for n, c in saved.items() if c.state["stage_step"] == 0)
    later = saved[max(saved)].best_adapter
    assert later != saved[number].best_adapter
    resumed = run(trial, replace(saved[number], best_adapter=later))
    assert [timeless(r) for r in resumed] == [timeless(r) for r in whole[number + 1 :]]


def test_a_stopped_trial_goes_on_where_it_was() -> None:
    trial = staged()
    whole = run(trial)
    number = max(n for n, c in checkpoints(whole).items() if c.state["stage"] == "numbers")
    stopped = run(trial, stop_after=number + 1, data=prepared())
    assert [timeless(r) for r in stopped] == [timeless(r) for r in whole[: number + 1]]
