"""Covariance matrix adaptation (Hansen 2016), on the numerical parameters."""

from typing import Any


def make(seed: int, startup: int, objectives: int) -> Any:
    """Optuna's CMA-ES; parameters that it cannot move (choices) are drawn at random."""
    import optuna

    return optuna.samplers.CmaEsSampler(
        seed=seed, n_startup_trials=startup, warn_independent_sampling=False
    )
