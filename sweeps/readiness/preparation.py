"""Models and data of a sweep, made ready once and shared by all its trials."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from sweeps.readiness.data_warnings import data_warnings
from trainables.data.losses import steps
from trainables.errors import InputError
from trainables.evaluation.benchmarks.config import BenchmarkConfig
from trainables.evaluation.config import EvaluationConfig
from trainables.grpo.config import GRPOConfig
from trainables.kinds import PAIRED, TrialConfig, measured_by
from trainables.models.config import ModelConfig
from trainables.on_progress import OnProgress
from trainables.ppo.config import PPOConfig
from trainables.rewards import own
from trainables.rewards.config import REWARD_MODEL
from trainables.staged.config import StagedConfig
from trainables.training.config import SingleTrial

if TYPE_CHECKING:
    from pathlib import Path

    from trainables.data.pairs.config import AnyData
    from trainables.data.prepared import Prepared
    from trainables.saved import Checkpoint, SavedAdapter

DRAWN: Any = {"weights": True, "mixture": {"__all__": {"weight"}}}


class Preparation:
    """Remembers what it has prepared; a sweep needs few different data sets."""

    def __init__(
        self,
        progress: OnProgress,
        found: Callable[[str, dict[str, Any]], None],
        tells: bool = True,
    ) -> None:
        """`found` gets each data set's counts; with `tells` progress has what they warn of."""
        self._progress, self._found, self._tells = progress, found, tells
        self._folders: dict[str, Path] = {}
        self._prepared: dict[str, Prepared] = {}
        self._noted: set[str] = set()
        self._sources: dict[str, dict[str, str]] = {}  # what each held when it was read first
        self._starts: dict[str, Checkpoint] = {}
        self._judges: dict[str, SavedAdapter] = {}

    def model_folder(self, model: ModelConfig) -> "Path":
        """The model on this machine's disk. Raises InputError."""
        from trainables.models.resolve import resolve

        name = json.dumps([model.name_or_path, model.revision])
        if name not in self._folders:
            self._folders[name] = resolve(model, self._progress)
        return self._folders[name]

    def data(self, config: SingleTrial | StagedConfig) -> "Prepared":
        """Tokenised rows for a trial, of all its stages; of a mixture all that its weights draw
        from. Raises InputError."""
        if isinstance(config, StagedConfig):
            return self._staged(config)
        (alone,) = config.stage_trials
        made = self._rows(alone, alone.evaluation.benchmarks)
        self._note(made)
        return made

    def _staged(self, config: StagedConfig) -> "Prepared":
        from trainables.staged.data import together

        names = [stage.name for stage in config.stages]
        parts = [
            self._of_stage(i, trial, config.evaluation)
            for i, trial in enumerate(config.stage_trials)
        ]
        name = ":".join([*names, *(part.key + part.general_key for part in parts)])
        if name not in self._prepared:
            paired = [stage.name for stage in config.stages if stage.kind in PAIRED]
            self._prepared[name] = together(names, parts, paired)
        for part in self._prepared[name].stages:
            self._note(part)
        return self._prepared[name]

    def _of_stage(self, place: int, trial: SingleTrial, evaluation: EvaluationConfig) -> "Prepared":
        try:
            return self._rows(trial, evaluation.benchmarks)
        except InputError as error:
            if not error.field.startswith(("data.", "training.")):
                raise
            field = f"stages.{place}.{error.field}"
            raise InputError(field, error.value, error.message, error.fix) from error

    def _note(self, made: "Prepared") -> None:
        """Tell the counts of a data set once."""
        if made.key not in self._noted:
            self._noted.add(made.key)
            self._found(made.key, made.report)
            if self._tells:
                self._tell(made.report)

    def _tell(self, report: dict[str, Any]) -> None:
        """What filters took, and what is to be borne in mind."""
        for step in steps(report):
            self._progress(f"{report.get('source')}: {step}")
        for warning in data_warnings(report):
            self._progress(f"Warning: {warning}")

    def _rows(self, config: SingleTrial, benchmarks: Sequence[BenchmarkConfig]) -> "Prepared":
        from trainables.data.prepare import prepare
        from trainables.evaluation.benchmarks.in_trial import with_benchmarks
        from trainables.models.tokenizer import load_tokenizer, tokenizer_key

        folder = self.model_folder(config.model)
        length = config.training.max_length
        regularizer = config.training.regularizer
        general = regularizer.data if regularizer else None
        asked = [benchmark.model_dump_json() for benchmark in benchmarks]
        kind = config.kind if isinstance(config, PPOConfig | GRPOConfig) else ""
        name = f"{folder}:{config.model.template_date}:{asked}:{rows_asked(config)}:{kind}"
        if name not in self._prepared:
            day = config.model.template_date
            words = partial(load_tokenizer, folder, day), tokenizer_key(folder, day)
            self._unchanged(config.data)
            measured = config.evaluation.max_length
            made = prepare(config.data, *words, length, self._progress, measured)
            made = with_benchmarks(made, benchmarks, 2 if config.kind in PAIRED else 1)
            if general:
                self._unchanged(general)
                other = prepare(general, *words, length, self._progress)
                self._found(other.key, other.report)
                made = made._replace(general=other.train, general_key=other.key)
            self._prepared[name] = _told(made, config)
        return self._prepared[name]

    def _unchanged(self, data: "AnyData") -> None:
        """InputError where a source is no longer what this sweep read before: rows of both would
        be compared."""
        from trainables.data.fingerprints import source_fingerprints, source_words

        found = dict(source_fingerprints(data))
        before = self._sources.setdefault(source_words(data), found)
        for source in found.keys() & before.keys():
            if found[source] != before[source]:
                message = "has changed since this sweep first read it"
                fix = "Put it back as it was, then `medsweep resume RUN --retry-failed`"
                raise InputError("data.source", source, message, fix)

    def start(self, config: TrialConfig) -> "Checkpoint | None":
        """What a trial starts from: the adapter that its configuration names, and the reward model
        that its rewards ask; None where it names neither. Raises InputError."""
        first, learned = self._first(config), self._reward_model(config)
        if learned is None:
            return first
        from trainables.saved import Checkpoint

        first = first or Checkpoint(b"", b"", {"step": 0, "updates": 0, "scaler": None})
        return replace(first, frozen={REWARD_MODEL: learned})

    def _reward_model(self, config: TrialConfig) -> "SavedAdapter | None":
        if not isinstance(config, PPOConfig | GRPOConfig):
            return None
        named = config.reward.model
        if not config.reward.weights.get(REWARD_MODEL):
            return None
        if named is None:
            what = "the reward `reward_model` has a weight, but no reward model is named"
            fix = "Write `model: {adapter_name_or_path: FOLDER}`, e.g. what `medsweep best` exports"
            raise InputError("reward.model", None, what, fix)
        from trainables.models.header import tensor_shapes
        from trainables.reward_model.saved import saved_reward_model

        folder = self.model_folder(config.model)
        name = f"{folder}:{named.adapter_name_or_path}"
        if name not in self._judges:
            shapes = tensor_shapes(folder)
            self._judges[name] = saved_reward_model(named.adapter_name_or_path, shapes)
        return self._judges[name]

    def _first(self, config: TrialConfig) -> "Checkpoint | None":
        if config.lora is None or config.lora.adapter_name_or_path is None:
            return None
        from trainables.models.header import tensor_shapes
        from trainables.models.starting import starting_checkpoint

        folder = self.model_folder(config.model)
        name = f"{folder}:{config.lora.model_dump_json()}"
        if name not in self._starts:
            self._starts[name] = starting_checkpoint(config.lora, tensor_shapes(folder))
        return self._starts[name]


