"""Chosen values at the ends of what was searched, with the range to try next."""

from pathlib import Path
from typing import Any

import pytest

from analysis.best import write_best
from analysis.decision import decided
from analysis.edges import edges, edges_told
from analysis.runs import Run, TrialView
from sweeps.spec.sections import SearchSpec
from tests.analysis import fixtures
from trainables.kinds import trial_config

LOG = {"distribution": "log_uniform_values", "min": 1e-5, "max": 1e-2}
TRIAL = trial_config(
    {"model": {"name_or_path": "toy:llama"}, "data": {"source": "a.jsonl"}}
).model_dump(mode="json")


def found(parameters: dict[str, Any], **values: Any) -> str:
    """What is said of these values of parameters; `lora__r` is lora.r."""
    chosen = {path.replace("__", "."): value for path, value in values.items()}
    search = SearchSpec.model_validate({"parameters": parameters})
    run = Run("run", Path("run"), search, trial=TRIAL)
    return edges_told(edges(run, TrialView("EXP-001", 1, parameters=chosen)))


@pytest.mark.parametrize(
    ("path", "searched", "value", "said"),
    [
        (
            "training.learning_rate",
            LOG,
            0.0093,
            "at the highest end of 1e-5 to 0.01: try 0.01 to 0.1",
        ),
        ("training.learning_rate", LOG, 1.2e-5, "at the lowest end of 1e-5 to 0.01: try 1e-6 to"),
        ("training.learning_rate", LOG, 0.003, ""),
        ("training.learning_rate", {**LOG, "min": 0.005}, 0.01, "try 0.01 to 0.02"),  # as far again
        (
            "lora.r",
            {"values": [4, 8, 16]},
            16,
            "r is 16, at the highest end of 4 to 16: try 16 to 32",
        ),
        ("lora.r", {"values": [4, 8, 16]}, 4, "at the lowest end of 4 to 16: try 2 to 4"),
        ("lora.r", {"values": [16, 8, 4]}, 8, ""),
        ("lora.r", {"values": [10, 20, 30]}, 30, "try 30 to 40"),
        ("lora.r", {"values": [1, 2, 3]}, 1, ""),  # no rank is below 1
        ("lora.r", {"min": 4, "max": 8}, 8, "try 8 to 12"),
        ("lora.r", {"min": 4, "max": 8}, 7, ""),
        ("lora.r", {"values": [8]}, 8, ""),
        ("lora.lora_dropout", {"min": 0.0, "max": 0.3}, 0.0, ""),  # none is below 0
        ("lora.lora_dropout", {"min": 0.0, "max": 0.3}, 0.29, "try 0.3 to 0.6"),
        ("lora.lora_dropout", {"min": 0.0, "max": 0.8}, 0.8, ""),  # 1.6, 1.2 and 1 are no rates
        ("lora.use_rslora", {"values": [True, False]}, True, ""),
        ("training.lr_scheduler_type", {"values": ["linear", "cosine"]}, "cosine", ""),
        ("training.seed", {"values": [1, 2, 3]}, 3, ""),  # a repeat is no choice
    ],
)
def test_ends(path: str, searched: dict[str, Any], value: Any, said: str) -> None:
    told = found({path: searched}, **{path.replace(".", "__"): value})
    assert said in told
    assert bool(told) == bool(said)


def test_all_are_one_sentence() -> None:
    both = found(
        {"lora.r": {"values": [4, 8, 16]}, "training.learning_rate": LOG},
        lora__r=16,
        training__learning_rate=0.0093,
    )
    assert both == (
        "At the end of what was searched: lora.r is 16, at the highest end of 4 to 16: try 16 to "
        "32; training.learning_rate is 0.0093, at the highest end of 1e-5 to 0.01: try 0.01 to "
        "0.1. The best value may lie beyond."
    )


def test_a_trial_of_another_version_has_no_advice() -> None:
    search = SearchSpec.model_validate({"parameters": {"lora.r": {"values": [4, 8]}}})
    unknown = Run("run", Path("run"), search, trial={"kind": "of another version"})
    assert edges(unknown, TrialView("EXP-001", 1, parameters={"lora.r": 8})) == []
    search = SearchSpec.model_validate({"parameters": {"lora.gone": {"values": [4, 8]}}})
    field = Run("run", Path("run"), search, trial=TRIAL)
    assert edges(field, TrialView("EXP-001", 1, parameters={"lora.gone": 8})) == []


def test_best_json_and_the_summary_have_them(run_folder: Path) -> None:
    best = write_best(decided(run_folder))
    assert best is not None
    (edge,) = best["edges"]
    assert edge == {
        "path": "training.num_train_epochs",
        "value": 3,
        "end": "highest",
        "searched": [1, 3],
        "next": [3, 4],
    }
    assert "training.num_train_epochs is 3, at the highest end of 1 to 3" in best["explanation"]


def test_where_all_tie_no_value_is_the_best(tmp_path: Path) -> None:
    fixtures.write_head(tmp_path, fixtures.spec())
    for number in (1, 2):
        fixtures.write_trial(tmp_path, number, {"lora.r": 8 * number}, {"val_loss": 0.3})
    best = write_best(decided(tmp_path))
    assert best is not None
    assert best["edges"] == []
