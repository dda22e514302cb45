"""What a data report says of rows with system prompts of their own."""

from collections.abc import Sequence
from typing import Any

from trainables.data.rows import Row


def system_prompts(rows: Sequence[Row], shown: bool) -> dict[str, Any] | None:
    """How many training rows have system prompts of their own, and how many different ones; the
    text where all rows have the same. None where no row has one."""
    own = [row.system for row in rows if row.system]
    different = set(own)
    if not own:
        return None
    alone = shown and len(different) == 1 and len(own) == len(rows)
    return {
        "rows": len(own),
        "of": len(rows),
        "different": len(different),
        "text": own[0] if alone else None,
    }
