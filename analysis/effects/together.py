"""Which parameters were changed together, so that no effect can be laid to one of them.

Two ways to see it. Of parameters with few values: the one never changed without the other changing
too. Of any: the others say what it is, as far as a linear model tells (adjusted R² of 0.9 or more,
a variance inflated tenfold).
"""

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from analysis.effects.factors import Factor

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

TOLD = 0.9  # the share of a parameter's variance that the others may explain
LISTED = 3  # up to so many values are compared one by one, or half as many as there are trials


def changed_together(factors: Sequence[Factor]) -> list[tuple[Factor, ...]]:
    """The factors in groups: alone, or with those that they cannot be told apart from."""
    parent = list(range(len(factors)))
    for one, other in _entangled(factors):
        first, second = _root(parent, one), _root(parent, other)
        parent[max(first, second)] = min(first, second)
    groups: dict[int, list[Factor]] = {}
    for index, factor in enumerate(factors):
        groups.setdefault(_root(parent, index), []).append(factor)
    return [tuple(group) for group in groups.values()]


def never_without(one: Factor, other: Factor) -> bool:
    """Whether, wherever `one` differs between two experiments, `other` differs too; False where
    `other` has so many values that it hardly ever stays the same."""
    both = [(a, b) for a, b in zip(one.levels, other.levels, strict=True) if None not in (a, b)]
    values = {b for _, b in both}
    if len(values) == len(both) or len(values) > max(LISTED, len(both) // 2):
        return False
    seen: dict[str | None, str | None] = {}
    alone = any(seen.setdefault(b, a) != a for a, b in both)
    return not alone and len({a for a, _ in both}) > 1


def alone_between(factor: Factor, factors: Sequence[Factor], names: Sequence[str]) -> list[str]:
    """The pairs of experiments that differ in `factor` and in nothing else."""
    others = [f.levels for f in factors if f is not factor]
    own = factor.levels
    return [
        f"{names[i]} and {names[j]}"
        for i, j in combinations(range(len(names)), 2)
        if None not in (own[i], own[j])
        and own[i] != own[j]
        and all(levels[i] == levels[j] for levels in others)
    ]


def _entangled(factors: Sequence[Factor]) -> list[tuple[int, int]]:
    found = [
        (i, j)
        for i, one in enumerate(factors)
        for j, other in enumerate(factors)
        if i != j and never_without(one, other)
    ]
    for i, factor in enumerate(factors):
        found += [(i, j) for j in _tellers(factor, factors) if j != i]
    return found


def _tellers(factor: Factor, factors: Sequence[Factor]) -> list[int]:
    """The fewest others, taken one after another, that tell what `factor` is; none if they do not
    even all together."""
    chosen: list[int] = []
    rest = [j for j, other in enumerate(factors) if other is not factor]
    while rest:
        gains = {j: _explained(factor, [factors[k] for k in (*chosen, j)]) for j in rest}
        best = max(gains, key=lambda j: gains[j])
        chosen.append(best)
        rest.remove(best)
        if gains[best] >= TOLD:
            return chosen
    return []


def _explained(factor: Factor, by: Sequence[Factor]) -> float:
    """The adjusted share of the factor's least explained direction; 0 where the others are so many
    that they would explain anything."""
    import numpy as np

    own = factor.columns[:, : _linear(factor)]
    own = own - own.mean(axis=0)
    others = np.column_stack([f.columns[:, : _linear(f)] for f in by])
    others = others - others.mean(axis=0)
    rank = int(np.linalg.matrix_rank(others))
    left = len(own) - 1 - rank
    if left < 1 or rank == 0:
        return 0.0
    # the smallest canonical correlation: every direction of it must be told
    basis, directions = _basis(own), _basis(others)
    share = float(np.linalg.svd(directions.T @ basis, compute_uv=False).min()) ** 2
    if directions.shape[1] < basis.shape[1]:
        share = 0.0
    return 1 - (1 - share) * (len(own) - 1) / left


def _linear(factor: Factor) -> int:
    """Its columns without the square of a number."""
    return 1 if factor.kind == "number" else factor.columns.shape[1]


def _basis(columns: "Matrix") -> "Matrix":
    import numpy as np

    left, sizes, _ = np.linalg.svd(columns, full_matrices=False)
    found: Matrix = left[:, sizes > 1e-9 * max(float(sizes.max()), 1e-300)]
    return found


def _root(parent: list[int], index: int) -> int:
    while parent[index] != index:
        index = parent[index]
    return index
