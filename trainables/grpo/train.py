"""One GRPO trial in the isolated engine: TRL's trainer, a PEFT adapter, medsweep's rewards."""

import gc
import tempfile
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from trainables.context import TrialContext
from trainables.data.token_rows import TokenRows
from trainables.evaluation.generation import end_tokens, written_text
from trainables.evaluation.measure import Loss, measure_loss
from trainables.grpo.config import GRPOConfig
from trainables.grpo.sampled import means, sampled, told_of
from trainables.grpo.trainer import MedsweepGRPOTrainer
from trainables.isolated.arguments import on_one_device, trainer_options
from trainables.isolated.callback import Course
from trainables.isolated.finishing import finish, measuring
from trainables.models.load import Base, device_now, load_base
from trainables.models.reference import frozen_of
from trainables.models.trained import export, opened, restore
from trainables.reward_model.learned import LearnedReward
from trainables.rewards.answers import Reward
from trainables.rewards.columns import COLUMNS, reward_columns, row_column
from trainables.rewards.config import REWARD_MODEL, short_name
from trainables.rewards.kept_step import step_criterion
from trainables.rewards.own_calls import ROW
from trainables.rewards.scoring import Scorer, reward_metrics, sampled_table
from trainables.saved import SavedAdapter
from trainables.training.progress import ZERO_GRADIENT_STEPS, TrialProgress


def train(
    config: GRPOConfig, context: TrialContext, rungs: Mapping[float, float] | None = None
) -> None:
    """Train one adapter, reporting to `context`; the last report is final and holds all metrics.
    The adapter that is kept is that of the best evaluation by `reward.step_metric`.

    Raises TrialFailed (NaN), TrialStopped (from the context), InputError, and whatever torch
    raises (out of memory).
    """
    base = load_base(config.model, device_now())
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    context.prepared.train.check_questions()
    context.prepared.validation.check_questions()
    with opened(base, config.lora, config.training.seed) as model:
        progress = TrialProgress(
            config,
            context,
            "isolated",
            rungs=rungs,
            criterion=step_criterion(config.reward),
            may_rest=True,
        )
        start = context.checkpoint
        if start and start.adapter:  # at step 0 there may be frozen ones only
            restore(model, start.adapter)
        tokens = int(start.state.get("tokens", 0)) if start else 0
        if not progress.over:
            tokens = _train(config, progress, base, model)
        finish(config, progress, base, model, tokens=tokens)
    gc.collect()


class _GRPOCourse(Course):
    """Warns where answers to each prompt are all worth the same: there is nothing to learn then."""

    trainer: MedsweepGRPOTrainer

    def on_step_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        super().on_step_end(args, state, control, **rest)
        if self.progress.zero_gradients == ZERO_GRADIENT_STEPS:
            warnings.warn(
                f"no gradient in {ZERO_GRADIENT_STEPS} steps up to step {self.progress.step}: all "
                "answers to a prompt earned the same (a higher temperature, or other rewards?)",
                stacklevel=2,
            )


def _train(config: GRPOConfig, progress: TrialProgress, base: Base, model: Any) -> int:
    """Train; returns the tokens of all prompts and answers."""
    prepared, checkpoint = progress.context.prepared, progress.context.checkpoint
    frozen = frozen_of(checkpoint, export(model).config)
    scorer = Scorer(config.reward, _learned(config, base, model, frozen.get(REWARD_MODEL)))
    validation = prepared.validation
    course = _GRPOCourse(
        progress, lambda: _measure(config, course.trainer, base, validation, scorer)
    )
    # TRL's trainer stops answers there; it is put back with the base
    base.model.generation_config.eos_token_id = end_tokens(base.model, base.tokenizer)
    with tempfile.TemporaryDirectory(prefix="medsweep-") as scratch:
        course.trainer = MedsweepGRPOTrainer(
            training=config.training,
            checkpoint=checkpoint,
            frozen=frozen,
            model=model,
            args=training_arguments(config, progress.planned, base.dtype, scratch),
            train_dataset=as_dataset(prepared.train),
            reward_funcs=[_named(key, reward) for key, reward in scorer.rewards.items()],
            processing_class=base.tokenizer,
            callbacks=[course],
        )
        course.trainer.run(Path(scratch))
    return course.trainer.tokens


def _learned(
    config: GRPOConfig, base: Base, model: Any, saved: SavedAdapter | None
) -> LearnedReward | None:
    """The reward model, asked with the policy's prompt on the base without the policy."""
    if saved is None:
        return None
    prompt, budget = config.data.system_prompt, config.evaluation.max_batch_tokens
    return LearnedReward(base, saved, prompt, budget, bare=model.disable_adapter)


def training_arguments(config: GRPOConfig, planned: int, dtype: torch.dtype, scratch: str) -> Any:
    """TRL's GRPOConfig; its reward weights sum to 1, as ours do."""
    import trl

    options = trainer_options(config.training, planned, dtype, scratch)
    del options["max_length"]  # of rows, which are tokenised already
    weights = [weight for weight in config.reward.weights.values() if weight]
    return on_one_device(
        trl.GRPOConfig(**options, reward_weights=[w / sum(weights) for w in weights])
    )


def as_dataset(rows: TokenRows) -> Any:
    """A row a prompt: its question for the rewards, its tokens, and the rewards' columns."""
    from datasets import Dataset

    places = range(len(rows))
    columns = reward_columns(rows, places) | {ROW: row_column(rows, places)}
    ids = [rows.prompt(i).tolist() for i in range(len(rows))]
    return Dataset.from_dict({"prompt": rows.questions, "prompt_ids": ids, **columns})


def _named(key: str, reward: Reward) -> Callable[..., list[float]]:
    """A reward as TRL calls it, with the columns that every reward gets, under its name."""

    def called(prompts: list[str], completions: list[str], **columns: Any) -> list[float]:
        return reward(prompts, completions, **{name: columns[name] for name in (*COLUMNS, ROW)})

    called.__name__ = short_name(key)
    return called


def _measure(
    config: GRPOConfig, trainer: MedsweepGRPOTrainer, base: Base, rows: TokenRows, scorer: Scorer
) -> Loss:
    """The validation loss, and what sampled answers to `evaluation.limit` validation prompts are
    like: the same noise at every evaluation."""
    settings, asked = config.evaluation, rows.head(config.evaluation.limit)
    prompts, places = [asked.prompt(place) for place in range(len(asked))], range(len(asked))
    ends = trainer.eos_token_ids
    with measuring(trainer.model):
        loss = measure_loss(trainer.model, rows, settings)
        found = sampled(trainer.model, prompts, ends, config, int(base.tokenizer.pad_token_id))
        with trainer.at(config.measured_sampling[0]):
            apart = trainer.divergence(prompts, found)
    texts = [written_text(base.tokenizer, answer) for answer in found]
    rewards = scorer(asked, places, texts)
    told = {"kl": apart, **told_of(found, ends)}
    metrics = {**loss.metrics, **reward_metrics(rewards), **means(told)}
    tables = (*loss.rows, sampled_table(asked, rewards, **told))
    return Loss(metrics, loss.components, tables)
