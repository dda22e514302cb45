"""Divergence estimates, the coefficient's control, and the scale of scores."""

import pytest
import torch

from trainables.ppo.kl import AdaptiveKL, FixedKL, token_kl
from trainables.ppo.normalise import RunningScale


def test_both_estimates_are_unbiased() -> None:
    g = torch.Generator().manual_seed(0)
    p, q = (torch.randn(6, generator=g, dtype=torch.float64).log_softmax(0) for _ in "pq")
    exact = float((p.exp() * (p - q)).sum())
    for estimator in ("k1", "k3"):
        estimates = token_kl(p, q, estimator)  # of each token, which p samples so often
        assert float((p.exp() * estimates).sum()) == pytest.approx(exact, rel=1e-12)
    assert bool((token_kl(p, q, "k3") >= 0).all())
    assert bool((token_kl(p, q, "k1") < 0).any())
    assert not token_kl(p, p, "k3").any()


def test_the_coefficient_follows_the_target() -> None:
    control = AdaptiveKL(0.2, target=6.0, horizon=1000)
    control.update(6.6, answers=100)  # a tenth above
    assert control.value == pytest.approx(0.2 * (1 + 0.1 * 0.1))
    control.update(60.0, answers=100)  # cut at a fifth
    assert control.value == pytest.approx(0.2 * 1.01 * 1.02)
    control.update(0.0, answers=1000)
    assert control.value == pytest.approx(0.2 * 1.01 * 1.02 * 0.8)
    fixed = FixedKL(0.3)
    fixed.update(100.0, 100)
    assert fixed.value == 0.3


def test_the_scale_is_that_of_all_scores_so_far() -> None:
    g = torch.Generator().manual_seed(0)
    scores = torch.rand(50, generator=g, dtype=torch.float64) * 7 + 100
    scale = RunningScale()
    for batch in scores.split([1, 20, 0, 29]):
        scale.add(batch)
    assert scale.mean == pytest.approx(float(scores.mean()), rel=1e-12)
    assert scale.deviation == pytest.approx(float(scores.std()), rel=1e-9)
    found = scale.normalised(scores, None)
    assert float(found.mean()) == pytest.approx(0, abs=1e-9)
    assert float(found.std()) == pytest.approx(1, rel=1e-6)
    assert float(scale.normalised(scores + 1000, 2.5).max()) == 2.5
    again = RunningScale()
    again.restore(scale.state())
    assert torch.equal(again.normalised(scores, None), found)


def test_one_score_has_no_scale_yet() -> None:
    scale = RunningScale()
    scale.add(torch.tensor([3.0]))
    assert scale.normalised(torch.tensor([5.0]), None).tolist() == pytest.approx([2.0])
