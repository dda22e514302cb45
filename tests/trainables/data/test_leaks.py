"""Leaks are found, all of them, and only them."""

import random
import time

import pytest

from trainables.data.duplicates import jaccard, shingles
from trainables.data.items import Item
from trainables.data.leaks import leaks, without
from trainables.data.rows import Row

WORDS = [f"w{n}" for n in range(40)]


def row(answer: str, question: str = "What is it?") -> Row:
    return Row(f"{question}{answer}", "g", question, answer)


def varied(count: int, seed: int) -> list[Row]:
    """Texts of which many are alike: each copies an earlier one but for some words."""
    draw = random.Random(seed)
    rows = [row(" ".join(draw.choices(WORDS, k=20)))]
    while len(rows) < count:
        words = draw.choice(rows).answer.split()
        for _ in range(draw.randrange(4)):
            words[draw.randrange(len(words))] = draw.choice(WORDS)
        rows.append(row(" ".join(words)))
    return rows


@pytest.mark.parametrize("threshold", [0.3, 0.6, 0.85, 1.0])
def test_equal_to_comparing_every_pair(threshold: float) -> None:
    rows = varied(240, seed=3)
    train, held = rows[::2], rows[1::2]
    kept = [shingles(other) for other in held]
    expected = {
        place
        for place, own in enumerate(train)
        if any(jaccard(shingles(own), other) >= threshold for other in kept)
    }
    assert len(expected) > 10
    assert leaks(train, held, threshold) == expected


def test_case_and_punctuation_do_not_hide_a_leak_and_other_answers_are_none() -> None:
    held = [row("Rest, fluids and time.", "How is a cold treated?")]
    train = [
        row("rest fluids AND time", "how is a cold treated"),
        row("Antibiotics never help here.", "How is a cold treated?"),
    ]
    assert leaks(train, held) == {0}
    assert leaks([], held) == leaks(train, []) == set()


QUESTION = "A 40-year-old man has fever, a stiff neck and a headache; what is it most likely?"


def item(question: str, **more: str) -> Item:
    return Item("1", "g", question, more.pop("answer", "Meningitis"), **more)  # type: ignore[arg-type]


def test_rows_that_hold_a_benchmark_s_question_go_whatever_their_prompt() -> None:
    rows = [
        row("B. Meningitis", f"{QUESTION}\nA. Flu\nB. Meningitis"),
        row("Bacterial meningitis.", f"You are a doctor. {QUESTION.upper()}"),
        row("Meningitis", "A 50-year-old woman has a rash and a cough; what is it most likely?"),
    ]
    kept, dropped = without(rows, [item(QUESTION)])
    assert (kept, dropped) == (rows[2:], 2)


def test_a_short_or_shared_question_needs_its_passage_or_answer() -> None:
    rows = [row("Insulin lowers sugar.", "What is insulin?"), row("A drug.", "What is insulin?")]
    kept, dropped = without(rows, [item("What is insulin?", answer="Insulin lowers sugar.")])
    assert (kept, dropped) == (rows[1:], 1)
    asked = "Does this clinical text contain a medical error of any kind at all?"
    texts = ["The man took ten grams of aspirin a day", "The woman slept well in the cold room"]
    rows = [row("yes", f"{text}.\n\n{asked}") for text in texts]
    held = [item(asked, context=texts[0], answer=""), item(asked, context="Quite another text")]
    assert without(rows, held) == (rows[1:], 1)


@pytest.mark.slow
def test_100_000_rows_take_seconds() -> None:
    draw = random.Random(0)
    words = [f"w{int(draw.paretovariate(0.7))}" for _ in range(200_000)]
    rows = [row(" ".join(draw.choices(words, k=60))) for _ in range(100_000)]
    start = time.process_time()
    assert leaks(rows[:85_000], rows[85_000:]) == set()
    assert time.process_time() - start < 60
