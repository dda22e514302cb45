"""What sampled answers to test rows earn: by each reward that needs no trained reward model."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainables.data.token_rows import TokenRows
    from trainables.evaluation.row_results import RowTable
    from trainables.training.config import SingleTrial


def rewards_on_test(
    config: "SingleTrial", model: Any, tokenizer: Any, rows: "TokenRows", tuned: bool
) -> "tuple[dict[str, float], tuple[RowTable, ...]]":
    """Means over the answers, and the same answer by answer; nothing of kinds that learn from no
    rewards. Answers are sampled as policies are measured in the sweep. `reward`, the weighted sum,
    is told of a trial whose rewards are all here, and never of the base model, since trials may
    weigh them differently. Raises InputError where a reward cannot be had."""
    from trainables.evaluation.generation import end_tokens, written_text
    from trainables.grpo.config import GRPOConfig
    from trainables.grpo.sampled import means, sampled, told_of
    from trainables.ppo.config import PPOConfig
    from trainables.rewards.config import REWARD_MODEL
    from trainables.rewards.scoring import Scorer, reward_metrics, sampled_table

    if not isinstance(config, PPOConfig | GRPOConfig):
        return {}, ()
    reward = config.reward.without_model()
    asked = rows.head(config.evaluation.limit)
    if reward is None or not len(asked):
        return {}, ()
    ends = end_tokens(model, tokenizer)
    prompts = [asked.prompt(place) for place in range(len(asked))]
    found = sampled(model, prompts, ends, config, int(tokenizer.pad_token_id))
    texts = [written_text(tokenizer, answer) for answer in found]
    rewards, told = Scorer(reward)(asked, range(len(asked)), texts), told_of(found, ends)
    metrics, table = reward_metrics(rewards), sampled_table(asked, rewards, **told)
    if not tuned or config.reward.weights.get(REWARD_MODEL):
        del metrics["reward"], table["values"]["reward"]
    return {**metrics, **means(told)}, (table,)
