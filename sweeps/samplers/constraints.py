"""How samplers hear of `search.selection.constraints`: how far each complete trial breaks each.

TPE puts trials that break any behind all that keep them, and the Gaussian process models each
constraint by its own process (Optuna's, both); CMA-ES, which knows no constraints, is shown such
trials as worse than the worst that keeps them. Random, grid and QMC learn nothing from any trial.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sweeps.samplers.registry import OPTUNA, SEQUENCES
from sweeps.spec.bounds import Bound
from sweeps.spec.sections import SearchSpec

Excess = Mapping[str, float]  # a constraint as it is written → above 0 where it is broken
UNMEASURED = 1.0  # a trial that lacks a constraint's metric does not keep it
BARELY = 1e-9  # at the limit of a strict bound: broken, by nothing
DEAF = frozenset({"random", *SEQUENCES})
HEARING = tuple(name for name in OPTUNA if name not in DEAF)


def excess(bounds: Sequence[Bound], metrics: Mapping[str, Any]) -> dict[str, float]:
    """How far a trial is beyond each bound, in shares of its limit, so that no unit outweighs
    another's where they are summed; 0 and below: it keeps the bound.

    >>> excess([bound("kl <= 0.1"), bound("gpu_peak_gb <= 24")], {"kl": 0.15, "gpu_peak_gb": 12})
    {'kl <= 0.1': 0.5, 'gpu_peak_gb <= 24': -0.5}
    """
    return {str(bound): _beyond(bound, metrics.get(bound.metric)) for bound in bounds}


def unheard(search: SearchSpec) -> str:
    """What must be said where constraints are given and the sampler cannot use them; "" else."""
    if not search.selection.bounds or search.sampler not in DEAF:
        return ""
    return (
        f"the sampler {search.sampler} learns nothing from results, so it suggests what breaks "
        "search.selection.constraints as often as anything else; they only decide which trial can "
        f"be chosen ({', '.join(HEARING)} avoid what breaks them)"
    )


def _beyond(bound: Bound, value: float | None) -> float:
    if value is None:
        return UNMEASURED
    share = bound.excess(value) / (abs(bound.limit) or 1.0)
    return share if bound.holds(value) else max(share, BARELY)
