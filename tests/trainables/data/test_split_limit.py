"""The same validation rows whatever `limit` leaves of the training rows."""

import pytest

from tests.trainables.data.test_prepare import tokenizer
from trainables.data.config import Component, DataConfig
from trainables.data.pairs.config import PairsConfig
from trainables.data.prepare import prepare
from trainables.data.prepared import Prepared

ROWS = 120


def made(limit: int | None, split_limit: int | str | None = ROWS, **more: object) -> Prepared:
    data = DataConfig(source="toy:drugs", limit=limit, split_limit=split_limit, **more)  # type: ignore[arg-type]
    return prepare(data, tokenizer, "bytes", 4000)


def test_a_limit_leaves_training_rows_out_only() -> None:
    whole, few, fewer = made(ROWS), made(60), made(20)
    assert few.validation.ids == fewer.validation.ids == whole.validation.ids
    assert whole.report["test_sha256"] == few.report["test_sha256"]
    assert set(fewer.train.ids) < set(few.train.ids) < set(whole.train.ids)
    shares = [len(made.train) / len(whole.train) for made in (few, fewer)]
    assert shares == pytest.approx([60 / ROWS, 20 / ROWS], abs=0.02)
    left_out = len(whole.train) - len(few.train)
    assert few.report["dropped"]["over_limit"] - whole.report["dropped"]["over_limit"] == left_out


def test_without_a_smaller_limit_rows_are_those_that_the_limit_alone_gives() -> None:
    plain = made(ROWS, None)
    for same in (made(ROWS), made(None)):
        assert same.train.ids == plain.train.ids
        assert same.validation.ids == plain.validation.ids
    everything = made(None, None)
    assert made(20, "all").validation.ids == everything.validation.ids


def test_folds_are_of_all_that_is_split() -> None:
    few, whole = made(30, folds=3, fold=2), made(ROWS, folds=3, fold=2)
    assert few.validation.ids == whole.validation.ids
    assert set(few.train.ids) < set(whole.train.ids)


def test_each_component_of_a_mixture_has_its_own() -> None:
    def mixed(limit: int) -> Prepared:
        parts = (
            Component(source="toy:drugs", name="a", limit=limit, split_limit=60),
            Component(source="toy:drugs", name="b", limit=40),
        )
        return prepare(DataConfig(mixture=parts), tokenizer, "bytes", 4000)

    few, many = mixed(20), mixed(60)
    assert few.validation.ids == many.validation.ids
    assert len(few.train) < len(many.train)


def test_pairs_too() -> None:
    def paired(limit: int) -> Prepared:
        data = PairsConfig(source="toy:drugs", limit=limit, split_limit=40)
        return prepare(data, tokenizer, "bytes", 4000)

    few, many = paired(10), paired(40)
    assert few.validation.ids == many.validation.ids
    assert set(few.train.ids) < set(many.train.ids)
    assert few.report["dropped"]["over_limit"] > many.report["dropped"]["over_limit"]


def test_validation_rows_are_cut_at_their_own_length() -> None:
    data = DataConfig(source="toy:drugs", limit=60, system_prompt=None)
    short = prepare(data, tokenizer, "bytes", 200)
    held = prepare(data, tokenizer, "bytes", 200, measured_length=400)
    long = prepare(data, tokenizer, "bytes", 400)
    assert len({short.key, held.key, long.key}) == 3
    assert held.train.tokens.tolist() == short.train.tokens.tolist()
    assert held.validation.tokens.tolist() == long.validation.tokens.tolist()
    assert held.report["cut_at"] == {"train": 200, "validation": 400}
    assert prepare(data, tokenizer, "bytes", 200, measured_length=200).key == short.key
