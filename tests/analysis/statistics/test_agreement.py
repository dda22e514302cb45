"""Agreement: by hand, against published worked examples, and against the packages fed directly."""

import krippendorff
import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from analysis.statistics.agreement import cohen_kappa, fleiss_kappa, krippendorff_alpha

# Krippendorff 2011, example C: four observers, twelve units, values 1..5, some missing
EXAMPLE_C = (
    (1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3),
    (None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None),
)
UNITS = list(zip(*EXAMPLE_C, strict=True))
SCALE = (1, 2, 3, 4, 5)


@pytest.mark.parametrize(("level", "published"), [("nominal", 0.743), ("ordinal", 0.815)])
def test_alpha_of_the_published_example(level: str, published: float) -> None:
    assert krippendorff_alpha(UNITS, SCALE, level) == pytest.approx(published, abs=5e-4)  # type: ignore[arg-type]


@pytest.mark.parametrize("level", ["nominal", "ordinal"])
@pytest.mark.parametrize("seed", range(5))
def test_alpha_equals_the_reference_package(level: str, seed: int) -> None:
    generator = np.random.default_rng(seed)
    ratings = generator.integers(1, 6, (4, 30)).astype(float)
    ratings[generator.random(ratings.shape) < 0.3] = np.nan
    units = [[None if np.isnan(v) else int(v) for v in unit] for unit in ratings.T]
    theirs = krippendorff.alpha(ratings, level_of_measurement=level, value_domain=SCALE)
    assert krippendorff_alpha(units, SCALE, level) == pytest.approx(theirs, rel=1e-12)  # type: ignore[arg-type]


def test_alpha_by_hand() -> None:
    # two raters, values a a | a b | b b: coincidences aa 2, ab 1, ba 1, bb 2; 3 a and 3 b
    # observed 2, expected 2 x 3 x 3 / 5
    assert krippendorff_alpha(["aa", "ab", "bb"], "ab") == pytest.approx(1 - 2 / (18 / 5))


def test_alpha_is_one_where_all_agree_and_undefined_where_nothing_varies() -> None:
    assert krippendorff_alpha([(1, 1), (5, 5)], SCALE, "ordinal") == 1
    assert krippendorff_alpha([(3, 3), (3, 3)], SCALE, "ordinal") is None
    assert krippendorff_alpha([(3, None), (None, 4)], SCALE) is None
    assert krippendorff_alpha([], SCALE) is None


def test_kappa_of_a_table_by_hand() -> None:
    # 20 both yes, 5 and 10 apart, 15 both no: observed 0.7, chance 0.5
    first = ["y"] * 25 + ["n"] * 25
    second = ["y"] * 20 + ["n"] * 5 + ["y"] * 10 + ["n"] * 15
    assert cohen_kappa(first, second) == pytest.approx(0.4)


@pytest.mark.parametrize("weights", [None, "quadratic"])
def test_kappa_equals_scikit_learn(weights: str | None) -> None:
    generator = np.random.default_rng(3)
    first = generator.integers(1, 6, 60).tolist()
    second = np.clip(first + generator.integers(-2, 3, 60), 1, 5).tolist()
    theirs = cohen_kappa_score(first, second, labels=SCALE, weights=weights)
    ours = cohen_kappa([*first, None, 2], [*second, 1, None], order=SCALE if weights else ())
    assert ours == pytest.approx(theirs, rel=1e-12)


def test_kappa_is_undefined_where_both_always_say_the_same() -> None:
    assert cohen_kappa([1, 1], [1, 1]) is None
    assert cohen_kappa([1, None], [None, 1]) is None


# Fleiss 1971 as tabled in the literature: 10 subjects, 14 raters, 5 categories; kappa 0.210
FLEISS = (
    (0, 0, 0, 0, 14),
    (0, 2, 6, 4, 2),
    (0, 0, 3, 5, 6),
    (0, 3, 9, 2, 0),
    (2, 2, 8, 1, 1),
    (7, 7, 0, 0, 0),
    (3, 2, 6, 3, 0),
    (2, 5, 3, 2, 2),
    (6, 5, 2, 1, 0),
    (0, 2, 2, 3, 7),
)


def test_fleiss_of_the_published_table() -> None:
    units = [[v for v, n in enumerate(row) for _ in range(n)] for row in FLEISS]
    assert fleiss_kappa(units) == pytest.approx(0.210, abs=5e-4)
    assert fleiss_kappa([*units, [None, *units[0][1:]]]) == fleiss_kappa(units)


def test_fleiss_is_undefined_for_one_rater_or_one_value() -> None:
    assert fleiss_kappa([[1], [2]]) is None
    assert fleiss_kappa([[1, 1], [1, 1]]) is None
    assert fleiss_kappa([[1, None]]) is None
