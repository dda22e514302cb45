"""How well probabilities say how often the model is right; pure functions of probabilities.

Each question has one probability an option (summing to 1) and the index of the right option. A
prediction is the most probable option, its confidence that option's probability.
"""

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

from trainables.evaluation.intervals import Interval

Probabilities = Sequence[Sequence[float]]
BINS = 10
CURVE_POINTS = 20


class Bin(NamedTuple):
    """A bar of the reliability diagram: confidences in (low, high], the first bin includes 0."""

    low: float
    high: float
    n: int
    confidence: float | None  # mean confidence, None in an empty bin
    accuracy: float | None


class Kept(NamedTuple):
    """A point of the abstention curve: answering only the `coverage` most confident share."""

    coverage: float
    threshold: float  # the lowest confidence that is answered
    accuracy: float


def softmax(scores: Sequence[float]) -> list[float]:
    """exp(s) / Σ exp(s): the options' probabilities given that one of them is the answer."""
    top = max(scores)
    weights = [math.exp(score - top) for score in scores]
    total = sum(weights)
    return [weight / total for weight in weights]


def confidences(probabilities: Probabilities, gold: Sequence[int]) -> list[tuple[float, bool]]:
    """(confidence, whether the prediction is right) of every question; ties take the first."""
    found = []
    for row, right in zip(probabilities, gold, strict=True):
        chosen = max(range(len(row)), key=row.__getitem__)
        found.append((row[chosen], chosen == right))
    return found


def reliability(scored: Sequence[tuple[float, bool]], bins: int = BINS) -> list[Bin]:
    """The reliability diagram with equal-width bins (Guo et al. 2017, arXiv:1706.04599)."""
    held: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for confidence, right in scored:
        held[bin_of(confidence, bins)].append((confidence, right))
    return [_bar(i / bins, (i + 1) / bins, members) for i, members in enumerate(held)]


def bin_of(confidence: float, bins: int = BINS) -> int:
    """The number, from 0, of the bin that a confidence belongs to."""
    return min(bins - 1, max(0, math.ceil(confidence * bins) - 1))


def _bar(low: float, high: float, members: Sequence[tuple[float, bool]]) -> Bin:
    if not members:
        return Bin(low, high, 0, None, None)
    mean = statistics.fmean(confidence for confidence, _ in members)
    return Bin(low, high, len(members), mean, sum(r for _, r in members) / len(members))


def expected_calibration_error(scored: Sequence[tuple[float, bool]], bins: int = BINS) -> float:
    """ECE, 0..1, lower is better: Σ_b n_b/n · |accuracy_b − confidence_b| over equal-width bins
    (Naeini et al. 2015, doi:10.1609/aaai.v29i1.9602; Guo et al. 2017). NaN of nothing."""
    if not scored:
        return math.nan
    gaps = (
        bar.n * abs(bar.accuracy - bar.confidence)
        for bar in reliability(scored, bins)
        if bar.accuracy is not None and bar.confidence is not None
    )
    return sum(gaps) / len(scored)


def calibration_interval(
    scored: Sequence[tuple[float, bool]], bins: int = BINS, draws: int = 1000, seed: int = 0
) -> Interval:
    """A 95% interval of ECE that holds its estimate, and 0 where calibration cannot be refuted.

    An ECE is a sum of absolute values: chance alone makes it greater than 0, and the bootstrap adds
    chance again, so its percentiles lie above the truth and often above the estimate too. Here the
    estimate is turned about: it goes down to 2 ECE - q97.5 (less the bias that the bootstrap shows,
    and its spread), and up by the bootstrap's spread below its own mean. It goes down to 0 where
    2.5% of calibrated models with these confidences would show an ECE as large or larger
    (consistency resampling: Bröcker and Smith 2007, doi:10.1175/WAF993.1). Where all predictions
    are right, or all wrong, no resample has another, which says nothing of how rare they are: the
    interval then has the ECE of every accuracy that such an outcome does not refute. One question
    at least.
    """
    import numpy as np

    random = np.random.default_rng(seed)
    n, value = len(scored), expected_calibration_error(scored, bins)
    sure = np.array([confidence for confidence, _ in scored])
    right = np.array([float(hit) for _, hit in scored])
    member = np.zeros((n, bins))  # which bin a question is in
    member[np.arange(n), [bin_of(confidence, bins) for confidence in sure]] = 1
    # (draws, n) how often a question is drawn, or its gap; x (n, bins) -> (draws, bins)
    drawn = random.multinomial(n, np.full(n, 1 / n), size=draws)
    again = np.abs(drawn @ (member * (right - sure)[:, None])).sum(1) / n
    low, high = np.percentile(again, (2.5, 97.5))
    by_chance = np.abs(((random.random((draws, n)) < sure) - sure) @ member).sum(1) / n
    calibrated = value <= np.percentile(by_chance, 97.5) + 1e-12  # equal but for rounding
    lower = 0.0 if calibrated else max(0.0, min(value, 2 * value - float(high)))
    upper = min(1.0, value + max(0.0, float(again.mean() - low)))
    if len({hit for _, hit in scored}) == 1:
        least, most = _of_one_outcome(scored, bins)
        lower, upper = min(lower, least), max(upper, most)
    return lower, upper


