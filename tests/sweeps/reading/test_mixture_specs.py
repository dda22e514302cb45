"""Mixtures, formats and folds in a spec: what is legal, and what is told of what is not."""

import json
from pathlib import Path
from typing import Any

import pytest

from sweeps.reading.loading import load_spec
from sweeps.spec.errors import Problem, SpecError

OWN = [{"source": "toy:drugs"}, {"source": "hpo:lay"}]


def written(tmp_path: Path, data: dict[str, Any], parameters: dict[str, Any]) -> Path:
    spec = {
        "name": "mixed",
        "trial": {"model": {"name_or_path": "toy:llama"}, "data": data},
        "search": {"parameters": parameters, "num_trials": 2},
    }
    file = tmp_path / "spec.yaml"
    file.write_text(json.dumps(spec), encoding="utf-8")
    return file


def problem(tmp_path: Path, data: dict[str, Any], parameters: dict[str, Any]) -> Problem:
    with pytest.raises(SpecError) as caught:
        load_spec(written(tmp_path, data, parameters))
    (only,) = caught.value.problems
    return only


def test_weights_are_searched_as_a_simplex(tmp_path: Path) -> None:
    file = written(tmp_path, {"mixture": OWN}, {"data.weights": {"simplex": ["drugs", "lay"]}})
    spec = load_spec(file).spec
    assert [c.label for c in spec.trial.data.mixture or ()] == ["drugs", "lay"]


def test_folds_are_searched(tmp_path: Path) -> None:
    data = {"source": "toy:drugs", "folds": 3}
    assert load_spec(written(tmp_path, data, {"data.fold": {"values": [1, 2, 3]}})).spec
    found = problem(tmp_path, data, {"data.fold": {"values": [1, 4]}})
    assert "fold 4 of 3 folds does not exist" in found.message


def test_weights_of_other_components_are_told_before_anything_runs(tmp_path: Path) -> None:
    searched = {"data.weights": {"simplex": ["drugs", "notes"]}}
    found = problem(tmp_path, {"mixture": OWN}, searched)
    assert "weights must name the components ['drugs', 'lay']" in found.message
    assert found.field == "search.parameters.data.weights.simplex"


def test_a_missing_file_in_a_component(tmp_path: Path) -> None:
    gone = str(tmp_path / "gone.jsonl")
    found = problem(tmp_path, {"mixture": [*OWN, {"source": gone}]}, {"lora.r": {"values": [4, 8]}})
    assert (found.field, found.value) == ("trial.data.mixture.2.source", gone)


def test_an_unknown_key_of_a_component(tmp_path: Path) -> None:
    data = {"mixture": [OWN[0] | {"wieght": 1}, OWN[1]]}
    found = problem(tmp_path, data, {"lora.r": {"values": [4, 8]}})
    assert found.field == "trial.data.mixture.0.wieght"
    assert "weight" in str(found.fix)


def test_a_misspelt_format_and_no_source(tmp_path: Path) -> None:
    searched = {"lora.r": {"values": [4, 8]}}
    found = problem(tmp_path, {"source": "org/x", "format": "pubmed"}, searched)
    assert found.field == "trial.data.format"
    found = problem(tmp_path, {}, searched)
    assert "needs a source or a mixture" in found.message
