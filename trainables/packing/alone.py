"""A trial that trains by itself in the packed engine."""

import gc
from collections.abc import Mapping

import torch

from trainables.context import TrialContext
from trainables.models.load import device_now, load_base
from trainables.packing.pack import Pack
from trainables.saved import TrialStopped
from trainables.training.config import SingleTrial

NAME = "alone"


def train_alone(
    config: SingleTrial, context: TrialContext, rungs: Mapping[float, float] | None = None
) -> None:
    """Train to the end in a pack of one. Raises what ends the trial: TrialStopped too."""
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    pack = Pack(load_base(config.model, device_now()), config.model)
    try:
        pack.join(NAME, config, context, rungs)
        trial = pack.trials[NAME]
        while pack.trials:
            for ended in pack.step():
                if ended.error is not None:
                    raise ended.error
        if not trial.progress.finished:
            raise TrialStopped
    finally:
        pack.close()
        gc.collect()
