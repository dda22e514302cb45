"""Losses of pairs: pure functions of the log ratios log p - log q of policy and reference.

Each takes a pair's chosen and rejected log ratio (nats, summed over the answer's tokens), the
answers' lengths in tokens, `beta` and `smoothing` (the probability that a pair is the wrong way),
and gives nats (but hinge, ipo, apo_zero: plain numbers) a pair. Names and formulas are those of
TRL's DPOTrainer, which computes them in training; these measure the validation split.
"""

import math
from collections.abc import Callable
from typing import NamedTuple


class Ratios(NamedTuple):
    """A pair's log ratios, and the tokens of its answers."""

    chosen: float
    rejected: float
    chosen_tokens: int
    rejected_tokens: int

    @property
    def margin(self) -> float:
        """How much further the policy moved towards the chosen answer than the rejected one."""
        return self.chosen - self.rejected

    @property
    def margin_per_token(self) -> float:
        """The same of mean log ratios a token."""
        return self.chosen / self.chosen_tokens - self.rejected / self.rejected_tokens


PairLoss = Callable[[Ratios, float, float], float]


def sigmoid(ratios: Ratios, beta: float, smoothing: float) -> float:
    """-log sigmoid(beta × margin) (Rafailov et al. 2023, arXiv:2305.18290, equation 7)."""
    return -_log_sigmoid(beta * ratios.margin)


def sigmoid_norm(ratios: Ratios, beta: float, smoothing: float) -> float:
    """The same of the margin a token, so that long answers do not weigh more."""
    return -_log_sigmoid(beta * ratios.margin_per_token)


def hinge(ratios: Ratios, beta: float, smoothing: float) -> float:
    """max(0, 1 - beta × margin) (SLiC, Zhao et al. 2023, arXiv:2305.10425)."""
    return max(0.0, 1 - beta * ratios.margin)


def ipo(ratios: Ratios, beta: float, smoothing: float) -> float:
    """(margin a token - 1 / 2 beta)² (Azar et al. 2023, arXiv:2310.12036, equation 17)."""
    return (ratios.margin_per_token - 1 / (2 * beta)) ** 2


def robust(ratios: Ratios, beta: float, smoothing: float) -> float:
    """The sigmoid loss made unbiased under flipped pairs (Chowdhury et al. 2024,
    arXiv:2403.00409)."""
    right, wrong = (-_log_sigmoid(sign * beta * ratios.margin) for sign in (1, -1))
    return ((1 - smoothing) * right - smoothing * wrong) / (1 - 2 * smoothing)


def exo_pair(ratios: Ratios, beta: float, smoothing: float) -> float:
    """KL(policy's preference || smoothed preference) (Ji et al. 2024, arXiv:2402.00856,
    equation 16)."""
    log_win, log_lose = (_log_sigmoid(sign * beta * ratios.margin) for sign in (1, -1))
    win = math.exp(log_win) * (log_win - math.log1p(-smoothing))
    return win + math.exp(log_lose) * (log_lose - math.log(smoothing))


def apo_zero(ratios: Ratios, beta: float, smoothing: float) -> float:
    """1 - sigmoid(beta × chosen) + sigmoid(beta × rejected) (D'Oosterlinck et al. 2024,
    arXiv:2408.06266, equation 7)."""
    chosen, rejected = (math.exp(_log_sigmoid(beta * r)) for r in ratios[:2])
    return 1 - chosen + rejected


LOSSES: dict[str, PairLoss] = {
    "sigmoid": sigmoid,
    "sigmoid_norm": sigmoid_norm,
    "hinge": hinge,
    "ipo": ipo,
    "robust": robust,
    "exo_pair": exo_pair,
    "apo_zero": apo_zero,
}


def _log_sigmoid(x: float) -> float:
    # -log(1 + exp(-x)) without overflow
    return min(x, 0.0) - math.log1p(math.exp(-abs(x)))
