"""Gaussian-process Bayesian optimisation (Optuna's, log expected improvement)."""

from typing import Any


def make(seed: int, startup: int, objectives: int) -> Any:
    """Optuna's GP sampler; it needs torch and scipy in the driver."""
    import optuna

    return optuna.samplers.GPSampler(
        seed=seed, n_startup_trials=startup, deterministic_objective=False
    )
