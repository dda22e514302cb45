"""A range from 0 to 1 on a field of fractions."""

from typing import Any

import pytest

from search_spaces.distributions import IntUniform, Uniform
from sweeps.reading.fractions import whole_number_findings, with_fractions
from sweeps.spec.sections import SweepSpec
from tests.sweeps.fakes import TRIAL

UNIT = {"min": 0, "max": 1}


def read(path: str, given: dict[str, Any], trial: dict[str, Any] = TRIAL) -> Any:
    data = {"name": "x", "trial": trial, "search": {"parameters": {path: given}}}
    spec = SweepSpec.model_validate(with_fractions(data))
    return spec.search.parameters[path].to_distribution()


@pytest.mark.parametrize(
    "path", ["training.weight_decay", "training.warmup_steps", "lora.lora_dropout"]
)
def test_it_is_continuous(path: str) -> None:
    assert read(path, UNIT) == Uniform(0.0, 1.0)


def test_a_stage_s_too() -> None:
    staged = {"kind": "staged", "stages": [{**TRIAL, "name": "first"}, {**TRIAL, "name": "last"}]}
    data = {"trial": staged, "search": {"parameters": {"stages.1.training.weight_decay": UNIT}}}
    found = with_fractions(data)["search"]["parameters"]
    assert found == {"stages.1.training.weight_decay": {**UNIT, "distribution": "uniform"}}


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("data.seed", UNIT),
        ("training.warmup_steps", {"min": 0, "max": 100}),
        ("training.weight_decay", {**UNIT, "distribution": "int_uniform"}),
    ],
)
def test_whole_numbers_stay_whole(path: str, given: dict[str, Any]) -> None:
    assert isinstance(read(path, given), IntUniform)


@pytest.mark.parametrize(
    "parameters",
    [
        {"nowhere.at_all": UNIT},
        {"stages.7.training.weight_decay": UNIT},
        {3: UNIT},
        {"training": UNIT},
        {"training.weight_decay": [0, 1]},
        {"training.weight_decay": {"min": False, "max": True}},
        {"training.weight_decay": {"min": 0.0, "max": 1}},
        "none",
        None,
    ],
)
def test_what_is_wrong_or_otherwise_meant_is_left_to_the_checks(parameters: Any) -> None:
    data = {"trial": TRIAL, "search": {"parameters": parameters}}
    assert with_fractions(data) is data
    assert with_fractions({}) == {}


@pytest.mark.parametrize(
    ("path", "given", "numbers"),
    [
        ("training.learning_rate", {"min": 1, "max": 2, "distribution": "int_uniform"}, "1, 2"),
        ("training.weight_decay", {"min": 0, "max": 2}, "0, 1, 2"),
        ("training.max_grad_norm", {"min": 1, "max": 5}, "1, 2, 3, 4, 5"),
    ],
)
def test_a_few_whole_numbers_of_a_field_of_fractions_are_warned_of(
    path: str, given: dict[str, Any], numbers: str
) -> None:
    data = {"trial": TRIAL, "search": {"parameters": {path: given}}}
    (found,) = whole_number_findings(data)
    assert found.path == ("search", "parameters", path)
    assert found.message.endswith(f": {numbers}")


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("training.weight_decay", {"min": 0, "max": 2, "distribution": "uniform"}),
        ("training.weight_decay", {"min": 0.0, "max": 2.0}),
        ("lora.lora_alpha", {"min": 1, "max": 4}),
        ("training.num_train_epochs", {"min": 1, "max": 3}),
        ("lora.r", {"min": 1, "max": 4}),
        ("data.seed", {"min": 1, "max": 4}),
        ("training.kl_coef", 3),
        (3, {"min": 1, "max": 4}),
    ],
)
def test_what_is_counted_or_named_is_not(path: Any, given: Any) -> None:
    data = {"trial": TRIAL, "search": {"parameters": {path: given}}}
    assert list(whole_number_findings(data)) == []
    assert list(whole_number_findings({"search": {"parameters": "none"}})) == []
