"""Search spaces for the samplers' tests, and a way to run a sampler on a function."""

from collections.abc import Callable
from typing import Any

from search_spaces.parameters import Parameter
from search_spaces.space import Space, build_space
from sweeps.control.proposer import Proposer
from sweeps.spec.sections import SearchSpec

LOG = {"distribution": "log_uniform_values", "min": 1e-5, "max": 1e-3}
EVERYTHING: dict[str, Any] = {
    "fixed": {"value": 3},
    "choice": {"values": ["a", None, True, 1.5, 2]},
    "modules": {"values": [["q", "v"], ["q", "k", "v"], "all-linear"]},
    "whole": {"min": 1, "max": 6},
    "even": {"distribution": "q_uniform", "min": 3, "max": 9, "q": 2},
    "tenths": {"distribution": "q_uniform", "min": 0.1, "max": 0.3, "q": 0.1},
    "share": {"min": 0.0, "max": 0.5},
    "rate": LOG,
    "steps": {"distribution": "q_log_uniform_values", "min": 5, "max": 100, "q": 5},
    "weights": {"simplex": ["rouge", "length", "safety"]},
    "only_a": {"min": 0.0, "max": 1.0, "when": {"choice": "a"}},
    "deep": {"values": [1, 2], "when": {"choice": ["a", 2], "whole": [1, 2, 3]}},
}
FINITE: dict[str, Any] = {
    "r": {"values": [2, 4, 8, 16]},
    "modules": {"values": [["q"], ["q", "v"]]},
    "epochs": {"min": 1, "max": 3},
    "drop": {"distribution": "q_uniform", "min": 0, "max": 0.1, "q": 0.1, "when": {"r": [8, 16]}},
}  # 2 × 2 × 3 without drop and 2 × 2 × 3 × 2 with it: 36
RANGES: dict[str, Any] = {"x": {"min": -1.0, "max": 1.0}, "y": {"min": 0.0, "max": 2.0}}

Told = Callable[[dict[str, Any]], float]


def space_of(parameters: dict[str, Any]) -> Space:
    return build_space({path: Parameter.model_validate(p) for path, p in parameters.items()})


def proposer_of(parameters: dict[str, Any], sampler: str, **search: Any) -> Proposer:
    content = {"parameters": parameters, "sampler": sampler, "num_trials": 30, **search}
    return Proposer(SearchSpec.model_validate(content), space_of(parameters))


def run(proposer: Proposer, value: Told, count: int) -> list[dict[str, Any]]:
    """Suggest and tell `count` times (fewer where the sampler has no more)."""
    suggested = []
    for number in range(1, count + 1):
        values = proposer.propose(number, 0)
        if values is None:
            break
        suggested.append(values)
        proposer.tell(number, "complete", [value(values)], {})
    return suggested
