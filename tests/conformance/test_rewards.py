"""What every registered reward must do, called as TRL calls it."""

from typing import Any

import pytest

from tests.trainables.rewards.cases import CASES, columns_of
from trainables.rewards.registry import REWARDS

pytestmark = pytest.mark.parametrize("name", REWARDS)
ANSWERS = [text for case in CASES for text in (case["good"], *case["bad"].values())]
ROWS = [case for case in CASES for _ in range(1 + len(case["bad"]))]
PROMPTS = [case["question"] for case in ROWS]


def rewards(name: str, answers: list[Any] = ANSWERS, prompts: list[Any] = PROMPTS) -> list[float]:
    return REWARDS[name](prompts, answers, **columns_of(ROWS))


def test_values_lie_in_0_to_1_and_differ(name: str) -> None:
    found = rewards(name)
    assert len(found) == len(ANSWERS)
    assert all(type(value) is float and 0 <= value <= 1 for value in found)
    assert len({round(value, 6) for value in found}) > 5


def test_the_same_twice(name: str) -> None:
    assert rewards(name) == rewards(name)


def test_the_batch_does_not_matter(name: str) -> None:
    whole = rewards(name)
    for n in (0, 7, len(ROWS) - 1):
        alone = REWARDS[name]([PROMPTS[n]], [ANSWERS[n]], **columns_of([ROWS[n]]))
        assert alone == [whole[n]]
    backwards = REWARDS[name](PROMPTS[::-1], ANSWERS[::-1], **columns_of(ROWS[::-1]))
    assert backwards[::-1] == whole


def test_chat_messages_are_their_text(name: str) -> None:
    prompts = [
        [{"role": "system", "content": "Be an oncologist."}, {"role": "user", "content": prompt}]
        for prompt in PROMPTS
    ]
    answers = [[{"role": "assistant", "content": answer}] for answer in ANSWERS]
    assert rewards(name, answers, prompts) == rewards(name)


def test_an_empty_batch_and_empty_answers(name: str) -> None:
    assert REWARDS[name]([], [], answer=[]) == []
    assert rewards(name, [""] * len(ROWS)) == [0.0] * len(ROWS)
    assert rewards(name, [[]] * len(ROWS)) == [0.0] * len(ROWS)


def test_columns_it_does_not_know_are_ignored(name: str) -> None:
    more = REWARDS[name](
        PROMPTS, ANSWERS, **columns_of(ROWS), completion_ids=[[1]] * len(ROWS), trainer_state=None
    )
    assert more == rewards(name)


def test_it_says_what_it_is(name: str) -> None:
    import sys

    text = sys.modules[REWARDS[name].__module__].__doc__ or ""
    assert text.startswith(f"Reward `{name}`")
    assert all(part in text for part in ("Definition.", "Failure cases.", "Examples."))
