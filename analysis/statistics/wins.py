"""How often one candidate beats another when both run again, and how often seeds agree on single
questions: two models of equal accuracy can answer differently."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainables.evaluation.intervals import Interval, wilson

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Wins:
    """P(first beats second) in one new paired run of both. Bouthillier et al. 2021
    (arXiv:2103.03098) call 0.75 or more meaningful, and want some 29 pairs to see it."""

    probability: float  # 0..1; a tie is half a win
    interval: Interval  # 95%, Wilson's over the pairs
    n: int  # pairs, of one seed each


@dataclass(frozen=True)
class Consistency:
    """How alike a candidate's seeds answer."""

    agreed: float  # 0..1, share of questions on which all seeds are right or all wrong
    interval: Interval  # 95%, Wilson's over questions
    flipped: float  # 0..1, share of questions on which two seeds differ, mean over pairs of seeds
    n_seeds: int
    n_questions: int


def beats(first: "ArrayLike", second: "ArrayLike", lower_is_better: bool = True) -> Wins | None:
    """Over runs (seeds,) paired by seed; a run that failed or diverged (NaN) loses against one
    that did not. None without a pair.

    >>> beats([0.5, 0.6, 0.7], [0.6, 0.6, 0.8]).probability
    0.8333333333333334
    """
    import numpy as np

    worst = np.inf if lower_is_better else -np.inf
    a, b = (np.nan_to_num(np.asarray(x, float), nan=worst) for x in (first, second))
    if a.shape != b.shape:
        raise ValueError(f"{a.shape} and {b.shape} runs: paired by seed, as many of both")
    if not a.size:
        return None
    won = (a < b) if lower_is_better else (a > b)
    share = float((won + 0.5 * (a == b)).mean())
    return Wins(share, wilson(share, a.size), int(a.size))


def consistency(right: "ArrayLike") -> Consistency | None:
    """Of (seeds, questions), right or wrong; None for fewer than two seeds or no question.

    >>> consistency([[1, 1, 0], [1, 0, 0], [1, 0, 0]]).flipped  # 2 of 3 pairs, on 1 of 3 questions
    0.2222222222222222
    """
    import numpy as np

    y = np.asarray(right, dtype=bool)
    if y.ndim != 2 or len(y) < 2 or not y.shape[1]:
        return None
    seeds, questions = y.shape
    ones = y.sum(axis=0)
    agreed = float(((ones == 0) | (ones == seeds)).mean())
    flipped = float((ones * (seeds - ones)).mean() / (seeds * (seeds - 1) / 2))
    return Consistency(agreed, wilson(agreed, questions), flipped, seeds, questions)
