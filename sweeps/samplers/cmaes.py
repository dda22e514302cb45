"""Covariance matrix adaptation (Hansen 2016), on the numerical parameters."""

from typing import Any


def make(seed: int, startup: int, objectives: int) -> Any:
    """Optuna's CMA-ES; parameters that it cannot move (choices) are drawn at random.
    Failures count as the worst seen."""
    import optuna

    from sweeps.samplers.as_worst import AsWorst

    sampler = optuna.samplers.CmaEsSampler(
        seed=seed, n_startup_trials=startup, warn_independent_sampling=False
    )
    return AsWorst(sampler, constrained=False)
