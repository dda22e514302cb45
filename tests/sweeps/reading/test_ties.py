"""`times` in a spec: with what is searched, and with what is not."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from search_spaces.space import build_space
from sweeps.reading.loading import load_spec
from sweeps.spec.errors import Problem, SpecError
from sweeps.spec.sections import SweepSpec
from tests.conformance.test_kinds import LEAST

RANKS = {"lora.r": {"values": [8, 16]}}


def loaded(tmp_path: Path, parameters: dict[str, Any], **search: Any) -> SweepSpec:
    trial = {"kind": "sft", **deepcopy(LEAST["sft"]), "lora": {"r": 4}}
    content = {"parameters": parameters, "num_trials": 2, **search}
    file = tmp_path / "spec.yaml"
    file.write_text(json.dumps({"name": "x", "trial": trial, "search": content}))
    return load_spec(file).spec


def refused(tmp_path: Path, parameters: dict[str, Any], **search: Any) -> Problem:
    with pytest.raises(SpecError) as told:
        loaded(tmp_path, parameters, **search)
    (problem,) = told.value.problems
    return problem


def test_a_multiple_of_what_is_searched(tmp_path: Path) -> None:
    alpha = {"lora.lora_alpha": {"times": "lora.r", "values": [1, 2, 4]}}
    spec = loaded(tmp_path, {**RANKS, **alpha}, num_trials=6)
    space = build_space(spec.search.parameters)
    assert space.size() == 6
    assert SweepSpec.model_validate(spec.model_dump(mode="json")) == spec
    (row,) = [row for row in space.rows() if row.path == "lora.lora_alpha"]
    assert row.distribution == "lora.r times one of 1, 2, 4"


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ({"values": [1, 2]}, {"values": (4, 8)}),
        ({"value": 2}, {"value": 8}),
        ({"min": 1, "max": 4}, {"min": 4, "max": 16}),
    ],
)
def test_a_multiple_of_what_is_not_searched_is_its_products(
    tmp_path: Path, given: dict[str, Any], made: dict[str, Any]
) -> None:
    alpha = {"lora.lora_alpha": {"times": "lora.r", **given}}
    parameter = loaded(tmp_path, {**alpha, "training.seed": {"values": [1, 2]}}).search.parameters
    assert parameter["lora.lora_alpha"].given() == made


def test_baselines_name_products(tmp_path: Path) -> None:
    parameters = {**RANKS, "lora.lora_alpha": {"times": "lora.r", "values": [1, 2]}}
    now = {"now": {"lora.r": 16, "lora.lora_alpha": 32}}
    assert loaded(tmp_path, parameters, baselines=now).search.baselines == now
    off = {"now": {"lora.r": 16, "lora.lora_alpha": 40}}
    assert "lora.lora_alpha" in refused(tmp_path, parameters, baselines=off).field


@pytest.mark.parametrize(
    ("parameters", "field", "what"),
    [
        ({**RANKS, "lora.lora_alpha": {"times": "lora.rr", "values": [1, 2]}},
         "lora.lora_alpha.times", "no parameter of the search"),
        ({**RANKS, "lora.lora_alpha": {"times": "lora.r", "values": [0, 1]}},
         "lora.lora_alpha", "a multiple of lora.r is illegal"),
        ({**RANKS, "lora.lora_alpha": {"times": "lora.r", "values": ["a"]}},
         "lora.lora_alpha", "only numbers"),
        ({**RANKS, "training.max_steps": {"times": "lora.r", "values": [0.3]}},
         "training.max_steps", "a multiple of lora.r is illegal"),
        ({"lora.r": {"times": "lora.lora_alpha", "value": 1},
          "lora.lora_alpha": {"times": "lora.r", "value": 1}},
         "lora.r.times", "ties form a circle"),
    ],
)  # fmt: skip
def test_what_is_refused(tmp_path: Path, parameters: dict[str, Any], field: str, what: str) -> None:
    problem = refused(tmp_path, parameters)
    assert problem.field.startswith(f"search.parameters.{field}")
    assert what in problem.message
    assert problem.fix
