"""ROUGE by hand."""

import pytest

from trainables.evaluation.rouge import rouge, rouge_each


def test_by_hand() -> None:
    # words in common: the, cat, the, mat of 6 and 5; pairs: the-cat, the-mat of 5 and 4;
    # longest common subsequence: the cat the mat
    found = rouge(["the cat sat on the mat"], ["the cat by the mat"])
    assert found == pytest.approx(
        {
            "rouge1": 2 * (4 / 6) * (4 / 5) / (4 / 6 + 4 / 5),
            "rouge2": 2 * (2 / 5) * (2 / 4) / (2 / 5 + 2 / 4),
            "rougeL": 2 * (4 / 6) * (4 / 5) / (4 / 6 + 4 / 5),
        }
    )


def test_order_matters_to_rouge_l_only_for_subsequences() -> None:
    found = rouge(["b a"], ["a b"])
    assert found == pytest.approx({"rouge1": 1.0, "rouge2": 0.0, "rougeL": 0.5})


def test_the_mean_over_rows_case_and_no_stemming() -> None:
    assert rouge(["Fever.", "fevers"], ["fever", "fever"])["rouge1"] == pytest.approx(0.5)
    assert rouge([""], ["fever"]) == {"rouge1": 0.0, "rouge2": 0.0, "rougeL": 0.0}


def test_rows_must_pair_up() -> None:
    with pytest.raises(ValueError, match="zip"):
        rouge(["a"], ["a", "b"])


def test_each_row_has_its_own() -> None:
    found = rouge_each(["the cat", "a dog"], ["the cat", "the cat"])
    assert found == {"rouge1": [1.0, 0.0], "rouge2": [1.0, 0.0], "rougeL": [1.0, 0.0]}
