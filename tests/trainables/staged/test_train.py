"""Stages one after the other: each equals an SFT trial that starts from the one before."""

import json
from dataclasses import replace

import pytest

from tests.trainables.sft.trials import checkpoints
from tests.trainables.sft.trials import run as run_sft
from tests.trainables.staged.trials import NAMES, prepared, run, staged
from trainables.context import ListContext
from trainables.saved import Checkpoint, TrialFailed
from trainables.staged.train import stage_rungs, train
from trainables.training.untouched import evaluate

OWN = ("val_loss", "train_loss", "perplexity", "bits_per_byte", "rouge1", "bleu")


def test_each_stage_is_an_sft_trial_from_the_adapter_before() -> None:
    trial, data = staged(), prepared()
    whole = run(trial)
    start = None
    for number, stage in enumerate(trial.stage_trials):
        alone = run_sft(stage, start, data=data.stages[number])
        record = whole[-1].facts["stages"][number]
        assert {m: record["metrics"][m] for m in OWN} == {m: alone[-1].metrics[m] for m in OWN}
        assert (record["name"], record["kind"]) == (NAMES[number], "sft")
        assert record["steps"] == alone[-1].step
        best = [r.adapter for r in alone if r.adapter][-1]
        start = Checkpoint(best.weights, b"", {"step": 0, "updates": 0, "scaler": None})
    assert whole[-1].predictions == alone[-1].predictions
    assert [r.adapter for r in whole if r.adapter][-1] == best
    assert {m: whole[-1].metrics[m] for m in OWN} == {m: alone[-1].metrics[m] for m in OWN}


def test_the_stages_rows_are_measured_after_every_stage() -> None:
    trial, data = staged(), prepared()
    first, last = run(trial)[-1].facts["stages"]
    assert first["val_losses"].keys() == last["val_losses"].keys() == set(NAMES[:2])
    for record in (first, last):
        assert record["val_losses"][record["name"]] == record["metrics"]["val_loss"]
    # the loss on the other stage's rows, by an SFT trial whose validation rows they are
    swapped = data.stages[0]._replace(validation=data.stages[1].validation)
    alone = run_sft(trial.stage_trials[0], data=data.stages[0])
    adapter = [r.adapter for r in alone if r.adapter][-1]
    done = checkpoints(alone)[max(checkpoints(alone))]
    again = replace(done, best_adapter=None, adapter=adapter.weights)
    rows = swapped._replace(elsewhere=(("there", data.stages[1].validation),))
    measured = run_sft(trial.stage_trials[0], again, data=rows)[-1]
    assert first["val_losses"]["numbers"] == measured.facts["val_losses"]["there"]


def test_the_base_model_is_measured_on_the_rows_of_all_stages() -> None:
    trial, data = staged(), prepared()
    context = ListContext(data)
    evaluate(trial, context)
    (report,) = context.reports
    assert report.facts["val_losses"].keys() == {"letters"}  # its own are in its metrics
    alone = ListContext(data.stages[0])
    evaluate(trial.stage_trials[0], alone)
    assert report.facts["val_losses"]["letters"] == alone.reports[0].metrics["val_loss"]


def test_steps_and_times_run_through_all_stages() -> None:
    whole = run(staged(3, {"num_train_epochs": 1}))
    assert {r.planned_steps for r in whole} == {3 + 4 + 4}  # of 9, 10, 11 rows in threes
    steps = [r.step for r in whole if r.metrics and not r.final]
    assert steps == sorted(set(steps))
    seconds = [r.seconds for r in whole]
    assert seconds == sorted(seconds)
    final = whole[-1]
    assert (final.step, final.progress, final.final) == (11, 1, True)
    stages = final.facts["stages"]
    assert final.facts["tokens"] == sum(stage["tokens"] for stage in stages)
    assert final.metrics["minutes"] == pytest.approx(sum(s["elapsed"] for s in stages) / 60)
    assert stages[2]["metrics"]["val_loss"] == final.metrics["val_loss"]
    json.dumps(dict(final.facts), allow_nan=False)
    assert sum(r.final for r in whole) == 1


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (1, [{0.125: 0.125, 0.25: 0.25, 0.5: 0.5, 1: 1}]),
        (2, [{0.25: 0.125, 0.5: 0.25, 1: 0.5}, {1: 1}]),
        (3, [{0.375: 0.125, 0.75: 0.25}, {0.5: 0.5}, {1: 1}]),
        (4, [{0.5: 0.125, 1: 0.25}, {1: 0.5}, {}, {1: 1}]),
    ],
)
def test_rungs_are_at_the_same_stage_and_share_of_it(
    count: int, expected: list[dict[float, float]]
) -> None:
    assert [stage_rungs(place, count) for place in range(count)] == expected


def test_a_rung_is_measured_exactly_whatever_the_stages_lengths() -> None:
    trial = staged(2, {"num_train_epochs": 2})
    long = trial.stages[0].model_copy(
        update={"training": trial.stages[0].training.model_copy(update={"num_train_epochs": 4})}
    )
    for whole in (trial, trial.model_copy(update={"stages": (long, trial.stages[1])})):
        found = {r.rung: r for r in run(whole) if r.rung is not None}
        assert list(found) == [0.125, 0.25, 0.5, 1.0]
        assert all("val_loss" in r.metrics for r in found.values())
        first = found[1.0].facts["stages"][0]["planned_steps"]
        assert found[0.5].step == first
        assert [found[rung].facts["stage"] for rung in found] == [*["letters"] * 3, "numbers"]


def test_a_failure_names_its_stage() -> None:
    trial = staged(2, {"learning_rate": 1e30, "max_grad_norm": 0})
    with pytest.raises(TrialFailed, match=r"stage letters: .*learning rate"):
        train(trial, ListContext(prepared()))
