"""The penalties' values and gradients: by hand, by finite differences, by autograd."""

from collections.abc import Callable
from functools import partial

import pytest
import torch

from trainables.regularizers import ewc, l2_start
from trainables.regularizers.l2_start import Slope

A = torch.tensor([[1.0, 2.0]], dtype=torch.float64)
B = torch.tensor([[3.0], [4.0]], dtype=torch.float64)
F = torch.tensor([[1.0, 0.0], [0.0, 2.0]], dtype=torch.float64)


def test_l2_of_a_product_by_hand() -> None:
    # s B A = ½ [[3, 6], [4, 8]]; ½ · ¼ · (9 + 36 + 16 + 64)
    value, (by_a, by_b) = l2_start.of_product(A, B, 0.5)
    assert value.item() == 15.625
    assert by_a.tolist() == [[6.25, 12.5]]
    assert by_b.tolist() == [[3.75], [5.0]]


def test_ewc_of_a_product_by_hand() -> None:
    # only 3 (F = 1) and 8 (F = 2) count: ½ · ¼ · (9 + 2 · 64)
    value, (by_a, by_b) = ewc.of_product(A, B, 0.5, F)
    assert value.item() == 17.125
    # pull = F ⊙ s B A = [[1.5, 0], [0, 8]]; s Bᵀ pull, s pull Aᵀ
    assert by_a.tolist() == [[2.25, 16.0]]
    assert by_b.tolist() == [[0.75], [8.0]]


def test_of_weights_by_hand() -> None:
    weights, start = torch.tensor([1.0, 2.0]), torch.tensor([0.0, 4.0])
    value, (slope,) = l2_start.of_weights(weights, start)
    assert (value.item(), slope.tolist()) == (2.5, [1.0, -2.0])
    value, (slope,) = ewc.of_weights(weights, start, torch.tensor([4.0, 0.5]))
    assert (value.item(), slope.tolist()) == (3.0, [4.0, -1.0])


def test_without_differences_in_importance_ewc_is_l2() -> None:
    a, b = torch.randn(3, 5, dtype=torch.float64), torch.randn(4, 3, dtype=torch.float64)
    plain = l2_start.of_product(a, b, 0.7)
    weighed = ewc.of_product(a, b, 0.7, torch.ones(4, 5, dtype=torch.float64))
    assert torch.allclose(plain[0], weighed[0], rtol=1e-12)
    for one, other in zip(plain[1], weighed[1], strict=True):
        assert torch.allclose(one, other, rtol=1e-12)


def random(*shape: int) -> torch.Tensor:
    return torch.randn(shape, dtype=torch.float64)


CASES: dict[str, tuple[Callable[..., Slope], tuple[torch.Tensor, ...]]] = {
    "l2 of a product": (partial(l2_start.of_product, scale=1.7), (random(3, 5), random(4, 3))),
    "ewc of a product": (
        partial(ewc.of_product, scale=1.7, fisher=random(4, 5).square()),
        (random(3, 5), random(4, 3)),
    ),
    "l2 of weights": (partial(l2_start.of_weights, start=random(4, 5)), (random(4, 5),)),
    "ewc of weights": (
        partial(ewc.of_weights, start=random(4, 5), fisher=random(4, 5).square()),
        (random(4, 5),),
    ),
}


@pytest.mark.parametrize(("penalty", "at"), CASES.values(), ids=CASES.keys())
def test_gradients_are_finite_differences(
    penalty: Callable[..., Slope], at: tuple[torch.Tensor, ...]
) -> None:
    slopes, step = penalty(*at)[1], 1e-6
    for which, tensor in enumerate(at):
        for place in range(tensor.numel()):
            moved = [t.clone() for t in at]
            moved[which].view(-1)[place] += step
            up = penalty(*moved)[0]
            moved[which].view(-1)[place] -= 2 * step
            down = penalty(*moved)[0]
            found = slopes[which].reshape(-1)[place]
            assert found.item() == pytest.approx(((up - down) / (2 * step)).item(), abs=1e-7)
