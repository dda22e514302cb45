"""One PPO trial by itself: a pack of one."""

from collections.abc import Mapping

from trainables.context import TrialContext
from trainables.packing.alone import train_alone
from trainables.ppo.config import PPOConfig


def train(
    config: PPOConfig, context: TrialContext, rungs: Mapping[float, float] | None = None
) -> None:
    """Train one adapter by PPO, reporting to `context`; the last report is final and holds all
    metrics. `rungs` as in `trainables.sft.train`.

    Raises TrialFailed (NaN), TrialStopped (from the context), InputError (a reward that cannot be
    computed), and whatever torch raises.
    """
    train_alone(config, context, rungs)
