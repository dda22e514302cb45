"""Mean ratings, paired differences and agreement by hand."""

import pytest

from analysis.ratings.scores import Score, mean_scores, paired_difference, score_agreement


def _of(rater: str, source: str, values: str, criterion: str = "accuracy") -> list[Score]:
    """One digit a question, a dot where none was given."""
    return [
        Score(rater, f"{source}{q}", str(q), source, criterion, int(v))
        for q, v in enumerate(values)
        if v != "."
    ]


def test_means_are_over_questions_not_ratings() -> None:
    (row,) = mean_scores(_of("a", "best", "51") + _of("b", "best", "5.") + _of("c", "best", "2."))
    # question 0: (5 + 5 + 2) / 3 = 4, question 1: 1
    assert (row["source"], row["criterion"]) == ("best", "accuracy")
    assert row["mean"] == pytest.approx(2.5)
    assert (row["questions"], row["ratings"]) == (2, 4)
    assert row["interval"] == (1, 4)


def test_differences_are_paired_by_question() -> None:
    scores = _of("a", "best", "543.") + _of("a", "base", "32.1")
    found = paired_difference(scores, "accuracy", "best", "base")
    assert found is not None
    assert (found["difference"], found["questions"]) == (2, 2)
    # both gaps are 2, though the sources' own scores vary: a paired bootstrap sees no spread
    assert found["interval"] == (2, 2)


def test_no_common_question_is_no_difference() -> None:
    scores = _of("a", "best", "5.") + _of("a", "base", ".3")
    assert paired_difference(scores, "accuracy", "best", "base") is None
    assert paired_difference(scores, "harm", "best", "base") is None


def test_agreement_weighs_distance() -> None:
    near = _of("a", "best", "12345") + _of("b", "best", "12344")
    far = _of("a", "best", "12345") + _of("b", "best", "12341")
    for name in ("krippendorff_alpha", "cohen_kappa"):
        close, apart = (score_agreement(s, "accuracy")[name] for s in (near, far))
        assert close is not None
        assert apart is not None
        assert close > 0.9 > apart
    assert score_agreement(near, "harm")["krippendorff_alpha"] is None
