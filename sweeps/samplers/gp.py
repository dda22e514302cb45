"""Gaussian-process Bayesian optimisation (Optuna's, log expected improvement)."""

from typing import Any


def make(seed: int, startup: int, objectives: int) -> Any:
    """Optuna's GP sampler; it needs torch and scipy in the driver. Failures count as the worst
    seen, and as infeasible: a second process models where training fails."""
    import optuna

    from sweeps.samplers.as_worst import AsWorst

    sampler = optuna.samplers.GPSampler(
        seed=seed, n_startup_trials=startup, deterministic_objective=False
    )
    return AsWorst(sampler, constrained=True)
