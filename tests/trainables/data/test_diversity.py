"""The report on diversity, on hand-computed values."""

import pytest

from trainables.data import diversity as d
from trainables.data.rows import Row


def test_repeated() -> None:
    assert d.repeated(["A b?", "a  B?", "c?", "a b?"]) == 2


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("What is it?", "what"),
        ("In a cold, how do you sleep?", "how"),
        ("Is it so?", "yes/no"),
        ("It is said.\n\nDoes it rain?\nAnswer with yes or no.", "yes/no"),
        ("Describe the finding.", "other"),
        ("", "other"),
    ],
)
def test_question_type(question: str, kind: str) -> None:
    assert d.question_type(question) == kind


def test_shares_most_frequent_first() -> None:
    assert list(d.shares(["a", "b", "b", "c"]).items()) == [("b", 0.5), ("a", 0.25), ("c", 0.25)]


def test_spread() -> None:
    assert d.spread([]) == {}
    assert d.spread([7]) == {"mean": 7, "p5": 7, "median": 7, "p95": 7, "max": 7}
    # 21 lengths 0..20: linear interpolation as numpy's default
    assert d.spread(list(range(21))) == {"mean": 10, "p5": 1, "median": 10, "p95": 19, "max": 20}


def test_distinct() -> None:
    texts = [["a", "b", "a", "b"], ["a", "b"]]
    assert d.distinct(texts, 1) == 2 / 6
    assert d.distinct(texts, 2) == 2 / 4  # ab, ba, ab | ab
    assert d.distinct([["a"]], 2) == 0


def test_windowed_type_token_ratio() -> None:
    words = ["a", "b", "a", "a", "c"]
    # windows of 3: aba 2, baa 2, aac 2
    assert d.windowed_type_token_ratio(words, 3) == pytest.approx(6 / 9)
    assert d.windowed_type_token_ratio(words, 2) == pytest.approx((2 + 2 + 1 + 2) / 8)
    assert d.windowed_type_token_ratio(words, 100) == 3 / 5
    assert d.windowed_type_token_ratio([], 3) == 0


def test_report() -> None:
    rows = [
        Row("1", "g", "What is it?", "A cold. A cold.", subject="airways"),
        Row("2", "g", "what is it?", "The flu", subject="airways"),
        Row("3", "g", "", "Plain text here", "text"),
    ]
    report = d.diversity(rows)
    assert report["repeated_questions"] == 1
    assert report["question_types"] == {"what": 1.0}
    assert report["question_words"]["mean"] == 3
    assert report["answer_words"]["max"] == 4
    assert report["vocabulary"] == 10  # what is it a cold the flu plain text here
    assert report["type_token_ratio"] == pytest.approx(7 / 9)
    assert report["distinct_1"] == pytest.approx(7 / 9)
    assert report["distinct_2"] == pytest.approx(5 / 6)
    assert report["topics"] == {"airways": 1.0}
    assert "topics" not in d.diversity(rows, topics=False)
