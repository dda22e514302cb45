"""How far rounding alone moves a loss."""

import math

import pytest
import torch

from tests.trainables.sft.trials import prepared
from trainables.data.token_rows import TokenRows
from trainables.evaluation import noise_floor as noise_floors
from trainables.evaluation.answer_loss import answer_loss
from trainables.evaluation.config import EvaluationConfig
from trainables.evaluation.noise_floor import moved_at_random, noise_floor, rounded_otherwise
from trainables.models.config import ModelConfig
from trainables.models.load import load_base

SETTINGS = EvaluationConfig()


def toy_rows() -> TokenRows:
    """A few validation rows."""
    return prepared().validation


@pytest.mark.parametrize(("dtype", "step"), [(torch.bfloat16, 2.0**-7), (torch.float16, 2.0**-10)])
def test_one_in_twelve_values_is_a_step_off(dtype: torch.dtype, step: float) -> None:
    """Of 1.5 the neighbours are a unit in the last place of 1 away, on both sides."""
    x = torch.full((24_000,), -1.5, dtype=dtype)
    moved = moved_at_random(x, torch.Generator().manual_seed(0)).double() + 1.5
    assert set(moved.tolist()) == {-step, 0.0, step}
    assert (moved != 0).double().mean().item() == pytest.approx(1 / 12, rel=0.1)
    # the variance of rounding to a grid: step squared / 12
    assert moved.square().mean().sqrt().item() == pytest.approx(step / math.sqrt(12), rel=0.05)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_zeros_and_infinities_stay_and_nothing_becomes_one(dtype: torch.dtype) -> None:
    largest = torch.finfo(dtype).max
    x = torch.tensor([0.0, -0.0, largest, -largest, math.inf, -math.inf] * 500, dtype=dtype)
    assert torch.equal(moved_at_random(x, torch.Generator().manual_seed(0)), x)
    nan = torch.full((100,), math.nan, dtype=dtype)
    assert moved_at_random(nan, torch.Generator().manual_seed(0)).isnan().all()


@pytest.mark.parametrize("quantization", ["none", "nf4"])
def test_a_floor_in_bfloat16_is_of_the_size_of_another_path(quantization: str) -> None:
    model = ModelConfig(name_or_path="toy:llama", dtype="bfloat16", quantization=quantization)
    base, rows = load_base(model, "cpu"), toy_rows()
    plain = answer_loss(base.model, rows, 4096).metrics()["val_loss"]
    found = noise_floor(base.model, rows, SETTINGS)
    assert 0 < found["val_loss"] < 0.01 * plain
    assert found["perplexity"] == pytest.approx(found["val_loss"] * math.exp(plain), rel=0.05)
    assert answer_loss(base.model, rows, 4096).metrics()["val_loss"] == plain  # as it was
    assert noise_floor(base.model, rows, SETTINGS) == found  # a function of the model and rows


def test_a_floor_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each row errs by itself: their variances add up, over more rows than were measured too. Two
    trials on two paths make four errors."""
    rows = toy_rows()
    draws = iter([[10.0 + 0.01 * draw * row for row in range(len(rows))] for draw in range(5)])
    monkeypatch.setattr(noise_floors, "row_losses", lambda *_: next(draws))
    base = load_base(ModelConfig(name_or_path="toy:llama", dtype="bfloat16"), "cpu")
    floor = noise_floor(base.model, rows, SETTINGS)["val_loss"]
    # 0, 1, 2, 3 and 4 hundredths of a row's number: a variance of 2.5e-4 times its square
    nats = math.sqrt(2.5e-4 * sum(row**2 for row in range(len(rows))))
    assert floor == pytest.approx(1.96 * 2 * nats / sum(rows.answer_counts()))


def test_the_floor_of_more_rows_is_less(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the first rows' by the root of the tokens."""
    base, rows = (
        load_base(ModelConfig(name_or_path="toy:llama", dtype="bfloat16"), "cpu"),
        toy_rows(),
    )
    few = noise_floor(base.model, rows.head(2), SETTINGS)["val_loss"]
    monkeypatch.setattr(noise_floors, "ROWS", 2)
    tokens = rows.answer_counts()
    share = sum(tokens[:2]) / sum(tokens)
    found = noise_floor(base.model, rows, SETTINGS)["val_loss"]
    assert found == pytest.approx(few * math.sqrt(share))


def test_a_loss_that_is_not_finite_has_no_floor(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = [math.nan, *[1.0] * (len(toy_rows()) - 1)]
    monkeypatch.setattr(noise_floors, "row_losses", lambda *_: nothing)
    base = load_base(ModelConfig(name_or_path="toy:llama", dtype="bfloat16"), "cpu")
    assert noise_floor(base.model, toy_rows(), SETTINGS) == {}


def test_none_in_float32() -> None:
    base = load_base(ModelConfig(name_or_path="toy:llama", dtype="float32"), "cpu")
    assert noise_floor(base.model, toy_rows(), SETTINGS) == {}


def test_each_seed_is_another_rounding() -> None:
    base = load_base(ModelConfig(name_or_path="toy:llama", dtype="bfloat16"), "cpu")
    losses = []
    for seed in (0, 0, 1):
        with rounded_otherwise(base.model, seed):
            losses.append(answer_loss(base.model, toy_rows(), 4096).nats)
    assert losses[0] == losses[1] != losses[2]
