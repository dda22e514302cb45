"""Which option an answer chose."""

import pytest

from trainables.evaluation.consistency import Vote, majority
from trainables.evaluation.extraction import chosen_option

DRUGS = ("Metformin", "Insulin", "Insulin glargine", "None of the above")
DECISIONS = ("yes", "no", "maybe")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("B. Insulin", 1),
        ("(C)", 2),
        ("**D**", 3),
        ("A", 0),
        ("A\nBecause it is first-line.", 0),
        ("Final answer: C. Insulin glargine", 2),
        ("The answer is (B).", 1),
        ("answer: b", 1),
        ("Option A is tempting, but the correct answer is C", 2),
        ("Metformin lowers glucose. Final answer: B", 1),
        ("Metformin", 0),
        ("insulin glargine, given once a day", 2),
        ("The best choice here would be metformin.", 0),
        ("Insulin glargine would be given", 2),
        ("Final answer: metformin", 0),
        ("The answer is a lesion of the brain", None),
        ("A patient with diabetes needs metformin and insulin.", None),
        ("I cannot say.", None),
        ("E", None),
        ("", None),
    ],
)
def test_letters_and_words(text: str, expected: int | None) -> None:
    assert chosen_option(text, DRUGS) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Yes.", 0),
        ("no, the trial found no effect", 1),
        ("Maybe", 2),
        ("The evidence is mixed. Final answer: maybe", 2),
        ("Answer: yes", 0),
        ("Nobody knows", None),
        ("It is yes or no", None),
    ],
)
def test_decisions(text: str, expected: int | None) -> None:
    assert chosen_option(text, DECISIONS) == expected


def test_the_majority_s_agreement_counts_all_samples() -> None:
    assert majority([1, 2, 1, None]) == Vote(1, 0.5)
    assert majority([None, None]) == Vote(None, 0.0)
    assert majority([2, 0, 0, 2]) == Vote(2, 0.5)
