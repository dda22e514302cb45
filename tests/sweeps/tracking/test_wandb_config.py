"""What W&B is told, as plain data."""

from typing import Any

import pytest

from sweeps.tracking.wandb_config import METHODS, run_config, sweep_config, sweep_parameters


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"value": 3}, {"value": 3}),
        ({"values": [[1], [2]], "when": {"a": 1}}, {"values": [[1], [2]]}),
        ({"min": 1, "max": 4}, {"min": 1, "max": 4, "distribution": "int_uniform"}),
        ({"min": 0, "max": 0.5}, {"min": 0, "max": 0.5, "distribution": "uniform"}),
        ({"min": 1.0, "max": 2.0, "q": None}, {"min": 1.0, "max": 2.0, "distribution": "uniform"}),
        (
            {"distribution": "q_uniform", "min": 0, "max": 1, "q": 0.1},
            {"distribution": "q_uniform", "min": 0, "max": 1, "q": 0.1},
        ),
    ],
)
def test_parameters_in_wandbs_syntax(given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert sweep_parameters({"x": given}) == {"x": expected}


def test_a_simplex_is_also_its_components() -> None:
    uniform = {"distribution": "uniform", "min": 0.0, "max": 1.0}
    assert sweep_parameters({"w": {"simplex": ("a", "b")}}) == {
        "w": {"value": ["a", "b"]},
        "w.a": uniform,
        "w.b": uniform,
    }


def test_whole_sections_are_text() -> None:
    values = [{"r": 8}, None]
    found = sweep_parameters({"lora": {"values": values, "when": {"model.quantization": "none"}}})
    assert found == {"lora": {"values": ['{"r": 8}', "null"]}}


def test_the_first_objective_is_the_metric() -> None:
    objective = [{"metric": "rouge1", "mode": "max"}, {"metric": "val_loss", "mode": "min"}]
    made = sweep_config("s", {"search": {"sampler": "grid", "objective": objective}}, {})
    assert made == {
        "name": "s",
        "method": "grid",
        "metric": {"name": "rouge1", "goal": "maximize"},
        "parameters": {},
    }


def test_every_sampler_has_a_method() -> None:
    from typing import get_args

    from sweeps.spec.sections import SearchSpec

    assert set(METHODS) == set(get_args(SearchSpec.model_fields["sampler"].annotation))


def test_a_runs_config_is_flat() -> None:
    config = {"lora.r": 8, "lora.target_modules": ["q_proj"], "w": {"a": 0.5, "b": 0.5}}
    made = run_config(config, {"lora.r": 16, "w": {"a": 0.25, "b": 0.75}})
    assert made == {
        "lora.r": 16,
        "lora.target_modules": ["q_proj"],
        "w": '{"a": 0.25, "b": 0.75}',
        "w.a": 0.25,
        "w.b": 0.75,
    }
