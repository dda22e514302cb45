"""Bootstrap intervals of means and ratios. The unit is the question: several people's ratings of
one answer are not independent of each other, questions are."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from trainables.evaluation.intervals import Interval, bootstrap_interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def ratio_interval(parts: Sequence[tuple[float, float]], seed: int = 0) -> Interval | None:
    """The 95% interval of Σ first / Σ second over questions, such as points over ratings; None for
    fewer than two questions."""
    if len(parts) < 2:
        return None

    def ratios(drawn: "NDArray[np.int64]") -> "NDArray[np.float64]":
        sums = drawn @ parts  # (draws, 2)
        return sums[:, 0] / sums[:, 1]

    return bootstrap_interval(ratios, [1] * len(parts), seed=seed)


def mean_interval(values: Sequence[float], seed: int = 0) -> Interval | None:
    """The 95% interval of the mean over questions; None for fewer than two."""
    return ratio_interval([(value, 1.0) for value in values], seed)