def _told(made: "Prepared", config: SingleTrial) -> "Prepared":
    """The rows with all columns of their file, where rewards of the user's own may ask for them."""
    if not isinstance(config, PPOConfig | GRPOConfig) or own.current() is None:
        return made
    from trainables.data.file_cells import with_cells

    return with_cells(made, config.data)


def rows_asked(config: SingleTrial) -> str:
    """What of a trial decides which rows are prepared for it, but for its model and benchmarks."""
    regularizer = config.training.regularizer
    general = regularizer.data if regularizer else None
    # a mixture's weights only choose among its rows: `own_rows` does that where a trial runs
    own = config.data.model_dump_json(exclude=DRAWN)
    measured = config.evaluation.max_length
    lengths = str(config.training.max_length) + (f"/{measured}" if measured else "")
    return f"{lengths}:{own}:{general}"


WHOLE = ("top_p", 1.0)


def base_key(config: TrialConfig, data_key: str) -> str:
    """Trials with the same key are compared with the same measurement of the base model.
    `data_key` is that of the data, or of the measured rows alone (`measured_key`).

    Each reward is told by itself, so that their weights do not matter: only which have one.
    """
    last: SingleTrial = config.stage_trials[-1]
    content: list[Any] = [config.model.model_dump(), data_key, config.evaluation.model_dump()]
    if measured := measured_by(last):
        # runs of earlier releases, which sampled from the whole distribution, keep their key
        content.append({name: v for name, v in measured.items() if (name, v) != WHOLE})
    if isinstance(last, PPOConfig | GRPOConfig) and (reward := last.reward.without_model()):
        content.append([sorted(reward.weights), reward.model_dump(include={"judge"})])
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
