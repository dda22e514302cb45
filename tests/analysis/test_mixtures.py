"""What trials were trained on, in words."""

import json
from pathlib import Path
from typing import Any

import pytest

from analysis.mixtures import data_name, data_names, trained_on
from analysis.runs import load_run
from tests.analysis import fixtures

TWO = [{"source": "x/a", "weight": 1}, {"source": "b.csv", "weight": 4}]


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        ({"source": "a/b"}, "a/b", "a/b"),
        ({"source": "a/b", "unknown": 1}, "a/b", "a/b"),
        ({"unknown": 1}, "–", "–"),
        ({"mixture": TWO}, "mixture of a, b", "a 20%, b 80%"),
        ({"mixture": TWO, "weights": {"a": 3, "b": 0}}, "mixture of a, b", "a 100%"),
        ({"mixture": [{"source": "x/a"}, {"source": "b.csv"}]}, "mixture of a, b", "all rows"),
    ],
)
def test_the_data_of_a_trial(tmp_path: Path, data: dict[str, Any], name: str, words: str) -> None:
    fixtures.write_head(tmp_path, fixtures.spec())
    path = fixtures.write_trial(tmp_path, 1, {}, {"val_loss": 1.0}) / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["config"]["data"] = data
    fixtures.write_json(path, config)
    fixtures.write_trial(tmp_path, 2, {}, {"val_loss": 1.0})
    run = load_run(tmp_path)
    assert trained_on(run.find("EXP-001")) == words
    assert data_name(run.find("EXP-001").config) == name
    assert data_names(run) == f"{name}, medalpaca/medical_meadow_medical_flashcards"


def test_a_run_without_trials_names_what_its_spec_says(tmp_path: Path) -> None:
    fixtures.write_head(tmp_path, fixtures.spec())
    assert data_names(load_run(tmp_path)) == "medalpaca/medical_meadow_medical_flashcards"


def test_the_data_of_stages_in_their_order() -> None:
    stages = [
        {"name": "one", "data": {"source": "org/a"}},
        {"name": "two", "data": {"mixture": TWO}},
    ]
    assert data_name({"stages": stages}) == "org/a → mixture of a, b"
