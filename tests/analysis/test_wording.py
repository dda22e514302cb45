"""How numbers are written."""

import pytest

from analysis.wording import (
    cell_text,
    column_names,
    delta_text,
    metric_text,
    mode,
    parameter_text,
    plural,
    short_names,
    stage_names,
    title,
    value_text,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2e-4, "2e-4"),
        (1.86e-5, "1.86e-5"),
        (9.999e-4, "1e-3"),
        (0.001, "0.001"),
        (0, "0"),
        (0.0, "0"),
        (1.0, "1"),
        (16, "16"),
        (True, "true"),
        (None, "–"),
        (["q_proj", "v_proj"], "q_proj + v_proj"),
        ({"rouge": 0.25, "kl": 0.75}, "rouge 0.25, kl 0.75"),
        ("nf4", "nf4"),
    ],
)
def test_parameter_values(value: object, text: str) -> None:
    assert value_text(value) == text


def test_metrics_have_their_decimals() -> None:
    assert metric_text("perplexity", 2.2388) == "2.24"
    assert metric_text("bleu", 0.0662) == "0.0662"
    assert metric_text("minutes", 10) == "10.0"
    assert metric_text("minutes", 0.098) == "0.10"
    assert metric_text("bleu", None) == metric_text("bleu", float("nan")) == "–"
    assert delta_text(-0.0365) == "−0.0365"
    assert delta_text(0.5) == "+0.5000"


def test_columns_of_stages_have_their_numbers() -> None:
    paths = [
        "lora.r",
        "stages.0.training.learning_rate",
        "stages.2.training.learning_rate",
        "stages.2.training.kl_coef",
    ]
    found = ["r", "0.learning_rate", "2.learning_rate", "kl_coef"]
    assert column_names(paths) == found
    named = ["r", "facts.learning_rate", "ppo.learning_rate", "kl_coef"]
    stages = stage_names({"stages": [{"name": "facts"}, {}, {"name": "ppo"}]})
    assert column_names(paths, stages) == named
    assert list(short_names(paths, stages).values()) == named
    assert list(short_names(paths).values())[1] == paths[1]
    twins = ["stages.0.data.seed", "stages.0.training.seed"]
    assert column_names(twins, stages) == list(short_names(twins, stages).values()) == twins
    for paths in (["training.seed", "data.seed"], ["stages.0.data.seed", "stages.0.training.seed"]):
        assert column_names(paths) == paths


def test_short_names_keep_the_path_where_the_last_part_is_ambiguous() -> None:
    paths = ["lora.r", "training.seed", "data.seed", "lora.target_modules"]
    assert list(short_names(paths).values()) == [
        "r",
        "training.seed",
        "data.seed",
        "target_modules",
    ]


def test_directions_and_plurals() -> None:
    assert (mode("val_loss"), mode("bleu"), mode("pubmedqa_accuracy")) == ("min", "max", "max")
    assert (plural(1, "trial"), plural(1200, "trial")) == ("1 trial", "1,200 trials")


def test_a_section_that_is_null_says_what_that_means() -> None:
    assert parameter_text("lora", None) == "all weights"
    assert parameter_text("training.regularizer", None) == "none"
    assert parameter_text("lora", {"r": 8, "lora_alpha": 16}) == "r 8, lora_alpha 16"
    assert parameter_text("lora.r", None) == "–"


def test_a_cell_has_what_tells_sections_apart() -> None:
    lora = {"r": 8, "lora_alpha": 16, "lora_dropout": 0.1, "target_modules": ["q_proj"]}
    assert cell_text("lora", lora) == "r 8, lora_alpha 16"
    assert cell_text("lora", {"r": 8}) == "r 8"
    assert cell_text("lora", None) == "all weights"
    ewc = {"kind": "ewc", "weight": 100, "data": {"source": "x"}}
    assert cell_text("training.regularizer", ewc) == "kind ewc, weight 100"
    assert cell_text("data.weights", {"a": 0.25, "b": 0.75}) == "a 0.25, b 0.75"


def test_rewards_are_named_and_better_when_higher() -> None:
    assert (title("reward_safety"), mode("reward_safety", "min")) == ("Reward: safety", "max")
    assert (title("kl"), mode("kl")) == ("KL", "min")
    assert metric_text("answer_tokens", 31.25) == "31.2"
