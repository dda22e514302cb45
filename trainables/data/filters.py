"""All filters of rows of one source, in their order."""

from collections.abc import Sequence

from trainables.data.cleaning import clean, judged
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


def dropped_rows(rows: Sequence[Row], config: CleaningConfig) -> list[tuple[str, Row]]:
    """The rows that `clean_rows` drops, each with the step that does."""
    found = [(reason, row) for row, reason in judged(rows, config) if reason]
    kept = clean(rows, config)[0]
    left = drop_exact(kept)[0]
    found += [("exact_duplicate", row) for row in _gone(kept, left)]
    if config.near_duplicate_threshold is not None:
        near = drop_near(left, config.near_duplicate_threshold)[0]
        found += [("near_duplicate", row) for row in _gone(left, near)]
    return found


def _gone(before: Sequence[Row], after: Sequence[Row]) -> list[Row]:
    kept = {row.id for row in after}
    return [row for row in before if row.id not in kept]


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
