"""Whether a sweep is judged by a measure that its own trials define differently.

Trials that weigh rewards differently each maximise a `reward` of their own: comparing those values
compares definitions. `reward_NAME`, one reward by itself, means the same in all of them, unless
what makes it is searched too. So with DPO's loss, which is another one for each `beta`.
"""

from collections.abc import Iterator, Sequence

from search_spaces.distributions import Categorical, Simplex
from search_spaces.parameters import Parameter
from search_spaces.schema import get_path
from sweeps.reading.document import Path, SpecFinding
from sweeps.reading.parts import Parts
from trainables.evaluation.metric_names import REWARD
from trainables.kinds import kind_of
from trainables.rewards.config import short_name

LEARNED = f"{REWARD}reward_model"
LOSSES = ("val_loss", "train_loss")
# the section that makes a metric what it is
MADE_BY = {"reward": "reward", f"{REWARD}judge": "reward.judge", LEARNED: "reward.model"}
# fields of `training` that make the loss of a kind what it is
LOSS_OF = {"dpo": ("beta", "loss_type", "label_smoothing")}
INSTEAD = {
    "dpo": "pairwise_accuracy",
    "reward": "a reward by itself (reward_NAME), val_loss",
}


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


def own_reward_findings(parts: Parts, sought: Sequence[tuple[Path, str]]) -> Iterator[SpecFinding]:
    """A finding for each metric sought, at its place, that the search defines anew a trial."""
    for place, name in sought:
        path = next((path for path in _varied(parts) if _defines(parts, path, name)), None)
        if path is not None:
            what = f"means something else in each trial, since {path} is searched: values of "
            what += "different definitions cannot be compared"
            instead = INSTEAD["dpo" if name in LOSSES else "reward"]
            fix = f"Use a measure that means the same in every trial: {instead}, or a benchmark's "
            yield SpecFinding(place, what, name, f"{fix}(evaluation.benchmarks)")


def _varied(parts: Parts) -> Iterator[str]:
    for path, parameter in parts.parameters.items():
        if parameter.to_distribution().size() != 1:
            yield path


def _defines(parts: Parts, path: str, name: str) -> bool:
    """Whether trials that differ in `path` mean different things by the metric."""
    kind, stage = measuring_stage(parts)
    sections = [f"training.{field}" for field in LOSS_OF.get(kind, ())] if name in LOSSES else []
    sections += [MADE_BY[name]] if name in MADE_BY else []
    if any(_touches(path, f"{stage}{section}") for section in sections):
        return True
    learned = name == LEARNED or (name == "reward" and "reward_model" in rewards_weighed(parts)[1])
    return learned and _teaches(parts, path)


def _touches(path: str, section: str) -> bool:
    return path == section or path.startswith(f"{section}.") or section.startswith(f"{path}.")


def _teaches(parts: Parts, path: str) -> bool:
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
