"""The divergence of the policy from its reference: per-token estimates, and its coefficient."""

from typing import Protocol

from torch import Tensor

from trainables.ppo.config import Estimator


def token_kl(policy: Tensor, reference: Tensor, estimator: Estimator) -> Tensor:
    """Estimates of KL(policy || reference) in nats from log-probabilities of sampled tokens.

    k1 = log p - log q: unbiased, of either sign; k3 = q/p - 1 - log(q/p): unbiased, never negative
    (Schulman 2020, http://joschu.net/blog/kl-approx.html).
    """
    log_ratio = reference - policy
    return -log_ratio if estimator == "k1" else log_ratio.exp() - 1 - log_ratio


class Controller(Protocol):
    """Gives the coefficient of the divergence in the reward."""

    value: float

    def update(self, kl: float, answers: int) -> None:
        """Note the mean divergence of an answer (nats, summed over tokens) over so many answers."""


class FixedKL:
    """Always the same coefficient."""

    def __init__(self, value: float) -> None:
        self.value = value

    def update(self, kl: float, answers: int) -> None:
        """As Controller."""


class AdaptiveKL:
    """Proportional control towards `target` nats an answer (Ziegler et al. 2019, section 2.2):
    the coefficient changes by at most 20% in `horizon` answers."""

    def __init__(self, value: float, target: float, horizon: int) -> None:
        self.value, self.target, self.horizon = value, target, horizon

    def update(self, kl: float, answers: int) -> None:
        """As Controller."""
        error = min(0.2, max(-0.2, kl / self.target - 1))
        self.value *= 1 + error * answers / self.horizon
