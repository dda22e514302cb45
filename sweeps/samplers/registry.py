"""The samplers by name. A sequence is a function of (seed, index); the others learn from results.

Add a sampler by adding its file and one line here (and its name to `SearchSpec.sampler`).
"""

from collections.abc import Callable
from typing import Any

from search_spaces.space import Space
from sweeps.samplers import cmaes, gp, grid, qmc, random, tpe

Sequence = Callable[[Space, int, int], dict[str, Any] | None]

SEQUENCES: dict[str, Sequence] = {"grid": grid.point, "qmc": qmc.point}
OPTUNA: dict[str, Callable[[int, int, int], Any]] = {
    "tpe": tpe.make,
    "random": random.make,
    "gp": gp.make,
    "cmaes": cmaes.make,
}
# they mark the trials that they suggest and count only those: a restored one is suggested again
REPLAYED = frozenset({"cmaes"})
