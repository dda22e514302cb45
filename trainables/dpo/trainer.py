"""TRL's DPOTrainer with medsweep's pairs, reference, checkpoints and seeds."""

from collections.abc import Mapping
from typing import Any

from trl import DPOTrainer

from trainables.isolated.resuming import Resuming
from trainables.models.reference import ROLE, set_reference
from trainables.saved import Checkpoint, SavedAdapter
from trainables.training.order import EpochOrder


class MedsweepDPOTrainer(Resuming, DPOTrainer):  # type: ignore[misc]
    """DPOTrainer on tokenised pairs that resumes from a Checkpoint."""

    def __init__(
        self,
        *,
        seed: int,
        checkpoint: Checkpoint | None,
        frozen: Mapping[str, SavedAdapter],
        **options: Any,
    ) -> None:
        set_reference(options["model"], None)  # TRL makes its own, which goes again
        order = EpochOrder(len(options["train_dataset"]), seed)
        super().__init__(order=order, checkpoint=checkpoint, frozen=frozen, **options)
        set_reference(self.model, frozen.get(ROLE))

    def watched(self) -> Mapping[str, float]:
        """Nothing: TRL's own metrics of the step go."""
        self._metrics["train"].clear()
        return {}

    def _prepare_dataset(self, dataset: Any, *_: Any) -> Any:
        """The pairs are tokenised."""
        return dataset
