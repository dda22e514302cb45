"""The untouched base model of a sweep of kind grpo: what its own answers earn."""

from trainables.context import TrialContext
from trainables.data.token_rows import TokenRows
from trainables.evaluation.generation import end_tokens, written_text
from trainables.evaluation.measure import Loss
from trainables.evaluation.row_results import RowTable
from trainables.grpo.config import GRPOConfig
from trainables.grpo.sampled import means, sampled, told_of
from trainables.models.load import Base
from trainables.rewards.scoring import Scorer, reward_metrics, sampled_table
from trainables.training.untouched import measure_answers


def measure(trial: GRPOConfig, context: TrialContext) -> None:
    """Report it as a trial is reported at its end: each reward by itself, since trials may weigh
    them differently, and none of a reward model, which in a staged trial the base has not."""
    rows = context.prepared.validation

    def with_rewards(base: Base, loss: Loss) -> Loss:
        metrics, earned = _rewards(base, trial, rows)
        return Loss({**loss.metrics, **metrics}, loss.components, (*loss.rows, *earned))

    measure_answers(trial, context, rows, with_rewards)


def _rewards(
    base: Base, trial: GRPOConfig, rows: TokenRows
) -> tuple[dict[str, float], list[RowTable]]:
    reward = trial.reward.without_model()
    if reward is None:
        return {}, []
    asked = rows.head(trial.evaluation.limit)
    prompts = [asked.prompt(place) for place in range(len(asked))]
    ends = end_tokens(base.model, base.tokenizer)
    found = sampled(base.model, prompts, ends, trial, int(base.tokenizer.pad_token_id))
    texts = [written_text(base.tokenizer, answer) for answer in found]
    rewards, told = Scorer(reward)(asked, range(len(asked)), texts), told_of(found, ends)
    metrics, table = reward_metrics(rewards), sampled_table(asked, rewards, **told)
    del metrics["reward"], table["values"]["reward"]
    return {**metrics, **means(told)}, [table]
