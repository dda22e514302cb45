"""What `data.validation` and `data.test` may name."""

from collections.abc import Iterable, Sequence
from typing import Any

from trainables.section import refused

# a file, several, a folder, or `split:NAME`, a published split of the source
OwnRows = str | tuple[str, ...] | None
SPLIT = "split:"  # what a published split's name begins with


def check_own_rows(source: str, hub_split: str | None, validation: OwnRows, test: OwnRows) -> None:
    """Raise ValueError where rows are trained on and measured on, or validated and tested on."""
    named = {"validation": named_rows(validation), "test": named_rows(test)}
    if twice := set(named["validation"]) & set(named["test"]):
        raise ValueError(f"validation and test both name {min(twice)}: give each rows of its own")
    for which, names in named.items():
        if source in names or f"{SPLIT}{hub_split or 'train'}" in names:
            raise ValueError(f"{which} names the training rows themselves: give it other rows")
        if any(name.startswith(SPLIT) for name in names) and source.startswith(("hpo:", "toy:")):
            raise ValueError(f"{source} has no published splits: name a file in {which}")
        if rows_empty(validation if which == "validation" else test):
            raise ValueError(f"{which} names no file: name one, or remove it")


def check_apart_of_mixture(validation: OwnRows, test: OwnRows, parts: Sequence[Any]) -> None:
    """Raise ValueError where a whole mixture's own rows cannot be: `parts` are its sources."""
    for which, rows in (("validation", validation), ("test", test)):
        for name in named_rows(rows):
            if name.startswith(SPLIT):
                raise ValueError(
                    f"{which} names a published split, and a mixture has none: name a file, or "
                    "write it in a source of the mixture"
                )
            if name in [part.source for part in parts]:
                raise ValueError(
                    f"{which} names training rows ({name}, a source of the mixture): give it others"
                )
        if rows is not None and which in [part.label for part in parts]:
            raise ValueError(
                f"a source of the mixture is called {which}, as the rows of the whole are: give it "
                "another `name`"
            )
        if rows is not None and any(getattr(part, which) is not None for part in parts):
            raise ValueError(
                f"{which} is named for the whole mixture and for a source of it: write one of them"
            )


def named_rows(rows: OwnRows) -> tuple[str, ...]:
    """The files, folders or splits that `validation` or `test` names."""
    return (rows,) if isinstance(rows, str) else rows or ()


def rows_empty(rows: OwnRows) -> bool:
    """Whether rows are asked for and nothing is named."""
    return rows is not None and not all(named_rows(rows) or ("",))


def check_drawn(seed: int | None, validation: Iterable[OwnRows]) -> None:
    """Raise PydanticCustomError where validation rows that are their own would be drawn anew."""
    if seed is not None and any(rows is not None for rows in validation):
        what = "draws validation rows, and there are validation rows of their own"
        raise refused("validation_seed", seed, what, "Remove one of the two")
