"""Agreement between raters beyond chance: 1 is perfect, 0 is what chance gives, below 0 is worse.

`units` has a row for each thing rated and a column for each rater; None is a missing rating. Every
function returns None where the coefficient is undefined: nobody rated the same thing, or all
ratings are the same value, so that no disagreement was possible.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import Literal

Level = Literal["nominal", "ordinal"]
Units = Sequence[Sequence[Hashable | None]]
Distance = Callable[[int, int], float]


def krippendorff_alpha(
    units: Units, order: Sequence[Hashable], level: Level = "nominal"
) -> float | None:
    """Krippendorff's alpha, 1 - observed / expected disagreement; raters may miss units.

    `order` lists the possible values, for `ordinal` from low to high. (Krippendorff 2011, Computing
    Krippendorff's Alpha-Reliability, doi:10.20380/GI2013; Hayes and Krippendorff 2007,
    doi:10.1080/19312450709336664.)
    """
    place = {value: i for i, value in enumerate(order)}
    rated = [[place[v] for v in unit if v is not None] for unit in units]
    pairable = [values for values in rated if len(values) > 1]
    totals = Counter(v for values in pairable for v in values)
    n = sum(totals.values())
    if len(totals) < 2:
        return None
    distance = _distance(level, totals)
    observed = sum(
        distance(a, b) * count / (len(values) - 1)
        for values in pairable
        for (a, b), count in _ordered_pairs(values).items()
    )
    expected = sum(
        distance(a, b) * na * nb / (n - 1) for a, na in totals.items() for b, nb in totals.items()
    )
    return 1 - observed / expected


def cohen_kappa(
    first: Sequence[Hashable | None],
    second: Sequence[Hashable | None],
    order: Sequence[Hashable] = (),
) -> float | None:
    """Cohen's kappa of two raters over what both rated (Cohen 1960,
    doi:10.1177/001316446002000104).

    With `order`, the values from low to high, disagreements weigh by their squared distance in it
    (Cohen 1968, doi:10.1037/h0026256).
    """
    both = [(a, b) for a, b in zip(first, second, strict=True) if a is not None and b is not None]
    ones, others = Counter(a for a, _ in both), Counter(b for _, b in both)
    cost = _cost(order)
    observed = sum(cost(a, b) for a, b in both)
    chance = sum(cost(a, b) * n * m for a, n in ones.items() for b, m in others.items())
    return 1 - observed * len(both) / chance if chance else None


def fleiss_kappa(units: Units) -> float | None:
    """Fleiss' kappa over the units that every rater rated (Fleiss 1971, doi:10.1037/h0031619)."""
    whole = [[v for v in unit if v is not None] for unit in units if None not in unit]
    raters = len(whole[0]) if whole else 0
    if raters < 2:
        return None
    counts = [Counter(unit) for unit in whole]
    alike = [sum(n * (n - 1) for n in c.values()) / (raters * (raters - 1)) for c in counts]
    totals = sum(counts, Counter())
    chance = sum((n / (len(whole) * raters)) ** 2 for n in totals.values())
    return (sum(alike) / len(alike) - chance) / (1 - chance) if chance < 1 else None


def _ordered_pairs(values: Sequence[int]) -> Counter[tuple[int, int]]:
    """How many ordered pairs of two raters' values a unit has, by value."""
    counts = Counter(values)
    return Counter(
        {(a, b): n * (m - (a == b)) for a, n in counts.items() for b, m in counts.items()}
    )


def _distance(level: Level, totals: Counter[int]) -> Distance:
    if level == "nominal":
        return lambda a, b: float(a != b)

    def between(a: int, b: int) -> float:
        # all ratings from the lower to the higher value, half of those at the two ends
        low, high = min(a, b), max(a, b)
        inside = sum(totals[v] for v in range(low, high + 1))
        return (inside - (totals[low] + totals[high]) / 2) ** 2

    return between


def _cost(order: Sequence[Hashable]) -> Callable[[Hashable, Hashable], float]:
    if not order:
        return lambda a, b: float(a != b)
    place = {value: i for i, value in enumerate(order)}
    return lambda a, b: float((place[a] - place[b]) ** 2)
