"""Agreement between raters beyond chance: 1 is perfect, 0 is what chance gives, below 0 is worse.

`units` has a row for each thing rated and a column for each rater; None is a missing rating. Every
function returns None where the coefficient is undefined: nobody rated the same thing, or all
ratings are the same value, so that no disagreement was possible.
"""

import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Literal

Level = Literal["nominal", "ordinal"]
Units = Sequence[Sequence[Hashable | None]]


def agreement(
    ratings: Mapping[tuple[str, str], Hashable], order: Sequence[Hashable], level: Level
) -> dict[str, float | None]:
    """Krippendorff's alpha, Fleiss' kappa (values as names) and, where there are two raters,
    Cohen's kappa of ratings by (item, rater).

    `order` is as for `krippendorff_alpha`; ordinal ratings give Cohen's kappa quadratic weights.
    """
    raters = sorted({rater for _, rater in ratings})
    items = dict.fromkeys(item for item, _ in ratings)
    units = [[ratings.get((item, rater)) for rater in raters] for item in items]
    cohen = None
    if len(raters) == 2:
        first, second = zip(*units, strict=True)
        cohen = cohen_kappa(first, second, order if level == "ordinal" else ())
    return {
        "krippendorff_alpha": krippendorff_alpha(units, order, level),
        "fleiss_kappa": fleiss_kappa(units),
        "cohen_kappa": cohen,
    }


def krippendorff_alpha(
    units: Units, order: Sequence[Hashable], level: Level = "nominal"
) -> float | None:
    """Krippendorff's alpha, 1 - observed / expected disagreement; raters may miss units.

    `order` lists the possible values, two at least, for `ordinal` from low to high. KeyError for
    a rating that is none of them. (Krippendorff 2011, Computing Krippendorff's Alpha-Reliability,
    doi:10.20380/GI2013; Hayes and Krippendorff 2007, doi:10.1080/19312450709336664.)

    >>> krippendorff_alpha([("a", "a"), ("a", "b"), ("b", "b")], order=("a", "b"))
    0.4444444444444444
    """
    import krippendorff

    code: dict[Hashable | None, float] = {value: float(i) for i, value in enumerate(order)}
    code[None] = math.nan  # a missing rating
    pairable = [unit for unit in units if sum(v is not None for v in unit) > 1]
    if len({v for unit in pairable for v in unit if v is not None}) < 2:
        return None
    by_rater = [[code[v] for v in ratings] for ratings in zip(*pairable, strict=True)]
    return float(
        krippendorff.alpha(by_rater, value_domain=range(len(order)), level_of_measurement=level)
    )


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
    from sklearn.metrics import cohen_kappa_score

    both = [(a, b) for a, b in zip(first, second, strict=True) if a is not None and b is not None]
    if len({value for pair in both for value in pair}) < 2:
        return None
    ones, others = zip(*both, strict=True)
    if order:
        return float(cohen_kappa_score(ones, others, labels=order, weights="quadratic"))
    return float(cohen_kappa_score(ones, others))


def fleiss_kappa(units: Units) -> float | None:
    """Fleiss' kappa over the units that every rater rated (Fleiss 1971, doi:10.1037/h0031619)."""
    complete = [[v for v in unit if v is not None] for unit in units if None not in unit]
    raters = len(complete[0]) if complete else 0
    if raters < 2:
        return None
    counts = [Counter(unit) for unit in complete]
    alike = [sum(n * (n - 1) for n in c.values()) / (raters * (raters - 1)) for c in counts]
    totals = sum(counts, Counter())
    chance = sum((n / (len(complete) * raters)) ** 2 for n in totals.values())
    return (sum(alike) / len(alike) - chance) / (1 - chance) if chance < 1 else None
