"""One reward model by itself: a pack of one."""

from collections.abc import Mapping

from trainables.context import TrialContext
from trainables.packing.alone import train_alone
from trainables.reward_model.config import RewardModelConfig


def train(
    config: RewardModelConfig,
    context: TrialContext,
    rungs: Mapping[float, float] | None = None,
) -> None:
    """Train an adapter and a head on pairs, reporting to `context`; the last report is final and
    holds all metrics. `rungs` as in `trainables.sft.train`.

    Raises TrialFailed (NaN, zero gradient), TrialStopped (from the context), and whatever torch
    raises.
    """
    train_alone(config, context, rungs)
