"""From a trial in a run folder to the pair of models that answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.files import RunError
from analysis.named import BEST, named_trial
from analysis.runs import TrialView, load_run
from analysis.system_prompt import trained_with

if TYPE_CHECKING:
    from trainables.chat.base_and_tuned import BaseAndTuned


@contextmanager
def opened_trial(folder: Path, name: str = BEST) -> "Iterator[tuple[TrialView, BaseAndTuned]]":
    """The trial `name` of the run (best, an id or a label) and its pair of models.

    RunError where there is no such trial or it kept no adapter; InputError where the model cannot
    be had.
    """
    run = load_run(folder)
    trial = named_trial(run, name)
    lora = trial.config.get("lora")
    if trial.adapter is None or lora is None:
        raise RunError(f"{folder}: {trial.trial} has no adapter to switch on. Name another trial.")
    from trainables.chat.base_and_tuned import opened
    from trainables.models.config import LoraConfig, ModelConfig

    model = ModelConfig.model_validate(trial.config["model"])
    prompt = trained_with(trial.config, run.data)
    with opened(model, LoraConfig.model_validate(lora), trial.adapter, prompt) as pair:
        yield trial, pair
