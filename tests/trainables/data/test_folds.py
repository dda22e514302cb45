"""Grouped k-fold cross-validation."""

import pytest

from trainables.data.config import DataConfig
from trainables.data.prepare import prepare_text
from trainables.data.rows import Row
from trainables.data.splitting import fold_by_group
from trainables.errors import InputError

ROWS = [Row(f"{n}", f"g{n % 12}", f"Q{n}?", f"A{n}.") for n in range(60)]


def test_every_group_is_validated_on_once() -> None:
    folds = [fold_by_group(ROWS, 5, fold, seed=1) for fold in range(1, 6)]
    held = [row.id for _, validation in folds for row in validation]
    assert sorted(held, key=int) == [row.id for row in ROWS]
    for train, validation in folds:
        assert not {row.group for row in train} & {row.group for row in validation}
        assert len(train) + len(validation) == len(ROWS)
        assert 10 <= len(validation) <= 15


def test_the_seed_decides_and_the_order_of_rows_does_not() -> None:
    first = {row.id for row in fold_by_group(ROWS, 5, 1, seed=1)[1]}
    assert {row.id for row in fold_by_group(ROWS[::-1], 5, 1, seed=1)[1]} == first
    assert {row.id for row in fold_by_group(ROWS, 5, 1, seed=2)[1]} != first


def test_fewer_groups_than_folds() -> None:
    with pytest.raises(InputError, match=r"12 group\(s\) of rows cannot be cut into 13 folds"):
        fold_by_group(ROWS, 13, 1, seed=1)


def test_the_test_split_is_the_same_in_every_fold(cache: object) -> None:
    plain = prepare_text(DataConfig(source="toy:drugs"))
    folds = [
        prepare_text(DataConfig(source="toy:drugs", folds=4, fold=fold)) for fold in range(1, 5)
    ]
    assert {fold.report["test_sha256"] for fold in folds} == {plain.report["test_sha256"]}
    validated = sorted(row.id for fold in folds for row in fold.validation)
    assert validated == sorted(row.id for row in plain.train + plain.validation)
    assert len({row.id for row in folds[0].validation}) == len(validated) / 4


@pytest.mark.parametrize("given", [{"folds": 3, "fold": 4}, {"fold": 2}])
def test_a_fold_that_does_not_exist(given: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="does not exist"):
        DataConfig(source="toy:drugs", **given)  # type: ignore[arg-type]
