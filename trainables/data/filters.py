"""All filters of rows of one source, in their order."""

from collections.abc import Sequence

from trainables.data.cleaning import clean
from trainables.data.config import CleaningConfig
from trainables.data.duplicates import drop_exact, drop_near
from trainables.data.rows import Row
from trainables.errors import InputError


def clean_rows(rows: Sequence[Row], config: CleaningConfig) -> tuple[list[Row], dict[str, int]]:
    """Filters, then exact, then near duplicates: the rows left and how many each step dropped."""
    kept, dropped = clean(rows, config)
    kept, dropped["exact_duplicate"] = drop_exact(kept)
    dropped["near_duplicate"] = 0
    if config.near_duplicate_threshold is not None:
        kept, dropped["near_duplicate"] = drop_near(kept, config.near_duplicate_threshold)
    return kept, dropped


def refuse_few(
    rows: Sequence[object],
    read: int,
    dropped: dict[str, int],
    least: int = 2,
    field: str = "data.cleaning",
) -> None:
    """InputError where cleaning leaves fewer than `least` rows of those read."""
    if len(rows) >= least:
        return
    counts = ", ".join(f"{reason} {count}" for reason, count in dropped.items() if count)
    raise InputError(
        field,
        None,
        f"{len(rows)} of {read} rows left after cleaning (dropped: {counts or 'none'})",
        "Check data.fields, loosen data.cleaning or raise data.limit.",
    )
