"""One DPO trial in the isolated engine: TRL's trainer and a PEFT adapter."""

import gc
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from trainables.context import TrialContext
from trainables.data.token_rows import TokenRows
from trainables.dpo.config import DPOConfig
from trainables.dpo.measure import Pairs, chosen, measured_pairs, pair_facts
from trainables.dpo.trainer import MedsweepDPOTrainer
from trainables.evaluation.measure import Loss
from trainables.evaluation.row_results import UNSEEN_PAIRS
from trainables.isolated.arguments import on_one_device, trainer_options
from trainables.isolated.callback import Course
from trainables.isolated.finishing import MeasuredBesides, finish, measuring
from trainables.models.load import Base, device_now, load_base
from trainables.models.reference import ROLE, frozen_of, set_reference
from trainables.models.trained import export, opened, restore
from trainables.reward_model.measures import facts_of, final_metrics, pair_table
from trainables.training.progress import TrialProgress


def train(
    config: DPOConfig, context: TrialContext, rungs: Mapping[float, float] | None = None
) -> None:
    """Train one adapter on pairs, reporting to `context`; the last report is final and holds all
    metrics. `rungs` as in `trainables.sft.train`.

    Raises TrialFailed (NaN, zero gradient), TrialStopped (from the context), InputError, and
    whatever torch raises (out of memory).
    """
    base = load_base(config.model, device_now())
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    # the hinge loss has no gradient once all pairs are far apart
    rests = config.training.loss_type == "hinge"
    with opened(base, config.lora, config.training.seed) as model, dropouts_kept(model):
        progress = TrialProgress(config, context, "isolated", rungs=rungs, may_rest=rests)
        if context.checkpoint:
            restore(model, context.checkpoint.adapter)
        frozen = frozen_of(context.checkpoint, export(model).config)
        set_reference(model, frozen.get(ROLE))
        validation = measured_pairs(context.prepared.validation, config.evaluation)
        with measuring(model):
            pairs = Pairs(model, validation, config)
        if not progress.over:
            _train(config, progress, base, model, pairs, frozen)
        _finish(config, progress, base, model, pairs)
    gc.collect()


@contextmanager
def dropouts_kept(model: Any) -> Iterator[None]:
    """TRL switches dropout off in place, in the warm base's own modules too: afterwards it is as it
    was."""
    found = {m: m.p for m in model.modules() if isinstance(m, torch.nn.Dropout)}
    try:
        yield
    finally:
        for module, p in found.items():
            module.p = p


def _train(
    config: DPOConfig, progress: TrialProgress, base: Base, model: Any, pairs: Pairs, frozen: Any
) -> None:
    def measure() -> Loss:
        with measuring(model):
            return pairs.measured(model)[0]

    course, checkpoint = Course(progress, measure), progress.context.checkpoint
    with tempfile.TemporaryDirectory(prefix="medsweep-") as scratch:
        course.trainer = MedsweepDPOTrainer(
            seed=config.training.seed,
            checkpoint=checkpoint,
            frozen=frozen,
            model=model,
            args=training_arguments(config, progress.planned, base.dtype, scratch),
            train_dataset=as_dataset(progress.context.prepared.train),
            processing_class=base.tokenizer,
            callbacks=[course],
        )
        course.trainer.run(Path(scratch))


def training_arguments(config: DPOConfig, planned: int, dtype: torch.dtype, scratch: str) -> Any:
    """TRL's DPOConfig."""
    import trl

    options = trainer_options(config.training, planned, dtype, scratch)
    return on_one_device(trl.DPOConfig(**options))


def as_dataset(rows: TokenRows) -> Any:
    """A row a pair: token ids of its prompt and of both answers, each with its end mark."""
    from datasets import Dataset

    def answers(first: int) -> list[list[int]]:
        places = range(first, len(rows), 2)
        return [rows.row(i)[rows.answer_start[i] :].tolist() for i in places]

    prompts = [rows.prompt(i).tolist() for i in range(0, len(rows), 2)]
    columns = {"prompt_ids": prompts, "chosen_ids": answers(0), "rejected_ids": answers(1)}
    return Dataset.from_dict(columns)


def _finish(
    config: DPOConfig, progress: TrialProgress, base: Base, model: Any, pairs: Pairs
) -> None:
    prepared = progress.context.prepared

    def measured() -> MeasuredBesides:
        seen, unseen, rows = pairs.measured(model)[1], None, []
        if prepared.unseen is not None:
            unseen = Pairs(model, prepared.unseen, config).measured(model)[1]
            rows = [pair_table(UNSEEN_PAIRS, prepared.unseen, unseen)]
        about = {"pairwise": facts_of(seen, unseen)}
        return MeasuredBesides(final_metrics(seen, unseen), about, rows)

    facts = {"evaluation": pair_facts(prepared.validation, config.evaluation)}
    finish(config, progress, base, model, chosen(prepared.validation), measured, **facts)
