"""The untouched base model of a sweep of kind grpo: what its own answers earn."""

from statistics import fmean

from trainables.context import TrialContext
from trainables.data.token_rows import TokenRows
from trainables.evaluation.base_model import measure_answers
from trainables.evaluation.generation import end_tokens
from trainables.evaluation.measure import Loss
from trainables.grpo.config import GRPOConfig
from trainables.grpo.sampled import sampled
from trainables.models.load import Base
from trainables.rewards.config import REWARD_MODEL
from trainables.rewards.scoring import Scorer, reward_metrics


def measure(trial: GRPOConfig, context: TrialContext) -> None:
    """Report it as a trial is reported at its end: each reward by itself, since trials may weigh
    them differently, and none of a reward model, which in a staged trial the base has not."""
    rows = context.prepared.validation

    def with_rewards(base: Base, loss: Loss) -> Loss:
        return Loss({**loss.metrics, **_rewards(base, trial, rows)}, loss.components)

    measure_answers(trial, context, rows, with_rewards)


def _rewards(base: Base, trial: GRPOConfig, rows: TokenRows) -> dict[str, float]:
    weights = {n: w for n, w in trial.reward.weights.items() if w and n != REWARD_MODEL}
    if not weights:
        return {}
    asked = rows.head(trial.evaluation.limit)
    prompts = [asked.prompt(place) for place in range(len(asked))]
    ends = end_tokens(base.model, base.tokenizer)
    found = sampled(base.model, prompts, ends, trial, int(base.tokenizer.pad_token_id))
    texts = [base.tokenizer.decode(answer, skip_special_tokens=True).strip() for answer in found]
    scorer = Scorer(trial.reward.model_copy(update={"weights": weights}))
    metrics = reward_metrics(scorer(asked, range(len(asked)), texts))
    del metrics["reward"]
    return {
        **metrics,
        "answer_tokens": fmean(map(len, found)),
        "truncated": fmean(answer[-1] not in ends for answer in found),
    }
