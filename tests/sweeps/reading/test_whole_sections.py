"""Sections that are searched whole: LoRA or all weights, one regularizer or another."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from sweeps.control.proposer import whole_baseline
from sweeps.reading.loading import load_spec
from sweeps.reading.whole_trials import MANY, SearchedValue, _few
from sweeps.spec.errors import Problem, SpecError
from sweeps.spec.sections import SweepSpec

LORA = {"r": 16, "lora_alpha": 32}
QUANTIZATION = {"values": ["nf4", "none"]}
COMPARED = {
    "model.quantization": QUANTIZATION,
    "lora": {"values": [LORA, None], "when": {"model.quantization": "none"}},
}
BASELINES = {
    "QLoRA": {"model.quantization": "nf4"},
    "LoRA": {"model.quantization": "none"},
    "Full": {"model.quantization": "none", "lora": None},
}


def load(tmp_path: Path, parameters: dict[str, Any], trial: Any = None, **search: Any) -> SweepSpec:
    content = {
        "name": "compared",
        "trial": {
            "model": {"name_or_path": "toy:llama"},
            "data": {"source": "toy:drugs"},
            "lora": LORA,
            **(trial or {}),
        },
        "search": {"parameters": parameters, "num_trials": 1, **search},
    }
    file = tmp_path / "spec.yaml"
    file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return load_spec(file).spec


def problem(tmp_path: Path, *given: Any, **search: Any) -> Problem:
    with pytest.raises(SpecError) as caught:
        load(tmp_path, *given, **search)
    assert len(caught.value.problems) == 1, caught.value
    return caught.value.problems[0]


def test_three_methods_are_three_baselines(tmp_path: Path) -> None:
    from search_spaces.space import build_space

    spec = load(tmp_path, COMPARED, baselines=BASELINES, num_trials=3)
    space = build_space(spec.search.parameters)
    found = {n: whole_baseline(spec.trial, space, b) for n, b in spec.search.baselines.items()}
    assert found == {
        "QLoRA": {"model.quantization": "nf4"},
        "LoRA": {"model.quantization": "none", "lora": LORA},  # as the search writes it
        "Full": {"model.quantization": "none", "lora": None},
    }
    assert all(space.contains(values) for values in found.values())
    assert space.size() == 3


def test_the_three_methods_survive_the_run_folder(tmp_path: Path) -> None:
    spec = load(tmp_path, COMPARED, baselines=BASELINES, num_trials=3)
    assert SweepSpec.model_validate(spec.model_dump(mode="json")) == spec


@pytest.mark.parametrize(
    ("values", "field", "message"),
    [
        ([{"r": 0}], "lora.values.0", "r must be 1 or more"),
        ([{"r": "8"}], "lora.values.0", "r must be a number, not text"),
        ([None, {"rank": 8}], "lora.values.1", "rank is not a known key"),
        ([None, 8], "lora.values.1", "must be a mapping"),
    ],
)
def test_illegal_values(tmp_path: Path, values: list[Any], field: str, message: str) -> None:
    found = problem(tmp_path, {"lora": {"values": values}})
    assert found.field == f"search.parameters.{field}"
    assert message in found.message


def test_sections_that_cannot_be_null(tmp_path: Path) -> None:
    found = problem(tmp_path, {"training": {"values": [None]}})
    assert found.field == "search.parameters.training.values.0"


def test_a_section_has_no_range(tmp_path: Path) -> None:
    found = problem(tmp_path, {"lora": {"min": 1, "max": 2}})
    assert "is a section" in found.message
    assert "`values`" in (found.fix or "")


def test_a_section_and_its_field_exclude_each_other(tmp_path: Path) -> None:
    both = {"lora": {"values": [None, {}]}, "lora.r": {"values": [4, 8]}}
    found = problem(tmp_path, both)
    assert found.field == "search.parameters.lora.r"
    assert "lies in lora, which is searched whole" in found.message


def test_a_field_of_a_null_section(tmp_path: Path) -> None:
    found = problem(tmp_path, {"lora.r": {"values": [4, 8]}}, {"lora": None})
    assert "lies in lora, which is null" in found.message
    found = problem(tmp_path, {"training.regularizer.weight": {"min": 1.0, "max": 2.0}})
    assert "lies in training.regularizer, which is null" in found.message


def test_choices_that_never_go_together(tmp_path: Path) -> None:
    parameters = {"model.quantization": QUANTIZATION, "lora": {"values": [LORA, None]}}
    found = problem(tmp_path, parameters)
    assert found.field == "search.parameters.lora.values.1"
    assert "no legal trial with model.quantization nf4" in found.message
    assert "`when`" in (found.fix or "")


def test_a_choice_that_nothing_makes_right(tmp_path: Path) -> None:
    found = problem(tmp_path, {"model.quantization": QUANTIZATION}, {"lora": None})
    assert found.field == "search.parameters.model.quantization.values.0"
    assert "cannot be trained" in found.message


def test_a_choice_that_the_other_parameter_makes_right(tmp_path: Path) -> None:
    """nf4 needs LoRA; only the search gives it."""
    parameters = {"model.quantization": QUANTIZATION, "lora": {"values": [{"r": 4}, {"r": 8}]}}
    spec = load(tmp_path, parameters, {"lora": None})
    assert spec.trial.lora is None


def test_a_baseline_that_cannot_be(tmp_path: Path) -> None:
    baselines = {"wrong": {"model.quantization": "nf4", "lora": None}}
    with pytest.raises(SpecError) as caught:
        load(tmp_path, COMPARED, baselines=baselines)
    text = str(caught.value)
    assert "search.baselines.wrong" in text
    assert "searched only when model.quantization is none" in text


def test_all_weights_of_a_quantized_base(tmp_path: Path) -> None:
    model = {"name_or_path": "toy:llama", "quantization": "int8"}
    found = problem(tmp_path, {}, {"model": model, "lora": None})
    assert (found.field, found.value, found.line) == ("trial.model.quantization", "int8", 5)
    assert "Write `quantization: none`" in (found.fix or "")


def test_regularizers_are_compared(tmp_path: Path) -> None:
    values = [None, {"kind": "l2_start", "weight": 0.1}]
    spec = load(tmp_path, {"training.regularizer": {"values": values}})
    assert spec.trial.training.regularizer is None
    found = problem(tmp_path, {"training.regularizer": {"values": [{"kind": "ewc", "weight": 1}]}})
    assert "add data" in found.message


def test_pairs_of_long_lists_are_looked_at_by_their_ends() -> None:
    numbers = [SearchedValue("training.seed", n, n) for n in (5, 1, *range(100, 2000), 3000)]
    names = [SearchedValue("training.optim", n, name) for n, name in enumerate("abcdefghijkl")]
    few = _few([*numbers, *names])
    assert [c for c in few if c.path == "training.optim"] == names
    values = [c.value for c in few if c.path == "training.seed"]
    assert (values[0], values[-1], len(values)) == (1, 3000, MANY)
