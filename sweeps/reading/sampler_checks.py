"""Whether the sampler can search this space for as many trials as were asked."""

from collections.abc import Iterator

from search_spaces.distributions import is_numerical
from search_spaces.space import Space
from sweeps.reading.document import Path, SpecFinding
from sweeps.reading.parts import Parts
from sweeps.spec.repeats import SEED

NUM_TRIALS: Path = ("search", "num_trials")
SAMPLER: Path = ("search", "sampler")


def sampler_findings(parts: Parts, space: Space) -> list[SpecFinding]:
    """Everything that is wrong between sampler, space and num_trials."""
    if parts.seeds is not None:  # they are no choice: each configuration has them all
        space = space.without([path for path in space.parameters if SEED.fullmatch(path)])
    found = [*_baselines(parts), *_grid(parts, space), *_cmaes(parts, space)]
    if set(parts.written) == set(parts.parameters):  # else the space is not known whole
        found += _points(parts, space)
    return found


def _baselines(parts: Parts) -> Iterator[SpecFinding]:
    count = len(parts.baselines)
    if parts.num_trials is not None and parts.num_trials < count:
        what = f"is below the number of baselines, which count as trials ({count})"
        fix = f"Raise it to {count} or more, or remove baselines"
        yield SpecFinding(NUM_TRIALS, what, parts.num_trials, fix)


def _grid(parts: Parts, space: Space) -> Iterator[SpecFinding]:
    if parts.sampler != "grid":
        return
    for path, distribution in space.parameters.items():
        if distribution.size() is None:
            what = f"is continuous ({distribution.describe()}): a grid needs a list"
            place: Path = ("search", "parameters", path)
            fix = "Give `values`, or `distribution: q_uniform` with a `q`"
            yield SpecFinding(place, what, None, fix)


def _points(parts: Parts, space: Space) -> Iterator[SpecFinding]:
    """A finite space holds only so many different trials; baselines off its points add to them."""
    size = space.size()
    if size is None or parts.num_trials is None or not space.parameters:
        return
    most = size + sum(not _is_point(parts, space, name) for name in parts.baselines)
    if parts.num_trials > most:
        kind = "grid" if parts.sampler == "grid" else "space"
        what = f"the {kind} has {size} point{'s' if size != 1 else ''}, fewer than num_trials"
        fix = f"Write num_trials: {most}, or widen the search"
        yield SpecFinding(NUM_TRIALS, what, parts.num_trials, fix)


def _is_point(parts: Parts, space: Space, name: str) -> bool:
    known = {path: parts.own[path] for path in space.parameters if path in parts.own}
    whole = {**known, **parts.baselines[name]}
    return space.contains({path: v for path, v in whole.items() if space.is_active(path, whole)})


def _cmaes(parts: Parts, space: Space) -> Iterator[SpecFinding]:
    if parts.sampler != "cmaes":
        return
    if len(parts.objectives) > 1:
        yield SpecFinding(
            SAMPLER, "cmaes takes one objective", "cmaes", "Use tpe, or one objective"
        )
    numerical = [
        path
        for path, distribution in space.parameters.items()
        if is_numerical(distribution) and path not in space.conditions
    ]
    if len(parts.written) == len(parts.parameters) and len(numerical) < 1:
        what = "cmaes needs a range of numbers that is always searched; all others are random"
        yield SpecFinding(SAMPLER, what, "cmaes", "Use tpe, or give a parameter min and max")
