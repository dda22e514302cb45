"""Batches under a budget of tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainables.evaluation.batches import by_token_budget

LENGTHS = st.lists(st.integers(1, 300), max_size=60)


@given(LENGTHS, st.integers(1, 2000), st.integers(0, 200))
def test_every_row_once_within_the_budget_longest_first(
    lengths: list[int], budget: int, extra: int
) -> None:
    batches = list(by_token_budget(lengths, budget, extra))
    flat = [row for batch in batches for row in batch]
    assert sorted(flat) == list(range(len(lengths)))
    assert [lengths[row] for row in flat] == sorted(lengths, reverse=True)
    for batch in batches:
        assert batch
        padded = (lengths[batch[0]] + extra) * len(batch)
        assert padded <= budget or len(batch) == 1


@given(LENGTHS, st.integers(1, 2000), st.integers(0, 200))
def test_no_batch_ends_early(lengths: list[int], budget: int, extra: int) -> None:
    batches = list(by_token_budget(lengths, budget, extra))
    for batch in batches[:-1]:
        assert (lengths[batch[0]] + extra) * (len(batch) + 1) > budget


@pytest.mark.parametrize(
    ("budget", "extra", "expected"),
    [(20, 0, [[1, 2], [0, 3]]), (9, 0, [[1], [2], [0, 3]]), (100, 0, [[1, 2, 0, 3]])],
)
def test_by_hand(budget: int, extra: int, expected: list[list[int]]) -> None:
    assert list(by_token_budget([4, 9, 9, 3], budget, extra)) == expected
