"""Folding and sentences."""

import pytest

from trainables.clinical.words import fold, folded, sentences


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Diabetes", "diabete"),
        ("seizures", "seizure"),
        ("allergies", "allergy"),
        ("diagnoses", "diagnosis"),
        ("metastases", "metastasis"),
        ("paralysis", "paralysis"),
        ("virus", "virus"),
        ("abscess", "abscess"),
        ("Alzheimer's", "alzheimer"),
        ("Alzheimer’s", "alzheimer"),
        ("gas", "gas"),
        ("diseases", "disease"),
    ],
)
def test_fold(written: str, expected: str) -> None:
    assert fold(written) == expected


def test_hyphens_part_words() -> None:
    assert folded("Beta-blockers (oral)") == ("beta", "blocker", "oral")


def test_sentences() -> None:
    text = "See Dr. Smith. Take 2.5 mg daily, e.g. at noon! Then wait?\n- Rest\n\n- Drink"
    assert sentences(text) == [
        "See Dr. Smith.",
        "Take 2.5 mg daily, e.g. at noon!",
        "Then wait?",
        "- Rest",
        "- Drink",
    ]
    assert sentences("  \n ") == []
