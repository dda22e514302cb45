"""Least squares with standard errors that hold where the spread is not the same everywhere.

Standard errors are HC3 (MacKinnon and White 1985; J. Econometrics 29, 305-325) with Student's t on
the degrees of freedom left. In simulations (`benchmarks/effects.py`) they alone claim too much
nowhere: the usual ones do where the spread grows with a parameter, HC2 does with few trials. A test
takes the larger of HC3's and the usual p-value: of several columns at once HC3 alone is too bold.
Where configurations were repeated and too few are left to judge by, the spread is that between
repeats.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

EXACT = 1e-9  # relative: a smaller residual or remainder is rounding


@dataclass(frozen=True)
class Difference:
    """An estimated difference and half the width of its 95% interval."""

    value: float
    half_width: float
    p: float


@dataclass(frozen=True)
class Fit:
    """Coefficients with two estimates of their covariance."""

    design: "Matrix"  # (experiments, columns), the first all ones
    coefficients: "Matrix"
    plain: "Matrix"
    robust: "Matrix"
    left: int  # degrees of freedom of the spread
    scale: float  # the largest absolute value: what rounding is measured against

    def difference(self, contrast: "Matrix") -> Difference | None:
        """contrast @ coefficients; None where the data do not determine it."""
        import numpy as np
        from scipy import stats

        projected = np.linalg.pinv(self.design) @ self.design @ contrast
        if np.abs(projected - contrast).max() > 1e-6 * max(1.0, np.abs(contrast).max()):
            return None
        rounding = EXACT * self.scale
        value = float(contrast @ self.coefficients)
        error = max(float(contrast @ self.robust @ contrast), 0.0) ** 0.5
        half = float(stats.t.ppf(0.975, self.left)) * error
        p = max(self._test(contrast[None, :], v) for v in (self.plain, self.robust))
        value, half = (0.0 if abs(x) <= rounding else x for x in (value, half))
        return Difference(value, half, p)

    def p_of(self, columns: Sequence[int]) -> float:
        """The p-value of "these columns make no difference"; 1 where the data do not say."""
        import numpy as np

        rows = np.eye(self.design.shape[1])[list(columns)]
        return max(self._test(rows, v) for v in (self.plain, self.robust))

    def _test(self, rows: "Matrix", covariance: "Matrix") -> float:
        import numpy as np
        from scipy import stats

        estimate = rows @ self.coefficients
        if np.abs(estimate).max() <= EXACT * self.scale:
            return 1.0
        spread = rows @ covariance @ rows.T
        rank = int(np.linalg.matrix_rank(spread, hermitian=True))
        if np.abs(spread).max() <= (EXACT * self.scale) ** 2:
            return 0.0  # an exact fit with degrees of freedom to spare
        statistic = float(estimate @ np.linalg.pinv(spread, hermitian=True) @ estimate) / rank
        return float(stats.f.sf(statistic, rank, self.left))


def least_squares(design: "Matrix", values: "Matrix") -> Fit | None:
    """The fit; None where nothing is left to judge its spread by."""
    import numpy as np

    left = len(values) - int(np.linalg.matrix_rank(design))
    if left < 1:
        return None
    inverse = np.linalg.pinv(design)  # (columns, experiments)
    coefficients = inverse @ values
    residuals = values - design @ coefficients
    usual = float(residuals @ residuals) / left
    hat = np.clip(np.einsum("ij,ji->i", design, inverse), 0.0, 1.0)
    alone = hat > 1 - 1e-8  # the only one of its kind: it shows no spread of its own
    squared = np.where(alone, usual, (residuals / np.where(alone, 1.0, 1 - hat)) ** 2)
    scale = float(np.abs(values).max())
    plain, robust = usual * inverse @ inverse.T, (inverse * squared) @ inverse.T
    return Fit(design, coefficients, plain, robust, left, scale)


def by_repeats(design: "Matrix", runs: Sequence["Matrix"]) -> Fit | None:
    """The fit of the means of `runs` (an array a configuration), its spread that between repeats
    of one configuration, or that left between configurations where this is larger. None where
    nothing was repeated."""
    import numpy as np

    means = np.array([run.mean() for run in runs])
    left = sum(len(run) - 1 for run in runs)
    if left < 1:
        return None
    pure = sum(float(((run - run.mean()) ** 2).sum()) for run in runs) / left
    spread = np.array([pure / len(run) for run in runs])
    between = least_squares(design, means)
    inverse = np.linalg.pinv(design)
    if between is not None:
        residuals = means - design @ (inverse @ means)
        lack = float(residuals @ residuals) / between.left
        spread = np.maximum(spread, lack)
    covariance = (inverse * spread) @ inverse.T
    scale = float(np.abs(means).max())
    return Fit(design, inverse @ means, covariance, covariance, left, scale)