def _of_one_outcome(scored: Sequence[tuple[float, bool]], bins: int) -> Interval:
    """The least and the greatest ECE of the accuracies that n right, or n wrong, predictions leave
    possible: Clopper and Pearson's interval (1934, doi:10.1093/biomet/26.4.404)."""
    n, bars = len(scored), [bar for bar in reliability(scored, bins) if bar.n]
    bound = 0.025 ** (1 / n)
    low, high = (bound, 1.0) if scored[0][1] else (0.0, 1 - bound)
    sure = [bar.confidence or 0.0 for bar in bars]
    accuracies = [low, high, *(c for c in sure if low < c < high)]  # the ECE bends only there
    found = [sum(b.n * abs(a - c) for b, c in zip(bars, sure, strict=True)) / n for a in accuracies]
    return min(found), max(found)


def brier(probabilities: Probabilities, gold: Sequence[int]) -> list[float]:
    """Each question's Σ_k (p_k − [k is right])², 0..2, lower is better; their mean is the
    multiclass Brier score (Brier 1950)."""
    return [
        sum((p - (k == right)) ** 2 for k, p in enumerate(row))
        for row, right in zip(probabilities, gold, strict=True)
    ]


def abstention_curve(scored: Sequence[tuple[float, bool]]) -> list[Kept]:
    """Accuracy of the answers kept as the threshold falls, a point a distinct confidence (El-Yaniv
    and Wiener 2010); questions of equal confidence are kept together."""
    ranked = sorted(scored, key=lambda pair: -pair[0])
    points, hits = [], 0
    for i, (confidence, right) in enumerate(ranked, 1):
        hits += right
        if i == len(ranked) or ranked[i][0] < confidence:
            points.append(Kept(i / len(ranked), confidence, hits / i))
    return points


def thinned(points: Sequence[Kept], count: int = CURVE_POINTS) -> list[Kept]:
    """At most `count` points of the curve: the first at or above each of the coverages 1/count,
    2/count, …, 1. What is left out lies between two that are kept."""
    kept: dict[Kept, None] = {}
    for step in range(1, count + 1):
        found = next((p for p in points if p.coverage >= step / count - 1e-12), None)
        if found is not None:
            kept[found] = None
    return list(kept)


def area_under_risk_coverage(scored: Sequence[tuple[float, bool]]) -> float:
    """AURC, 0..1, lower is better: the mean over k = 1..n of the share of wrong answers among the
    k most confident (Geifman et al. 2019, arXiv:1805.08206). Within equal confidences the order
    is unknown, so each stands for their mean. NaN of nothing."""
    if not scored:
        return math.nan
    shares: dict[float, list[bool]] = {}
    for confidence, right in scored:
        shares.setdefault(confidence, []).append(not right)
    wrong = 0.0
    risks: list[float] = []
    for confidence in sorted(shares, reverse=True):
        mean = statistics.fmean(shares[confidence])
        for _ in shares[confidence]:
            wrong += mean
            risks.append(wrong / (len(risks) + 1))
    return statistics.fmean(risks)
