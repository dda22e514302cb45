"""The optimism of the value that won a search: the best of many noisy values is too good.

The values of all complete trials, a run each, are true values plus the noise of a seed; true values
are normal about the middle of all. Given the noise (known from the confirmation) the best guess of
a true value is its measured one moved towards the middle, by the same share for all, whichever was
chosen and why (James and Stein 1961; Efron and Morris 1975, doi:10.2307/2285814; Efron 2011,
Tweedie's formula and selection bias, doi:10.1198/jasa.2011.tm11181).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sweeps.confirmation.belief import between


@dataclass(frozen=True)
class Shrunk:
    """A value of the search, and what it is worth."""

    value: float  # as the search had it
    shrunk: float  # what a new run of it is expected to give
    optimism: float  # by how much it is too good, >= 0 for one better than the middle
    kept: float  # 0..1, share of its distance from the middle that is no noise
    between_sd: float  # of true values
    n_trials: int


def shrink(
    values: Sequence[float], chosen: float, seed_variance: float, lower_is_better: bool = True
) -> Shrunk | None:
    """What the chosen value is worth among those of all complete trials; `seed_variance` is that
    of one run. None for fewer than five trials.

    >>> told = shrink([0.0, 1.0, 2.0, 3.0, 4.0], chosen=0.0, seed_variance=1.0)
    >>> round(told.shrunk, 2), round(told.kept, 2)
    (1.2, 0.4)
    """
    import numpy as np

    sign = 1.0 if lower_is_better else -1.0
    pool = sign * np.asarray(values, dtype=float)
    pool = pool[np.isfinite(pool)]
    prior = between(pool, seed_variance)
    if prior is None:
        return None
    middle, sd = prior
    kept = sd**2 / (sd**2 + seed_variance)
    shrunk = middle + kept * (sign * chosen - middle)
    return Shrunk(chosen, sign * shrunk, shrunk - sign * chosen, kept, sd, len(pool))
