"""Which rewards the trials of a sweep weigh, and what their reward model depends on.

Trials that weigh rewards differently each maximise a `reward` of their own: comparing those values
compares definitions. `reward_NAME`, one reward by itself, means the same in all of them, unless
what makes it is searched too: see `comparable.py`.
"""

from search_spaces.distributions import Categorical, Simplex
from search_spaces.parameters import Parameter
from search_spaces.schema import get_path
from sweeps.reading.parts import Parts
from trainables.kinds import kind_of
from trainables.rewards.config import short_name


def measuring_stage(parts: Parts) -> tuple[str, str]:
    """The kind whose metrics the trial reports, and where its fields begin: "" or, of a staged
    trial, its last stage's place ("stages.2.")."""
    kind, stages = kind_of(parts.trial), parts.trial.get("stages")
    if kind != "staged" or not isinstance(stages, list) or not stages:
        return kind, ""
    last = stages[-1]
    return kind_of(last) if isinstance(last, dict) else kind, f"stages.{len(stages) - 1}."


def rewards_weighed(parts: Parts) -> tuple[set[str], set[str]]:
    """Names of the rewards that every trial weighs above 0, and of those that some trial does."""
    options = [_above_zero(weights) for weights in _weights(parts)]
    return set.intersection(*options), set.union(*options)


def teaches(parts: Parts, path: str) -> bool:
    """Whether the stage that trains the reward model depends on `path`: it does not on stages
    after it, nor, where it starts from a fresh adapter, on those before."""
    stages = [s if isinstance(s, dict) else {} for s in parts.trial.get("stages") or ()]
    teaching = [place for place, stage in enumerate(stages) if kind_of(stage) == "reward"]
    if not teaching:
        return False
    first, _, rest = path.partition(".")
    number = rest.partition(".")[0]
    if first != "stages" or not number.isdecimal():
        return True
    alone = stages[teaching[-1]].get("start") == "fresh"
    return int(number) == teaching[-1] or (int(number) < teaching[-1] and not alone)


def _weights(parts: Parts) -> list[dict[str, float]]:
    """Every way in which `reward.weights` can be above 0 or not, as weights that stand for it."""
    path = f"{measuring_stage(parts)[1]}reward.weights"
    single = {p: q for p, q in parts.parameters.items() if p.startswith(f"{path}.")}
    given = get_path(parts.trial, path) if single else parts.own.get(path)
    found = [dict(given or {})]  # a weight that is searched replaces the default mapping
    if (whole := parts.parameters.get(path)) is not None:
        found = [*_whole(whole), *(found if whole.when else ())]
    for name, parameter in single.items():
        key = name.removeprefix(f"{path}.")
        found = [{**f, key: w} for f in found for w in _component(parameter, f.get(key, 0.0))]
    return found


def _whole(parameter: Parameter) -> list[dict[str, float]]:
    distribution = parameter.to_distribution()
    if isinstance(distribution, Simplex):
        return [dict.fromkeys(distribution.components, 1.0)]
    values = distribution.values if isinstance(distribution, Categorical) else (parameter.value,)
    return [dict(value) for value in values if isinstance(value, dict)] or [{}]


def _component(parameter: Parameter, own: float) -> list[float]:
    """0 where the weight can be 0, 1 where it can be above, and the trial's own where the parameter
    is conditional."""
    distribution = parameter.to_distribution()
    zero = [0.0] if distribution.contains(0) else []
    above = [] if zero and distribution.size() == 1 else [1.0]
    return [*zero, *above, *([own] if parameter.when else ())]


def _above_zero(weights: dict[str, float]) -> set[str]:
    return {short_name(key) for key, weight in weights.items() if weight}
