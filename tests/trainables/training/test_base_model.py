"""The untouched base model's record holds the noise floor of its losses."""

from typing import Any

import pytest

from tests.trainables.sft.trials import config, prepared
from trainables.context import ListContext
from trainables.kinds import TRAIN
from trainables.training.base_model import NOISE, evaluate_base


@pytest.mark.parametrize(("dtype", "told"), [("bfloat16", True), ("float32", False)])
def test_a_sweep_s_base_measurement_tells_it(dtype: str, told: Any) -> None:
    trial = config(model={"name_or_path": "toy:llama", "dtype": dtype})
    context = ListContext(prepared())
    evaluate_base(trial, context)
    (report,) = context.reports
    assert report.final
    assert (NOISE in report.facts) == told
    assert set(report.facts.get(NOISE, ())) <= {"val_loss", "bits_per_byte", "perplexity"}
    assert report.facts["evaluation"]["split"] == "validation"
    assert TRAIN["base_model"].endswith(":evaluate_base")
