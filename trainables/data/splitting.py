"""Training, validation and test rows: split by group, the same for the same rows and seed."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from trainables.errors import InputError
from trainables.seeds import derived_seed


class Grouped(Protocol):
    """What can be split: a row, or a pair of answers."""

    @property
    def id(self) -> str:
        """Unique in its source."""

    @property
    def group(self) -> str:
        """What stays on one side of a split."""


G = TypeVar("G", bound=Grouped)


def split_by_group(
    rows: Sequence[G], shares: Sequence[float], seed: int
) -> tuple[list[G], list[G], list[G]]:
    """(train, validation, test) with about `shares` of the rows each, no group in two of them.

    Groups come in an order drawn from `seed` and go one by one to the split that lacks most rows
    of its share, so where every row is its own group this is the ordinary seeded shuffle. Rows of
    a split are shuffled by the seed too, so that its first n rows are a sample of it. A test split
    of few groups may stay empty. Raises InputError where training or validation would.
    """
    sizes = Counter(row.group for row in rows)
    assigned = _assign(sizes, shares, seed)
    _fill_validation(assigned, sizes)
    ordered = sorted(rows, key=lambda row: seeded_order(seed, "row", row.id))
    train, validation, test = (
        [row for row in ordered if assigned[row.group] == split] for split in range(3)
    )
    return train, validation, test


def drawn_anew(
    train: list[G], validation: list[G], shares: tuple[float, float, float], seed: int | None
) -> tuple[list[G], list[G]]:
    """Training and validation rows split once more by a seed of their own, whatever the test rows
    are: those of another seed are other ones. As they are where `seed` is None."""
    if seed is None:
        return train, validation
    kept = without_test_share(shares)
    return split_by_group([*train, *validation], kept, derived_seed("validation", seed))[:2]


def without_test_share(shares: tuple[float, float, float]) -> tuple[float, float, float]:
    """The shares of training and validation rows where the test rows are others."""
    of_both = shares[0] + shares[1]
    return shares[0] / of_both, shares[1] / of_both, 0.0


def fold_by_group(rows: Sequence[G], folds: int, fold: int, seed: int) -> tuple[list[G], list[G]]:
    """(train, validation) of fold number `fold` (from 1) of `folds`: k-fold cross-validation.

    Each group is in the validation rows of exactly one fold; groups come in an order drawn from
    `seed` and go one by one to the smallest fold, so the folds are about equally large. Raises
    InputError where there are fewer groups than folds.
    """
    sizes = Counter(row.group for row in rows)
    if len(sizes) < folds:
        message = f"{len(sizes)} group(s) of rows cannot be cut into {folds} folds"
        raise InputError("data.folds", folds, message, "Give fewer folds or finer groups.")
    filled = [0] * folds
    assigned = {}
    for group in _shuffled(sizes, seed):
        smallest = filled.index(min(filled))
        filled[smallest] += sizes[group]
        assigned[group] = smallest
    held = fold - 1
    train = [row for row in rows if assigned[row.group] != held]
    return train, [row for row in rows if assigned[row.group] == held]


def subsample(rows: Sequence[G], limit: int | None, seed: int) -> list[G]:
    """At most `limit` rows drawn with `seed`, in their old order; null keeps all."""
    if limit is None or limit >= len(rows):
        return list(rows)
    drawn = sorted(rows, key=lambda row: seeded_order(seed, "limit", row.id))[:limit]
    chosen = {row.id for row in drawn}
    return [row for row in rows if row.id in chosen]


def rows_split(limit: int | None, split_limit: int | str | None) -> int | None:
    """How many rows are split, of `limit` that are kept; None: all."""
    if split_limit is None:
        return limit
    return split_limit if isinstance(split_limit, int) else None


def share_of(train: Sequence[G], split: int, limit: int | None, seed: int) -> list[G]:
    """The training rows that `limit` keeps where `split` rows were split: as great a share of them
    as of all, drawn as `subsample` draws. Those of a smaller limit are among those of a larger."""
    if limit is None or limit >= split:
        return list(train)
    return subsample(train, max(1, round(len(train) * limit / split)), seed)


def seeded_order(seed: int, use: str, name: str) -> bytes:
    """A key to sort by that looks random, the same on every machine and Python version."""
    return hashlib.sha256(f"{seed}:{use}:{name}".encode("utf-8", "surrogatepass")).digest()


def _assign(sizes: Counter[str], shares: Sequence[float], seed: int) -> dict[str, int]:
    """Each group's split: 0, 1 or 2."""
    missing = [share * sizes.total() for share in shares]
    assigned = {}
    for group in _shuffled(sizes, seed):
        split = max(range(3), key=lambda index: missing[index])
        missing[split] -= sizes[group]
        assigned[group] = split
    return assigned


def _shuffled(groups: Iterable[str], seed: int) -> list[str]:
    return sorted(groups, key=lambda group: seeded_order(seed, "group", group))


def _fill_validation(assigned: dict[str, int], sizes: Counter[str]) -> None:
    """Few groups can leave validation empty; then the smallest training group goes there."""
    if 1 in assigned.values():
        return
    training = [group for group, split in assigned.items() if split == 0]
    if len(training) < 2:
        raise InputError(
            "data.split",
            None,
            f"{len(sizes)} group(s) of rows cannot be split into training and validation rows",
            "Give more rows, raise data.limit, or name a finer data.fields.group.",
        )
    assigned[min(training, key=lambda group: sizes[group])] = 1
