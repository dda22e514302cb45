"""By which of its evaluations a trial that learns from rewards is judged."""

from collections.abc import Callable, Mapping
from statistics import fmean
from typing import Any

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
    # a trial that does not weigh its objective fails at its end, in words: not here
    return lambda metrics: sign * metrics[name] if name in metrics else -metrics["reward"]


def step_metric_of(trial: Mapping[str, Any]) -> str:
    """By what the step that counts was chosen, of a trial's configuration as it is written."""
    last = (trial.get("stages") or [trial])[-1]
    if "reward" not in last:
        return "val_loss"
    return str(last["reward"].get("step_metric", RewardConfig().step_metric))
