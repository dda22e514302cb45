"""How often 95% intervals of ECE hold the truth, and their own estimate: by simulation.

    python -m benchmarks.ece_intervals [DATA SETS A SETTING, 300]

A model's confidences are even in 0.4 to 1, or mostly high, and it is right with probability
clip(confidence - gap): 0 is calibrated. Printed, for each gap and number of questions: the true ECE
(with the same bins), how often the interval holds it, and the estimate itself, for the percentile
bootstrap and for `calibration_interval`; and their mean widths.
"""

import sys
from collections.abc import Callable, Sequence
from functools import partial
from itertools import product

import numpy as np
from numpy.typing import NDArray

from trainables.evaluation.intervals import Interval
from trainables.evaluation.measured import bootstrapped
from trainables.evaluation.probability_calibration import (
    bin_of,
    calibration_interval,
    expected_calibration_error,
)

Scored = list[tuple[float, bool]]
GAPS, QUESTIONS = (0.0, 0.05, 0.15, 0.35), (20, 50, 200, 1000)
SURE: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "even": lambda u: 0.4 + 0.6 * u,
    "high": lambda u: 1 - 0.6 * u**8,  # nine in ten lie above 0.74, two in three above 0.98
}


def drawn(n: int, gap: float, seed: int, sure_of: str = "even") -> Scored:
    """(confidence, whether right) of n questions."""
    random = np.random.default_rng([seed, n])
    sure = SURE[sure_of](random.random(n))
    right = random.random(n) < np.clip(sure - gap, 0, 1)
    return [(float(c), bool(r)) for c, r in zip(sure, right, strict=True)]


def truth(gap: float, sure_of: str = "even") -> float:
    """The ECE of endlessly many questions."""
    fine = SURE[sure_of](np.linspace(0, 1, 60_001))
    sums: dict[int, list[float]] = {}
    for confidence in fine:
        sums.setdefault(bin_of(float(confidence)), []).append(
            float(confidence - np.clip(confidence - gap, 0, 1))
        )
    return sum(abs(sum(gaps)) for gaps in sums.values()) / len(fine)


def percentile(scored: Scored) -> Interval:
    """The percentile bootstrap's, as measured until now."""
    found = bootstrapped(scored, expected_calibration_error)
    assert found is not None
    assert found.interval is not None
    return found.interval


def coverage(
    interval: Callable[[Scored], Interval],
    n: int,
    gap: float,
    seeds: Sequence[int],
    sure_of: str = "even",
) -> tuple[float, float, float]:
    """(share that hold the true ECE, share that hold their own estimate, mean width)."""
    true, held, own, width = truth(gap, sure_of), 0, 0, 0.0
    for seed in seeds:
        scored = drawn(n, gap, seed, sure_of)
        low, high = interval(scored)
        held += low <= true + 1e-12 and true <= high
        own += low <= expected_calibration_error(scored) <= high
        width += (high - low) / len(seeds)
    return held / len(seeds), own / len(seeds), width


def main(count: int = 300) -> None:
    """Print a line a setting."""
    print("confidences questions true ECE | bootstrap: truth  own  width | ours: truth  own  width")
    for sure_of, n, gap in product(SURE, QUESTIONS, GAPS):
        of = partial(coverage, n=n, gap=gap, seeds=range(count), sure_of=sure_of)
        each = [
            " ".join(f"{x:6.3f}" for x in of(way)) for way in (percentile, calibration_interval)
        ]
        print(f"{sure_of:11}{n:9} {truth(gap, sure_of):9.3f} | {each[0]} | {each[1]}", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
