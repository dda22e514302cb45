"""Which training rows a mixture with weights is made of: pure functions of counts and a seed."""

from collections.abc import Mapping, Sequence
from math import floor

from trainables.data.splitting import seeded_order

MOST_REPEATS = 4  # times that one row may occur: Muennighoff et al. 2023, arXiv:2305.16264, find
# that up to about four epochs of the same rows are worth nearly as much as new ones


def rows_drawn(available: Mapping[str, int], weights: Mapping[str, float]) -> dict[str, int]:
    """How many rows of each component are drawn: shares of the total in proportion to `weights`.

    The total is that of all components' rows, or less where a component would otherwise be
    repeated more than MOST_REPEATS times. Rounded by largest remainder.
    """
    shares = normalised(weights)
    limits = [MOST_REPEATS * available[name] / share for name, share in shares.items() if share]
    total = floor(min([sum(available.values()), *limits]) + 1e-9)
    exact = {name: share * total for name, share in shares.items()}
    counts = {name: floor(rows) for name, rows in exact.items()}
    left = total - sum(counts.values())
    for name in sorted(exact, key=lambda n: counts[n] - exact[n])[:left]:
        counts[name] += 1
    return {name: min(n, MOST_REPEATS * available[name]) for name, n in counts.items()}


def normalised(weights: Mapping[str, float]) -> dict[str, float]:
    """Weights over their sum, which is above 0."""
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


def drawn_places(
    ids: Sequence[str], components: Sequence[str], weights: Mapping[str, float], seed: int
) -> list[int]:
    """The places of the rows drawn from rows with these ids and components, by component.

    Without replacement; a component that must give more rows than it has gives all of them, then
    begins again in another order. A larger weight adds rows to those of a smaller one.
    """
    places: dict[str, list[int]] = {name: [] for name in weights}
    for place, component in enumerate(components):
        places[component].append(place)
    counts = rows_drawn({name: len(found) for name, found in places.items()}, weights)
    drawn: list[int] = []
    for name, count in counts.items():
        for turn in range(MOST_REPEATS):
            left = count - turn * len(places[name])
            if left > 0:
                drawn += sorted(places[name], key=lambda p: _order(seed, turn, ids[p]))[:left]
    return drawn


def _order(seed: int, turn: int, identity: str) -> bytes:
    return seeded_order(seed, f"mixture {turn}", identity)
