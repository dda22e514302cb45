"""The untouched base model of a sweep of kind ppo: what its own answers earn."""

from trainables.context import ListContext, TrialContext
from trainables.evaluation.measure import Loss
from trainables.evaluation.metric_names import REWARD
from trainables.evaluation.row_results import RowTable
from trainables.models.load import Base
from trainables.packing.pack import Pack
from trainables.ppo.config import PPOConfig
from trainables.ppo.packed import earned_now
from trainables.training.untouched import measure_answers

TOLD = ("answer_tokens", "truncated")


def measure(trial: PPOConfig, context: TrialContext) -> None:
    """Report it as a trial is reported at its end: each reward by itself, since trials may weigh
    them differently, and none of a reward model, which in a staged trial the base has not."""

    def with_rewards(base: Base, loss: Loss) -> Loss:
        metrics, rows = _rewards(base, trial, context)
        return Loss({**loss.metrics, **metrics}, loss.components, (*loss.rows, *rows))

    measure_answers(trial, context, context.prepared.validation, with_rewards)


def _rewards(
    base: Base, trial: PPOConfig, context: TrialContext
) -> tuple[dict[str, float], list[RowTable]]:
    reward = trial.reward.without_model()
    if reward is None:
        return {}, []
    pack = Pack(base, trial.model)
    try:  # a policy that has learnt nothing yet is the base
        own = trial.model_copy(update={"reward": reward})
        pack.join("base", own, ListContext(context.prepared))
        metrics, rows = earned_now(pack, "base")
    finally:
        pack.close()
    told = {n: v for n, v in metrics.items() if _is_told(n)}
    return told, [{**rows, "values": {n: v for n, v in rows["values"].items() if _is_told(n)}}]


def _is_told(name: str) -> bool:
    return name.startswith(REWARD) or name in TOLD
