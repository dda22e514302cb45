"""Tree-structured Parzen estimator (Bergstra et al. 2011; multivariate: Falkner et al. 2018)."""

import warnings
from typing import Any


def make(seed: int, startup: int, objectives: int) -> Any:
    """Multivariate TPE; running trials count as bad ones (constant liar), so that concurrent
    suggestions differ; `group` keeps conditional parameters apart. Failures, which break a
    constraint, come after all others."""
    import optuna

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.TPESampler(
            seed=seed, n_startup_trials=startup, multivariate=True, group=True, constant_liar=True
        )
