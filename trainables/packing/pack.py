"""The pack: trials join and leave between steps, and share every call of the base model."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

import torch

from trainables.context import TrialContext
from trainables.evaluation.benchmarks.answerer import Candidate
from trainables.forward.budget import CPU_TOKENS, MAX_TOKENS
from trainables.forward.int8 import as_before, dequantise_in_calls
from trainables.forward.lora import attach
from trainables.forward.passes import TrialRows
from trainables.kinds import PACKED, STAGES
from trainables.models.config import ModelConfig
from trainables.models.load import Base
from trainables.packing.trial import PackedTrial
from trainables.saved import TrialStopped
from trainables.staged.config import StagedConfig
from trainables.training.config import SingleTrial
from trainables.training.unit import TrainingUnit


class Ended(NamedTuple):
    """A trial that left the pack: complete or stopped (None), or with what it raised."""

    name: str
    error: Exception | None


class Program(NamedTuple):
    """`trial(base, config, context, rungs)` makes one, and `step(pack, named trials)` is one step
    of all trials of the kind together. A step lets no error of one trial reach another: what
    concerns one is raised within `pack.own(name)`."""

    trial: Callable[..., PackedTrial]
    step: Callable[["Pack", Sequence[tuple[str, Any]]], None]


@cache
def program_of(kind: str) -> Program:
    """The program of a kind that packs: PROGRAM of the module that `kinds.PACKED` names."""
    found: Program = import_module(PACKED[kind]).PROGRAM
    return found


class Pack:
    """Trials on one base model. Not safe for threads.

    What a step does is its trials' kind's to say: see `Program`.

    Example, with `trial` of kind sft and `rows` of `trainables.data.prepare.prepare`:

    >>> from trainables.context import ListContext
    >>> from trainables.models.load import load_base
    >>> pack = Pack(load_base(trial.model, "cpu"), trial.model)
    >>> contexts = {"one": ListContext(rows), "other": ListContext(rows)}
    >>> for name, context in contexts.items():
    ...     pack.join(name, trial, context)
    >>> while pack.trials:
    ...     for ended in pack.step():
    ...         print(ended.name, ended.error)
    one None
    other None
    >>> pack.close()
    >>> contexts["one"].reports[-1].final
    True
    """

    def __init__(self, base: Base, model: ModelConfig, max_tokens: int | None = None) -> None:
        self.base, self.model = base, model
        self.max_tokens = max_tokens or (MAX_TOKENS if self._on_gpu else CPU_TOKENS)
        self.trials: dict[str, PackedTrial] = {}
        # by trial: what it trains after this
        self._courses: dict[str, Generator[TrainingUnit]] = {}
        self._hooks: dict[str, torch.utils.hooks.RemovableHandle] = {}
        self._ended: list[Ended] = []
        self.current: str | None = None  # the trial that is worked for alone just now
        self._seconds: dict[str, float] = {}  # by kind under way: what its steps have taken
        self._base_bytes = torch.cuda.memory_allocated() if self._on_gpu else 0
        dequantise_in_calls(base.model)

    def join(
        self,
        name: str,
        config: SingleTrial | StagedConfig,
        context: TrialContext,
        rungs: Mapping[float, float] | None = None,
    ) -> None:
        """Take a trial in, fresh or from its checkpoint; `rungs` as `TrialProgress` has them. One
        in stages trains them one after the other. Raises what a broken one raises."""
        if isinstance(config, StagedConfig):
            course = stages_of(config, context)
        else:
            course = _one(config, context, rungs)
        self._train(name, next(course))
        self._courses[name] = course

    def leave(self, name: str) -> None:
        """Let a trial go, between two steps; the others do not notice."""
        self.trials.pop(name, None)
        self._courses.pop(name, None)

    def close(self) -> None:
        """Give the base model back as it was."""
        self.trials.clear()
        self._courses.clear()
        for hook in self._hooks.values():
            hook.remove()
        self._hooks.clear()
        as_before(self.base.model)

    def step(self, paused: Collection[str] = ()) -> list[Ended]:
        """One step of every trial of one kind that is not paused: a batch or an update, and
        evaluations and answers where they are due. Kinds take turns.

        Returns the trials that ended. Raises only what concerns the whole pack.
        """
        self._ended = []
        kinds: dict[str, list[tuple[str, PackedTrial]]] = defaultdict(list)
        for name, trial in self.trials.items():
            if name not in paused:
                kinds[trial.config.kind].append((name, trial))
        if kinds:
            kind, begun = self._turn(kinds), time.monotonic()
            program_of(kind).step(self, kinds[kind])
            self._seconds[kind] += time.monotonic() - begun
        return [left for ended in self._ended if (left := self._left(ended)) is not None]

    def _turn(self, kinds: Collection[str]) -> str:
        """The kind whose steps have taken the least time; one that comes in begins there too.

        By steps instead, a trial in a quick stage would wait an update of the others for each of
        its batches, and be too late to share the slow stage with them.
        """
        known = {kind: self._seconds[kind] for kind in kinds if kind in self._seconds}
        least = min(known.values(), default=0.0)
        self._seconds = {kind: known.get(kind, least) for kind in kinds}
        return min(self._seconds, key=self._seconds.__getitem__)

    def _train(self, name: str, training: TrainingUnit) -> None:
        program = program_of(training.trial.kind)
        trial = program.trial(self.base, training.trial, training.context, training.rungs)
        paths = {path for adapter in trial.adapters for path in adapter.sites}
        for path in paths - set(self._hooks):
            self._hooks[path] = attach(self.base.model.get_submodule(path), path)
        self.trials[name] = trial

    def _left(self, ended: Ended) -> Ended | None:
        """None where the trial's next stage takes the place of the one that ended."""
        course = self._courses[ended.name]
        try:
            if ended.error is not None:
                course.throw(ended.error)
            following = next(course, None)
            if following is not None:
                self._train(ended.name, following)
                return None
        except TrialStopped:
            ended = Ended(ended.name, None)
        except Exception as error:  # as the trial tells it
            ended = Ended(ended.name, error)
        del self._courses[ended.name]
        return ended

    # --- for programs --------------------------------------------------------------------------

    @contextmanager
    def own(self, name: str) -> Iterator[None]:
        """What is raised within ends this trial alone."""
        self.current = name
        try:
            yield
        except TrialStopped:
            self.end(name, None)
        except Exception as error:
            self.end(name, error)
        finally:
            self.current = None

    def end(self, name: str, error: Exception | None) -> None:
        """Let a trial go and say so."""
        self.trials.pop(name, None)
        self._ended.append(Ended(name, error))

    def make_room(self, parts: Sequence[TrialRows], error: Exception) -> None:
        """After an out-of-memory: calls half as large from now on. Where one row is too much, the
        trial that came last ends."""
        self.max_tokens = min(self.max_tokens, sum(part.tokens for part in parts)) // 2
        if self.max_tokens < max(max(part.rows.lengths()) for part in parts):
            self.max_tokens *= 2
            self.end(next(reversed(self.trials)), error)

    def memory(self, trial: PackedTrial) -> tuple[dict[str, float], dict[str, Any]]:
        """On a GPU, the trial's memory as if it had been alone, and the pack's measured peak."""
        facts: dict[str, Any] = {}
        if not self._on_gpu:
            return {}, facts
        peak = torch.cuda.max_memory_allocated()
        held = [t.held_bytes for t in self.trials.values()]
        together = max(1, len(held))
        shared = (peak - self._base_bytes - sum(held)) / together
        alone = self._base_bytes + trial.held_bytes + shared
        return {"gpu_peak_gb": alone / 1e9}, {**facts, "pack_peak_gb": peak / 1e9}

    @property
    def _on_gpu(self) -> bool:
        return bool(self.base.model.device.type == "cuda")

    @contextmanager
    def timed(self, parts: Sequence[TrialRows | Candidate]) -> Iterator[dict[str, float]]:
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


def _one(
    config: SingleTrial, context: TrialContext, rungs: Mapping[float, float] | None
) -> Generator[TrainingUnit]:
    yield TrainingUnit(config, context, rungs)


def stages_of(config: StagedConfig, context: TrialContext) -> Generator[TrainingUnit]:
    """The trainings of a trial in stages: the function that `kinds.STAGES` names."""
    module, name = STAGES.split(":")
    found: Generator[TrainingUnit] = getattr(import_module(module), name)(config, context)
    return found
