"""Independent draws."""

from typing import Any


def make(seed: int, startup: int, objectives: int) -> Any:
    """Optuna's random sampler."""
    import optuna

    return optuna.samplers.RandomSampler(seed=seed)
