"""A trial's rewards, ready to score answers to rows of its data."""

from collections.abc import Sequence
from statistics import fmean

from trainables.data.token_rows import TokenRows
from trainables.errors import InputError
from trainables.evaluation.row_results import SAMPLED, RowTable, row_table
from trainables.rewards.answers import Reward
from trainables.rewards.columns import reward_columns, row_column
from trainables.rewards.config import REWARD_MODEL, RewardConfig, short_name
from trainables.rewards.own_calls import ROW
from trainables.rewards.registry import rewards_of
from trainables.rewards.weighted import Rewarded, weighted


class Scorer:
    """Scores texts by `reward.weights`; `learned` is the reward `reward_model`, unless that is
    asked `apart` and its values are given to each call. Raises InputError where a reward cannot be
    had."""

    def __init__(
        self, config: RewardConfig, learned: Reward | None = None, apart: bool = False
    ) -> None:
        functions = rewards_of(config)
        self.weights = config.weights
        if learned is not None:
            functions[REWARD_MODEL] = learned
        wanted = [key for key, weight in config.weights.items() if weight]
        if REWARD_MODEL in wanted and learned is None and not apart:
            fix = "Name one in reward.model, or train one in a stage before"
            raise InputError("reward.weights", REWARD_MODEL, "there is no reward model", fix)
        self.rewards = {key: functions[key] for key in wanted if key in functions}

    def __call__(
        self,
        rows: TokenRows,
        places: Sequence[int],
        texts: Sequence[str],
        learned: Sequence[float] | None = None,
    ) -> Rewarded:
        """The rewards of answers to the rows at these places; a place may occur several times.
        `learned` is what a reward model gives them (0..1), where the trial has one."""
        asked = [rows.questions[place] for place in places]
        columns = reward_columns(rows, places) | {ROW: row_column(rows, places)}
        rewards = dict(self.rewards)
        if learned is not None:
            rewards[REWARD_MODEL] = lambda *_, **__: list(learned)
        return weighted(rewards, self.weights, asked, texts, **columns)


def sampled_table(
    rows: TokenRows, rewarded: Rewarded, **columns: Sequence[float | None]
) -> RowTable:
    """What the answer to each of the rows earned, in their order, and what else is told of it."""
    parts = {f"reward_{short_name(key)}": own for key, own in rewarded.components.items()}
    return row_table(SAMPLED, rows, {"reward": rewarded.total, **parts, **columns})


def reward_metrics(rewarded: Rewarded) -> dict[str, float]:
    """`reward` and `reward_NAME` of each: means over the answers (at least one)."""
    parts = rewarded.components.items()
    return {
        "reward": fmean(rewarded.total),
        **{f"reward_{short_name(key)}": fmean(values) for key, values in parts},
    }
