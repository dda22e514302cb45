"""What of a metrics line a tracker can draw."""

import math
from typing import Any


def finite_numbers(values: dict[str, Any]) -> dict[str, float]:
    """The finite numbers among the values (truths, texts, nulls, NaN and infinity left out)."""
    return {
        name: float(value)
        for name, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }
