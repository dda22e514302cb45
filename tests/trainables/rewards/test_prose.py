"""Prose against lists, repetition and length."""

import pytest

from trainables.rewards.prose import distinct, prose, prose_sentences


def test_sentences_that_are_lists_do_not_count() -> None:
    text = "The fever is from a virus. Gout. Asthma anemia migraine psoriasis cataract."
    assert prose_sentences(text) == ["The fever is from a virus."]
    assert prose(text) == pytest.approx(6 / 12)
    assert prose("The fever is from a virus.") == 1
    assert prose("Aspirin, 81 mg.") == 1
    assert prose("") == 0
    assert prose("This is the end one two three four five six seven eight.") == 0


def test_repetition() -> None:
    words = ["the", "fever", "is", "from", "a", "virus"]
    assert distinct(words) == 1
    assert distinct(words * 2) == pytest.approx((6 / 10) ** 2)
    assert distinct(["fever"] * 100) < 0.01
    assert distinct(["fever"] * 3) == 0
    assert distinct(["b"]) == 1


def test_long_answers_lose_in_proportion() -> None:
    text = " ".join(f"It is the {n}th of them." for n in range(200))
    assert prose(text) <= 400 / 1200
