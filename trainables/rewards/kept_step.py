"""By which of its evaluations a trial that learns from rewards is judged."""

from collections.abc import Callable, Mapping
from statistics import fmean

from trainables.evaluation.metric_names import metric_named
from trainables.rewards.config import RewardConfig, short_name

UNWEIGHTED = "unweighted"  # the mean of all rewards that count, each alike


def step_criterion(reward: RewardConfig) -> Callable[[Mapping[str, float]], float]:
    """The value of an evaluation's metrics that is least at the step that counts."""
    name = reward.step_metric
    if name == UNWEIGHTED:
        counting = [f"reward_{short_name(key)}" for key, weight in reward.weights.items() if weight]
        return lambda metrics: -fmean(metrics[part] for part in counting)
    metric = metric_named(name)
    sign = 1 if metric is not None and metric.mode == "min" else -1
    return lambda metrics: sign * metrics[name]
