"""The registry of rewards: add one by adding its file and one line here (and in `RewardName`)."""

from trainables.errors import InputError
from trainables.rewards.answers import Reward
from trainables.rewards.brevity import brevity
from trainables.rewards.config import REWARD_MODEL, JudgeConfig, RewardConfig
from trainables.rewards.factuality import factuality
from trainables.rewards.judge import Judge
from trainables.rewards.own import own_reward
from trainables.rewards.reasoning import reasoning
from trainables.rewards.safety import safety
from trainables.rewards.terminology import terminology

REWARDS: dict[str, Reward] = {
    "terminology": terminology,
    "reasoning": reasoning,
    "factuality": factuality,
    "safety": safety,
    "brevity": brevity,
}


def rewards_of(config: RewardConfig) -> dict[str, Reward]:
    """The functions with a weight above 0, by their keys in `weights`, but for the learned reward.
    Raises InputError where one of the user's own cannot be found."""
    wanted = (key for key, weight in config.weights.items() if weight and key != REWARD_MODEL)
    return {key: _reward(key, config) for key in wanted}


def _reward(key: str, config: RewardConfig) -> Reward:
    if key in REWARDS:
        return REWARDS[key]
    return _judge(config.judge) if key == "judge" else own_reward(key)


def _judge(config: JudgeConfig | None) -> Reward:
    if config is None:
        raise InputError("reward.judge", None, "the judge has a weight but no section")
    return Judge(config)
