"""The pack: trials join and leave between steps, and share every call of the base model."""

import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch

from trainables.context import TrialContext, TrialStopped
from trainables.evaluation.answer_loss import AnswerLoss
from trainables.evaluation.benchmarks.answerer import LocalModel
from trainables.evaluation.benchmarks.in_trial import Benchmarked, measure_all
from trainables.evaluation.examples import example_predictions, example_rows
from trainables.evaluation.measure import loss_metrics, loss_rows, score_text, text_rows
from trainables.models.adapters import adapted, export, named_trainable
from trainables.models.config import ModelConfig
from trainables.models.load import Base
from trainables.models.trained import counts
from trainables.packing.adapter import PackedAdapter
from trainables.packing.answers import Questions, packed_answers
from trainables.packing.int8 import as_before, dequantise_in_calls
from trainables.packing.lora import attach
from trainables.packing.packable import MAX_TOKENS
from trainables.packing.passes import Part, loss_pass, train_pass, within_budget
from trainables.packing.trial import PackedTrial
from trainables.sft.config import SFTConfig


class Ended(NamedTuple):
    """A trial that left the pack: complete or stopped (None), or with what it raised."""

    name: str
    error: Exception | None


class Pack:
    """Trials on one base model. Not safe for threads."""

    def __init__(self, base: Base, model: ModelConfig, max_tokens: int = MAX_TOKENS) -> None:
        self.base, self.model, self.max_tokens = base, model, max_tokens
        self.trials: dict[str, PackedTrial] = {}
        self._hooks: dict[str, torch.utils.hooks.RemovableHandle] = {}
        self._ended: list[Ended] = []
        self._base_bytes = torch.cuda.memory_allocated() if self._on_gpu else 0
        dequantise_in_calls(base.model)

    def join(self, name: str, config: SFTConfig, context: TrialContext) -> None:
        """Take a trial in, fresh or from its checkpoint. Raises what a broken one raises."""
        trial = PackedTrial(config, context, self._fresh_adapter(config))
        for path in set(trial.adapter.sites) - set(self._hooks):
            self._hooks[path] = attach(self.base.model.get_submodule(path), path)
        self.trials[name] = trial

    def _fresh_adapter(self, config: SFTConfig) -> PackedAdapter:
        # PEFT makes it, so that it starts from the same numbers as in the isolated engine
        lora = config.lora
        assert lora is not None, "packable refuses trials without an adapter"
        with adapted(self.base, lora, config.training.seed) as model:
            tensors, settings = named_trainable(model), export(model).config
        device, dtype = self.base.model.device, self.base.dtype
        return PackedAdapter(tensors, settings, lora, device, dtype)

    def leave(self, name: str) -> None:
        """Let a trial go, between two steps; the others do not notice."""
        self.trials.pop(name, None)

    def close(self) -> None:
        """Give the base model back as it was."""
        self.trials.clear()
        for hook in self._hooks.values():
            hook.remove()
        self._hooks.clear()
        as_before(self.base.model)

    def step(self, paused: Collection[str] = ()) -> list[Ended]:
        """One batch of every trial that is not paused; then updates, evaluations and answers where
        they are due.

        Returns the trials that ended. Raises only what concerns the whole pack.
        """
        self._ended = []
        active = [(n, t) for n, t in self.trials.items() if n not in paused]
        training = [(n, t) for n, t in active if not t.progress.over]
        self._train(training)
        updated = [(n, t) for n, t in training if t.complete]
        for name, trial in updated:
            with self._own(name):
                trial.update()
        self._evaluate([(n, t) for n, t in updated if n in self.trials and t.progress.due])
        self._finish([(n, t) for n, t in active if n in self.trials and t.progress.over])
        return self._ended

    @contextmanager
    def _own(self, name: str) -> Iterator[None]:
        """What is raised within ends this trial alone."""
        try:
            yield
        except TrialStopped:
            self._end(name, None)
        except Exception as error:
            self._end(name, error)

    def _end(self, name: str, error: Exception | None) -> None:
        self.leave(name)
        self._ended.append(Ended(name, error))

    def _train(self, training: Sequence[tuple[str, PackedTrial]]) -> None:
        trials = dict(training)
        parts = [_training_part(name, trial) for name, trial in training]
        rerun = any(t.config.training.gradient_checkpointing for _, t in training)
        losses: dict[str, float] = defaultdict(float)
        try:
            with self._timed(parts) as seconds:
                for chunk in within_budget(parts, self.max_tokens):
                    own = [trials[part.trial] for part in chunk]
                    weights = [trial.scale / trial.answer_tokens for trial in own]
                    found = train_pass(self.base.model, chunk, weights, rerun)
                    for part, trial, loss in zip(chunk, own, found, strict=True):
                        losses[part.trial] += loss / trial.scale
        except torch.OutOfMemoryError as error:
            self._make_room(parts, error)
            return
        for name, trial in training:
            trial.batch_done(losses[name], seconds[name])

    def _make_room(self, parts: Sequence[Part], error: Exception) -> None:
        """After an out-of-memory: begin the trials' steps again with calls half as large. Where one
        row is too much, the trial that came last ends."""
        for part in parts:
            self.trials[part.trial].restart_step()
        self.max_tokens = min(self.max_tokens, sum(part.tokens for part in parts)) // 2
        if self.max_tokens < max(max(part.rows.lengths()) for part in parts):
            self.max_tokens *= 2
            self._end(next(reversed(self.trials)), error)

    def _evaluate(self, due: Sequence[tuple[str, PackedTrial]]) -> None:
        parts = [_loss_part(name, trial) for name, trial in due]
        nats: dict[str, float] = defaultdict(float)
        budget = min((t.config.evaluation.max_batch_tokens for _, t in due), default=0)
        with self._timed(parts) as seconds:
            for chunk in within_budget(parts, budget):
                for part, loss in zip(chunk, loss_pass(self.base.model, chunk), strict=True):
                    nats[part.trial] += loss
        for part, (name, trial) in zip(parts, due, strict=True):
            with self._own(name):
                rows = part.rows
                found = AnswerLoss(nats[name], rows.answer_tokens(), int(rows.answer_bytes.sum()))
                trial.seconds += seconds[name]
                metrics = loss_metrics(found, trial.config.evaluation)
                trial.progress.evaluated(metrics, trial, seconds[name])

    def _finish(self, over: Sequence[tuple[str, PackedTrial]]) -> None:
        """Answer the questions with the best steps' adapters, and report the results."""
        alike: dict[tuple[int, int], list[tuple[str, PackedTrial]]] = defaultdict(list)
        for name, trial in over:
            with self._own(name):
                if trial.progress.best_adapter is not None:
                    trial.adapter.restore(trial.progress.best_adapter)
                settings = trial.config.evaluation
                alike[settings.max_new_tokens, settings.max_batch_tokens].append((name, trial))
        for (new_tokens, budget), trials in alike.items():
            self._answer(trials, new_tokens, budget)

    def _answer(
        self, trials: Sequence[tuple[str, PackedTrial]], new_tokens: int, budget: int
    ) -> None:
        tokenizer = self.base.tokenizer
        parts = [_question_part(name, trial) for name, trial in trials]
        # in calls of their own: other batches could round the scored answers otherwise
        examples = [_example_part(name, trial, tokenizer) for name, trial in trials]
        with self._timed([*parts, *examples]) as seconds:
            answers, extra = (
                packed_answers(self.base, _questions(asked), new_tokens, budget)
                for asked in (parts, examples)
            )
        ended = zip(parts, answers, examples, extra, trials, strict=True)
        for part, texts, example, more, (name, trial) in ended:
            with self._own(name):
                trial.seconds += seconds[name]
                text, predictions = score_text(texts, part.rows, trial.config.evaluation)
                found, spent = self._benchmarks(trial)
                trial.seconds += spent
                predictions += example_predictions(example.rows, more)
                memory, facts = self._memory(trial)
                facts |= counts(self.base, trial.adapter.by_name(trial.adapter.flat))
                trial.progress.finish(
                    {**text, **found.metrics},
                    (*predictions, *found.predictions),
                    memory,
                    {**facts, **found.facts},
                    seconds[name] + spent,
                )
                raise TrialStopped

    def _benchmarks(self, trial: PackedTrial) -> tuple[Benchmarked, float]:
        """A trial's benchmarks, asked of it alone, and the seconds they took."""
        config, begun = trial.config, time.monotonic()
        asked = LocalModel(
            self.base.model,
            self.base.tokenizer,
            config.data.system_prompt,
            config.evaluation.max_batch_tokens,
            trial.adapter,
        )
        found = measure_all(asked, trial.context.prepared.benchmarks)
        return found, time.monotonic() - begun

    def _memory(self, trial: PackedTrial) -> tuple[dict[str, float], dict[str, Any]]:
        """On a GPU, the trial's memory as if it had been alone, and the pack's measured peak."""
        facts: dict[str, Any] = {}
        if not self._on_gpu:
            return {}, facts
        peak = torch.cuda.max_memory_allocated()
        held = [t.adapter.held_bytes for t in self.trials.values()]
        together = max(1, len(held))
        shared = (peak - self._base_bytes - sum(held)) / together
        alone = self._base_bytes + trial.adapter.held_bytes + shared
        return {"gpu_peak_gb": alone / 1e9}, {**facts, "pack_peak_gb": peak / 1e9}

    @property
    def _on_gpu(self) -> bool:
        return bool(self.base.model.device.type == "cuda")

    @contextmanager
    def _timed(self, parts: Sequence[Part]) -> Iterator[dict[str, float]]:
        """The seconds spent within, divided among the trials by their tokens; filled in at the
        end."""
        shares: dict[str, float] = {}
        begun = time.monotonic()
        yield shares
        if self._on_gpu:
            torch.cuda.synchronize()
        tokens: Counter[str] = Counter()
        for part in parts:
            tokens[part.trial] += part.tokens
        each = (time.monotonic() - begun) / max(1, tokens.total())
        shares.update({trial: count * each for trial, count in tokens.items()})


def _training_part(name: str, trial: PackedTrial) -> Part:
    batch = trial.batch
    return Part(
        name,
        trial.adapter,
        trial.rows,
        chosen=[row for _, row in batch],
        places=[place for place, _ in batch],
        seed=trial.config.training.seed,
        step=trial.progress.step,
    )


def _loss_part(name: str, trial: PackedTrial) -> Part:
    rows = loss_rows(trial.context.prepared.validation, trial.config.evaluation)
    return Part(name, trial.adapter, rows, range(len(rows)))


def _question_part(name: str, trial: PackedTrial) -> Part:
    rows = text_rows(trial.context.prepared.validation, trial.config.evaluation)
    return Part(name, trial.adapter, rows, range(len(rows)))


def _example_part(name: str, trial: PackedTrial, tokenizer: Any) -> Part:
    rows = example_rows(tokenizer, trial.config)
    return Part(name, trial.adapter, rows, range(len(rows)))


def _questions(parts: Sequence[Part]) -> list[Questions]:
    return [Questions(part.adapter, part.rows) for part in parts]
