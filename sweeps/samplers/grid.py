"""Every point of a finite space, in an order shuffled by the sweep's seed."""

import random
from functools import lru_cache
from typing import Any

from search_spaces.space import Space
from sweeps.samplers.permutation import shuffled

# up to so many points the order is that of `random.shuffle`, in which earlier versions ran grids of
# any size and resumed sweeps go on; a larger one is looked up
LISTED = 1_000_000


def point(space: Space, seed: int, index: int) -> dict[str, Any] | None:
    """The `index`-th point; None after the last. Raises SpaceError for a continuous space."""
    size = space.count()
    if index >= size:
        return None
    return space.at(_order(size, seed)[index] if size <= LISTED else shuffled(index, size, seed))


@lru_cache(maxsize=2)
def _order(size: int, seed: int) -> list[int]:
    order = list(range(size))
    random.Random(seed).shuffle(order)
    return order
