"""Every point of a finite space, in an order shuffled by the sweep's seed."""

import random
from typing import Any

from search_spaces.space import Space


def point(space: Space, seed: int, index: int) -> dict[str, Any] | None:
    """The `index`-th point; None after the last."""
    points = list(space.points())
    random.Random(seed).shuffle(points)
    return points[index] if index < len(points) else None
