"""How numbers are written."""

import pytest

from analysis.wording import (
    delta_text,
    metric_text,
    mode,
    parameter_text,
    plural,
    short_names,
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
