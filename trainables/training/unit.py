"""What an engine trains by itself."""

from collections.abc import Mapping
from typing import NamedTuple

from trainables.context import TrialContext
from trainables.training.config import SingleTrial


class TrainingUnit(NamedTuple):
    """What is trained by itself: a stage, or a trial without. `rungs` as `TrialProgress`
    has them."""

    trial: SingleTrial
    context: TrialContext
    rungs: Mapping[float, float] | None
