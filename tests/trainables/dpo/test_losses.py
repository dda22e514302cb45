"""The losses of pairs, on values computed by hand and against TRL's own."""

import math
from types import SimpleNamespace
from typing import Any, get_args

import pytest
import torch
from trl import DPOTrainer

from trainables.dpo.config import LossName
from trainables.dpo.losses import LOSSES, Ratios

PAIR = Ratios(chosen=2.0, rejected=-1.0, chosen_tokens=4, rejected_tokens=2)
LEFT, RIGHT = math.log(1 + math.exp(-1.5)), math.log(1 + math.exp(1.5))  # -log sigmoid(±1.5)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sigmoid", LEFT),  # beta 1/2 × margin 3
        ("sigmoid_norm", math.log(1 + math.exp(-0.5))),  # beta × (2/4 + 1/2)
        ("hinge", 0.0),
        ("ipo", 0.0),  # the margin a token, 1, is where it is wanted: 1 / (2 × 1/2)
        ("robust", (0.9 * LEFT - 0.1 * RIGHT) / 0.8),
        ("apo_zero", 1 - 1 / (1 + math.exp(-1.0)) + 1 / (1 + math.exp(0.5))),
    ],
)
def test_by_hand(name: str, value: float) -> None:
    assert LOSSES[name](PAIR, 0.5, 0.1) == pytest.approx(value, rel=1e-12, abs=1e-12)


def test_hinge_and_ipo_away_from_their_least() -> None:
    turned = Ratios(-1.0, 2.0, 2, 4)
    assert LOSSES["hinge"](turned, 0.5, 0) == pytest.approx(2.5)
    assert LOSSES["ipo"](turned, 0.5, 0) == pytest.approx(4)


def test_exo_is_the_divergence_of_the_policy_s_preference() -> None:
    win = 1 / (1 + math.exp(-1.5))
    expected = win * math.log(win / 0.99) + (1 - win) * math.log((1 - win) / 0.01)
    assert LOSSES["exo_pair"](PAIR, 0.5, 0.01) == pytest.approx(expected, rel=1e-12)
    at_least = Ratios(2 * math.log(99), 0.0, 1, 1)  # the policy prefers as smoothed pairs do
    assert LOSSES["exo_pair"](at_least, 0.5, 0.01) == pytest.approx(0, abs=1e-12)


def test_margins_far_from_0_do_not_overflow() -> None:
    for name, loss in LOSSES.items():
        for chosen in (-3000.0, 3000.0):
            assert math.isfinite(loss(Ratios(chosen, 0.0, 1, 1), 0.5, 0.01)), name


def test_every_loss_of_the_spec_is_there() -> None:
    assert set(get_args(LossName)) == set(LOSSES)


@pytest.mark.parametrize("name", LOSSES)
def test_as_trl_computes_them(name: str) -> None:
    """TRL's own function, given a model that says the log-probabilities."""
    generator = torch.Generator().manual_seed(0)
    lengths = [(3, 5), (4, 1), (2, 2)]
    width, n = 5, len(lengths)
    mask = torch.zeros(2 * n, width + 1, dtype=torch.long)
    for i, (chosen, rejected) in enumerate(lengths):
        mask[i, 1 : chosen + 1] = 1
        mask[n + i, 1 : rejected + 1] = 1
    policy, reference = (
        -3 * torch.rand(2 * n, width, generator=generator) * mask[:, 1:] for _ in range(2)
    )
    smoothing = 0.05 if name in ("robust", "exo_pair") else 0.0
    found = _trl_loss(name, policy, reference, mask, beta=0.7, smoothing=smoothing)
    gaps = (policy - reference).sum(1).tolist()
    pairs = [Ratios(gaps[i], gaps[n + i], *lengths[i]) for i in range(n)]
    ours = [LOSSES[name](pair, 0.7, smoothing) for pair in pairs]
    assert sum(ours) / n == pytest.approx(found, rel=1e-5)


def _trl_loss(
    name: str,
    policy: torch.Tensor,
    reference: torch.Tensor,
    mask: torch.Tensor,
    beta: float,
    smoothing: float,
) -> float:
    said: Any = SimpleNamespace(
        log_probs=policy,
        entropy=torch.zeros_like(policy),
        mean_logits=torch.zeros_like(policy),
        is_top1=torch.zeros_like(policy, dtype=torch.bool),
    )
    n = len(policy) // 2
    gather = lambda value: value  # noqa: E731
    trainer: Any = SimpleNamespace(
        model=SimpleNamespace(training=False),
        accelerator=SimpleNamespace(device="cpu", gather=gather, gather_for_metrics=gather),
        aux_loss_enabled=False,
        ld_alpha=None,
        precompute_ref_logps=True,
        f_divergence_type="reverse_kl",
        loss_types=[name],
        loss_weights=[1.0],
        beta=beta,
        label_smoothing=smoothing,
        use_weighting=False,
        _metrics={"eval": {key: [] for key in _METRICS}},
        _total_train_tokens=0,
    )
    inputs = {
        "input_ids": torch.zeros_like(mask),
        "attention_mask": torch.ones_like(mask),
        "completion_mask": mask,
        "ref_chosen_logps": reference[:n].sum(1),
        "ref_rejected_logps": reference[n:].sum(1),
    }
    return float(DPOTrainer._compute_loss(trainer, lambda **_: said, inputs, False))


_METRICS = (
    *("entropy", "num_tokens", "logits/chosen", "logits/rejected", "mean_token_accuracy"),
    *("rewards/chosen", "rewards/rejected", "rewards/accuracies", "rewards/margins"),
    *("logps/chosen", "logps/rejected"),
)
