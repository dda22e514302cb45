"""Seeds are repeats, not parameters: which paths are seeds, and with which each configuration is
trained."""

import re
from itertools import product
from typing import Any

from search_spaces.distributions import Categorical
from sweeps.spec.sections import SearchSpec

SEED = re.compile(r"(stages\.\d+\.)?training\.seed")


def seed_paths(search: SearchSpec) -> tuple[str, ...]:
    """The searched paths that are seeds of a training, with more than one value."""
    return tuple(
        path
        for path, parameter in search.parameters.items()
        if SEED.fullmatch(path) and parameter.to_distribution().size() != 1
    )


def repeats_of(search: SearchSpec) -> tuple[dict[str, Any], ...]:
    """The seeds with which every configuration is trained, each by its path; () where they are
    suggested as other parameters are.

    Those of `search.seeds`, the same in every stage; else all that are searched by name. A grid
    goes through them by itself, and a range, or a seed that others depend on, is drawn from.

    >>> seeds = {"training.seed": {"values": [1, 2]}}
    >>> repeats_of(SearchSpec.model_validate({"parameters": seeds}))
    ({'training.seed': 1}, {'training.seed': 2})
    """
    paths = seed_paths(search)
    if isinstance(search.seeds, tuple):
        return tuple(dict.fromkeys(paths, seed) for seed in search.seeds) if paths else ()
    found = [search.parameters[path].to_distribution() for path in paths]
    tied = any(path in (p.when or {}) for p in search.parameters.values() for path in paths)
    free = not tied and not any(search.parameters[path].when for path in paths)
    listed = [d.values for d in found if isinstance(d, Categorical)]
    if search.sampler == "grid" or not paths or not free or len(listed) < len(found):
        return ()
    return tuple(dict(zip(paths, values, strict=True)) for values in product(*listed))
