"""The run as an Optuna study, in memory and as study.db."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from analysis.report.figures import importance
from analysis.runs import Run, load_run
from analysis.study import flatten, rebuild_study, write_study_db
from tests.analysis import fixtures


def test_states_and_values(run_folder: Path) -> None:
    trials = rebuild_study(load_run(run_folder)).trials
    assert [t.state for t in trials] == (
        [TrialState.COMPLETE] * 4
        + [TrialState.PRUNED, TrialState.FAIL, TrialState.FAIL, TrialState.RUNNING]
    )
    assert trials[1].value == 0.6622
    assert trials[1].user_attrs["label"] == "EXP-02"
    assert rebuild_study(load_run(run_folder)).best_trial.number == 3


def test_choices_are_json_and_numbers_are_numbers(run_folder: Path) -> None:
    trial = rebuild_study(load_run(run_folder)).trials[6]
    assert trial.params["lora.r"] == "32"
    assert json.loads(trial.params["lora.target_modules"])[1] == "k_proj"
    assert trial.params["training.learning_rate"] == 9.1e-4
    rate = trial.distributions["training.learning_rate"]
    assert isinstance(rate, optuna.distributions.FloatDistribution)
    assert (rate.low, rate.high, rate.log) == (1e-5, 1e-3, True)


def test_stopped_trials_keep_their_values_by_progress(run_folder: Path) -> None:
    pruned = rebuild_study(load_run(run_folder)).trials[4]
    assert list(pruned.intermediate_values) == [125, 250]  # thousandths of the planned steps
    assert pruned.intermediate_values[250] == pytest.approx(1.02)
    start = pruned.datetime_start
    assert start is not None
    assert start.astimezone(UTC) == datetime(2026, 1, 5, 10, tzinfo=UTC)


def test_values_outside_a_narrowed_space_widen_it(tmp_path: Path) -> None:
    parameters = {"lora.r": {"values": [16]}, "training.learning_rate": {"min": 1e-4, "max": 2e-4}}
    run = load_run(fixtures.write_run(tmp_path / "run", parameters=parameters))
    trial = rebuild_study(run).trials[0]
    assert trial.params["lora.r"] == "8"
    assert trial.distributions["training.learning_rate"].low == 1.3e-5


def test_several_objectives(tmp_path: Path) -> None:
    objective = [{"metric": "val_loss", "mode": "min"}, {"metric": "bleu", "mode": "max"}]
    study = rebuild_study(load_run(fixtures.write_run(tmp_path / "run", objective=objective)))
    assert [d.name for d in study.directions] == ["MINIMIZE", "MAXIMIZE"]
    assert study.trials[1].values == [0.6622, 0.0662]
    assert study.trials[4].intermediate_values == {}
    assert [t.number for t in study.best_trials] == [1, 3]


def test_a_simplex_is_a_number_a_component() -> None:
    assert flatten({"w": {"a": 0.25, "b": 0.75}, "x": {"kind": "y"}}) == {
        "w.a": 0.25,
        "w.b": 0.75,
        "x": {"kind": "y"},
    }


def test_a_whole_section_is_one_choice() -> None:
    whole = {"lora": {"r": 8, "lora_alpha": 16}, "training.regularizer": None}
    assert flatten(whole) == whole
    assert flatten({"lora": {"r": 1}}) == {"lora": {"r": 1}}


def test_study_db_can_be_opened_and_written_again(run_folder: Path) -> None:
    for _ in range(2):
        path = write_study_db(load_run(run_folder))
    study = optuna.load_study(study_name="flashcards", storage=f"sqlite:///{path}")
    assert len(study.trials) == 8
    assert study.best_value == 0.6565
    assert study.metric_names == ["val_loss"]
    assert not [p for p in run_folder.iterdir() if p.name.startswith(".")]


def test_a_trial_that_breaks_a_constraint_is_infeasible_to_optuna(tmp_path: Path) -> None:
    selection = {"constraints": ["val_loss <= 0.67", "rouge1 >= 0.27"]}
    path = write_study_db(load_run(fixtures.write_run(tmp_path / "run", selection=selection)))
    study = optuna.load_study(study_name="flashcards", storage=f"sqlite:///{path}")
    assert study.trials[0].constraints["val_loss <= 0.67"] == pytest.approx(0.0085 / 0.67)
    keep = [t.number for t in study.trials if t.constraints and max(t.constraints.values()) <= 0]
    assert keep == [1]  # EXP-04 has a lower loss, and too low a ROUGE-1
    assert study.best_trial.number == 1
    assert study.trials[4].constraints == {}  # stopped: it was not measured as complete ones are


def test_several_models_are_told_by_what_the_sampler_optimised(tmp_path: Path) -> None:
    parameters = {"model.name_or_path": {"values": ["a", "b"]}}
    study = rebuild_study(load_run(fixtures.write_run(tmp_path / "run", parameters=parameters)))
    assert study.metric_names == ["bits_per_byte"]
    assert study.trials[0].value == pytest.approx(0.6785 * 0.381)


def tied(folder: Path) -> Run:
    """Trials whose alpha is 1 or 2 times their rank."""
    parameters = {
        "lora.r": {"values": [8, 16, 32]},
        "lora.lora_alpha": {"times": "lora.r", "values": [1, 2]},
    }
    run = load_run(fixtures.write_run(folder, parameters=parameters))
    for place, trial in enumerate(run.trials):
        rank = (8, 16, 32)[place % 3]
        factor = 1 + place % 2
        trial.parameters.clear()
        trial.parameters.update({"lora.r": rank, "lora.lora_alpha": rank * factor})
    return run


def test_a_multiple_stands_beside_its_factor(tmp_path: Path) -> None:
    study = rebuild_study(tied(tmp_path / "run"))
    first, second = study.trials[:2]
    assert first.params == {
        "lora.r": "8",
        "lora.lora_alpha": 8,
        "lora.lora_alpha per r": "1",
    }
    assert second.params["lora.lora_alpha per r"] == "2"
    factors = second.distributions["lora.lora_alpha per r"]
    assert isinstance(factors, optuna.distributions.CategoricalDistribution)
    assert factors.choices == ("1", "2")


def test_the_factor_has_a_bar_of_importance(tmp_path: Path) -> None:
    run = tied(tmp_path / "run")
    settings = [(r, f, d) for d in (0.0, 0.1) for r in (8, 16, 32) for f in (1, 2)]
    trials = [
        replace(
            run.trials[0],
            number=n,
            parameters={"lora.r": r, "lora.lora_alpha": r * f, "lora.lora_dropout": d},
            metrics={"val_loss": 1 / r + f / 10 + d},
        )
        for n, (r, f, d) in enumerate(settings, 1)
    ]
    figure = importance(replace(run, trials=tuple(trials)))
    assert figure.data is not None, figure.caption
    (bars,) = figure.data["data"]
    assert set(bars["y"]) == {"r", "lora_alpha per r", "lora_dropout"}  # not the product again
