"""95% intervals: Wilson's of a share, and the bootstrap's of anything else. Imports no torch."""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Z95 = 1.959963984540054  # the normal distribution's 97.5% point
Interval = tuple[float, float]


def wilson(p: float, n: float) -> Interval:
    """Wilson's score interval (1927, doi:10.1080/01621459.1927.10502953) of a share p, 0..1, of n
    questions. `scipy.stats.binomtest` has it for whole n; n may be an effective number here."""
    centre = (p + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
    half = Z95 / (1 + Z95**2 / n) * math.sqrt(p * (1 - p) / n + Z95**2 / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def bootstrap_interval(
    statistic: "Callable[[NDArray[np.int64]], NDArray[np.float64]]",
    counts: Sequence[int],
    draws: int = 10_000,
    seed: int = 0,
) -> Interval:
    """The percentile bootstrap's interval over questions (Efron 1979,
    doi:10.1214/aos/1176344552). The same seed gives the same interval.

    `counts` (k,) says how many questions there are of each kind: all 1, unless some that add the
    same are put together; one question at least. `statistic` maps how often each kind was drawn,
    (draws, k), to its value in each draw, (draws,).

    >>> bootstrap_interval(lambda drawn: drawn @ [1.0, 0.0] / 80, counts=[60, 20])
    (0.65, 0.8375)
    """
    import numpy as np

    n = sum(counts)
    drawn = np.random.default_rng(seed).multinomial(n, np.asarray(counts) / n, size=draws)
    low, high = np.percentile(statistic(drawn), (2.5, 97.5))
    return float(low), float(high)
