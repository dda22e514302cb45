"""What a trial's course asks of the engine that trains it."""

from typing import Any, Protocol

from trainables.saved import Checkpoint, SavedAdapter


class Weights(Protocol):
    """What an engine holds of a trial."""

    def export(self) -> SavedAdapter:
        """The adapter as it is now, in PEFT's format."""

    def snapshot(self, state: dict[str, Any]) -> Checkpoint:
        """Everything needed to go on after the step just done."""
