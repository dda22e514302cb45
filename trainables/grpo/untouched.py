"""The untouched base model of a sweep of kind grpo: what its own answers earn."""

from statistics import fmean

from trainables.context import TrialContext
from trainables.data.token_rows import TokenRows
from trainables.evaluation.generation import end_tokens, written_text
from trainables.evaluation.measure import Loss
from trainables.grpo.config import GRPOConfig
from trainables.grpo.sampled import sampled
from trainables.models.load import Base
from trainables.rewards.scoring import Scorer, reward_metrics
from trainables.training.untouched import measure_answers


def measure(trial: GRPOConfig, context: TrialContext) -> None:
    """Report it as a trial is reported at its end: each reward by itself, since trials may weigh
    them differently, and none of a reward model, which in a staged trial the base has not."""
    rows = context.prepared.validation

    def with_rewards(base: Base, loss: Loss) -> Loss:
        return Loss({**loss.metrics, **_rewards(base, trial, rows)}, loss.components)

    measure_answers(trial, context, rows, with_rewards)


def _rewards(base: Base, trial: GRPOConfig, rows: TokenRows) -> dict[str, float]:
    reward = trial.reward.without_model()
    if reward is None:
        return {}
    asked = rows.head(trial.evaluation.limit)
    prompts = [asked.prompt(place) for place in range(len(asked))]
    ends = end_tokens(base.model, base.tokenizer)
    found = sampled(base.model, prompts, ends, trial, int(base.tokenizer.pad_token_id))
    texts = [written_text(base.tokenizer, answer) for answer in found]
    metrics = reward_metrics(Scorer(reward)(asked, range(len(asked)), texts))
    del metrics["reward"]
    return {
        **metrics,
        "answer_tokens": fmean(map(len, found)),
        "truncated": fmean(answer[-1] not in ends for answer in found),
    }
