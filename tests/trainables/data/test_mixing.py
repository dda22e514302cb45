"""How many rows a mixture draws of each component, and which."""

from collections import Counter

import pytest

from trainables.data.mixing import MOST_REPEATS, drawn_places, normalised, rows_drawn


def test_weights_are_normalised() -> None:
    assert normalised({"a": 1, "b": 3}) == {"a": 0.25, "b": 0.75}


@pytest.mark.parametrize(
    ("available", "weights", "expected"),
    [
        ({"a": 80, "b": 20}, {"a": 1, "b": 1}, {"a": 50, "b": 50}),
        ({"a": 80, "b": 20}, {"a": 0.8, "b": 0.2}, {"a": 80, "b": 20}),
        ({"a": 80, "b": 20}, {"a": 1, "b": 0}, {"a": 100, "b": 0}),
        # b may be repeated 4 times: 40 rows are four fifths of 50
        ({"a": 90, "b": 10}, {"a": 1, "b": 4}, {"a": 10, "b": 40}),
        # largest remainder: 10 rows in thirds
        ({"a": 4, "b": 3, "c": 3}, {"a": 1, "b": 1, "c": 1}, {"a": 4, "b": 3, "c": 3}),
    ],
)
def test_rows_drawn(
    available: dict[str, int], weights: dict[str, float], expected: dict[str, int]
) -> None:
    assert rows_drawn(available, weights) == expected


def drawn(weights: dict[str, float], seed: int = 1) -> list[str]:
    components = ["a"] * 60 + ["b"] * 40
    ids = [f"{name}/{place}" for place, name in enumerate(components)]
    return [ids[place] for place in drawn_places(ids, components, weights, seed)]


def test_rows_occur_once_where_there_are_enough() -> None:
    rows = drawn({"a": 0.6, "b": 0.4})
    assert len(rows) == len(set(rows)) == 100
    few = drawn({"a": 0.9, "b": 0.1})
    assert Counter(row[0] for row in few) == {"a": 90, "b": 10}
    assert len({row for row in few if row[0] == "b"}) == 10
    # each row of a once before one occurs again
    assert set(Counter(row for row in few if row[0] == "a").values()) == {1, 2}


def test_rows_repeat_so_often_at_most() -> None:
    rows = Counter(drawn({"a": 0.001, "b": 0.999}))
    assert max(rows.values()) <= MOST_REPEATS
    lone = Counter(drawn({"a": 0, "b": 1}))
    assert set(lone.values()) == {2, 3}
    assert sum(lone.values()) == 100


def test_a_larger_weight_adds_rows() -> None:
    small, large = drawn({"a": 0.7, "b": 0.3}), drawn({"a": 0.65, "b": 0.35})
    assert {r for r in small if r[0] == "b"} < {r for r in large if r[0] == "b"}


def test_the_seed_decides() -> None:
    assert drawn({"a": 0.9, "b": 0.1}) == drawn({"a": 0.9, "b": 0.1})
    assert set(drawn({"a": 0.9, "b": 0.1})) != set(drawn({"a": 0.9, "b": 0.1}, seed=2))
