"""What a model that was not trained would earn in all under a trial's weights: the base model is
measured once for trials of different weights, so its record has each reward by itself."""

from collections.abc import Mapping
from typing import Any

from trainables.evaluation.metric_names import REWARD
from trainables.rewards.config import short_name

TOTAL = "reward"


def total_earned(trial: Mapping[str, Any], earned: Mapping[str, float]) -> dict[str, float]:
    """`reward` of answers that earned `earned` (`reward_NAME`: mean), as the resolved `trial`
    weighs them: exact, since a mean of weighted means is the weighted mean of means. Nothing where
    the trial is of another kind, or weighs a reward that is not known (a reward model's)."""
    last = (trial.get("stages") or [trial])[-1]
    section = last.get("reward") if isinstance(last, Mapping) else None
    written = section.get("weights") if isinstance(section, Mapping) else None
    weights = {f"{REWARD}{short_name(k)}": w for k, w in (written or {}).items() if w}
    if not weights or not weights.keys() <= earned.keys():
        return {}
    total = sum(weight * earned[name] for name, weight in weights.items())
    return {TOTAL: total / sum(weights.values())}
