"""Scores brought to a common scale before they become rewards."""

import math
from typing import Any

import torch

EPSILON = 1e-8


class RunningScale:
    """Mean and variance of all scores so far (Chan et al. 1979, merged batch by batch)."""

    def __init__(self) -> None:
        self.count, self.mean, self.spread = 0, 0.0, 0.0  # spread: sum of squared deviations

    def add(self, scores: torch.Tensor) -> None:
        """Take in a batch of scores (any shape)."""
        n, flat = scores.numel(), scores.detach().double().reshape(-1)
        if n == 0:
            return
        mean = float(flat.mean())
        shift, total = mean - self.mean, self.count + n
        self.spread += float((flat - mean).square().sum()) + shift**2 * self.count * n / total
        self.mean += shift * n / total
        self.count = total

    @property
    def deviation(self) -> float:
        """Standard deviation (n - 1); 1 below two scores."""
        return math.sqrt(self.spread / (self.count - 1)) if self.count > 1 else 1.0

    def normalised(self, scores: torch.Tensor, limit: float | None) -> torch.Tensor:
        """(scores - mean) / deviation, cut at ± `limit` deviations where one is given."""
        scaled = (scores - self.mean) / (self.deviation + EPSILON)
        return scaled if limit is None else scaled.clamp(-limit, limit)

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"count": self.count, "mean": self.mean, "spread": self.spread}

    def restore(self, state: dict[str, Any]) -> None:
        """From a checkpoint."""
        self.count, self.mean = int(state["count"]), float(state["mean"])
        self.spread = float(state["spread"])
