"""Which limits, splits and weights of a data section can be."""

from collections.abc import Sequence
from typing import Any, Literal

from trainables.section import refused


def check_limits(limit: int | None, split_limit: int | Literal["all"] | None) -> None:
    """Raise PydanticCustomError where fewer rows would be split than are kept."""
    if limit is not None and isinstance(split_limit, int) and limit > split_limit:
        what = f"splits fewer rows than limit keeps ({limit})"
        raise refused("split_limit", split_limit, what, f"Write {limit}, or lower limit")


def check_split(shares: tuple[float, float, float]) -> None:
    """Raise ValueError where shares of training, validation and test rows cannot be."""
    if abs(sum(shares) - 1) > 1e-9:
        raise ValueError(f"split must sum to 1, got {list(shares)}; e.g. [0.85, 0.10, 0.05]")
    if shares[0] == 0 or shares[1] == 0:
        raise ValueError("split needs a training and a validation share above 0")


def check_mixture(mixture: Sequence[Any], weights: dict[str, float] | None) -> None:
    """Raise ValueError where names or weights of the components do not fit together."""
    names = [component.label for component in mixture]
    if len(mixture) < 2 or len(set(names)) < len(names):
        raise ValueError(f"a mixture has two or more components of different names, got {names}")
    given = [component.weight for component in mixture]
    if any(w is None for w in given) and any(w is not None for w in given):
        raise ValueError("give every component of the mixture a weight, or none")
    if weights is not None and set(weights) != set(names):
        raise ValueError(f"weights must name the components {names}, got {list(weights)}")
    shares = given if weights is None else list(weights.values())
    if all(share == 0 for share in shares):
        raise ValueError("the weights of a mixture are all 0")
