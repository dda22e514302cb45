"""Win rates by hand."""

import pytest
from scipy.stats import binomtest

from analysis.ratings.preference import (
    Preference,
    preference_agreement,
    side_shares,
    win_rate,
)


def _of(rater: str, outcomes: str) -> list[Preference]:
    """One letter a question: f, s, t, and a dot where none was given."""
    names = {"f": "first", "s": "second", "t": "tie"}
    return [Preference(rater, str(i), names[o]) for i, o in enumerate(outcomes) if o != "."]


def test_one_rater_by_hand() -> None:
    found = win_rate(_of("a", "ffffffsstt"))
    assert found["win_rate"] == pytest.approx(0.7)  # 6 + 2 halves of 10
    assert found["ratings"] == {"first": 6, "tie": 2, "second": 2} == found["questions"]
    assert found["decided_share"] == pytest.approx(0.75)
    wilson = binomtest(6, 8).proportion_ci(0.95, method="wilson")
    assert found["decided_interval"] == pytest.approx(tuple(wilson), rel=1e-9)
    assert found["p"] == pytest.approx(74 / 256)  # 2 x (1 + 8 + 28) / 256
    low, high = found["interval"]
    assert low < 0.7 < high


def test_several_raters_count_a_question_once_in_the_test() -> None:
    found = win_rate(_of("a", "fffs") + _of("b", "ftss") + _of("c", "fs.."))
    # questions: f f f → first; f t s → tie; f s → tie; s s → second
    assert found["questions"] == {"first": 1, "tie": 2, "second": 1}
    assert found["ratings"] == {"first": 5, "tie": 1, "second": 4}
    assert found["win_rate"] == pytest.approx(5.5 / 10)
    assert found["p"] == 1


def test_more_raters_a_question_do_not_narrow_what_questions_leave_open() -> None:
    one = _of("a", "fffffsssss")
    many = [p._replace(rater=r) for r in "abcdef" for p in one]
    alone, together = (win_rate(p)["interval"] for p in (one, many))
    assert together == pytest.approx(alone)


def test_nothing_decided_and_nothing_rated() -> None:
    tied = win_rate(_of("a", "ttt"))
    assert (tied["win_rate"], tied["decided_share"], tied["p"]) == (0.5, None, None)
    assert win_rate([])["win_rate"] is None


def test_agreement_is_on_the_answer_preferred_not_on_its_side() -> None:
    agreeing = _of("a", "fsft") + _of("b", "fsft")
    assert preference_agreement(agreeing) == {
        "krippendorff_alpha": 1,
        "fleiss_kappa": 1,
        "cohen_kappa": 1,
    }
    assert preference_agreement(_of("a", "fs"))["krippendorff_alpha"] is None
    three = preference_agreement(agreeing + _of("c", "sfst"))
    assert three["cohen_kappa"] is None
    assert three["krippendorff_alpha"] < 0.5


def test_sides() -> None:
    chosen = [Preference("a", "1", "first", "A"), Preference("a", "2", "first", "B")]
    assert side_shares([*chosen, Preference("a", "3", "tie")]) == {"A": 1, "B": 1}
