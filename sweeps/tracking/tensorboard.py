"""TensorBoard: scalars of every trial under RUN/tensorboard/EXP-001, its parameters at the end."""

import json
import math
from pathlib import Path
from typing import Any

from sweeps.tracking.lane import Warn
from sweeps.tracking.tracker import SweepInfo, TrialInfo

NOT_SCALARS = ("step", "planned_steps")


def make(enabled: bool, warn: Warn) -> "TensorBoardTracker":
    """The factory that the registry names."""
    return TensorBoardTracker()


class TensorBoardTracker:
    """Writes event files with tensorboardX, which needs neither torch nor TensorFlow."""

    def __init__(self) -> None:
        self._folder = Path()
        self._parameters: dict[str, dict[str, Any]] = {}
        self._writers: dict[str, Any] = {}

    def sweep_started(self, run: SweepInfo) -> None:
        """Remember where to write."""
        self._folder = run.folder / "tensorboard"

    def trial_started(self, trial: TrialInfo) -> None:
        """Open the trial's folder; after a resume a second event file in it goes on."""
        from tensorboardX import SummaryWriter

        self._parameters[trial.trial_id] = trial.parameters
        folder = self._folder / trial.trial_id
        self._writers[trial.trial_id] = SummaryWriter(str(folder), write_to_disk=True)
        if trial.label:
            self._writers[trial.trial_id].add_text("label", trial.label, 0)

    def metrics(self, trial_id: str, step: int, values: dict[str, Any]) -> None:
        """One scalar a finite number."""
        writer = self._writers[trial_id]
        for name, value in numbers(values).items():
            if name not in NOT_SCALARS:
                writer.add_scalar(name, value, step)
        writer.flush()

    def trial_finished(self, trial_id: str, record: dict[str, Any], adapter: Path | None) -> None:
        """The HPARAMS tab: the trial's parameters beside its final metrics."""
        writer = self._writers.pop(trial_id, None)
        if writer is None:
            return
        final = {f"final/{name}": v for name, v in numbers(record.get("metrics", {})).items()}
        # the same folder, not one more level: otherwise each trial shows twice
        writer.add_hparams(_plain(self._parameters[trial_id]), final, name=".")
        writer.close()

    def close(self) -> None:
        """Close what is open."""
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()

    def abandon(self) -> None:
        """Nothing to let go of: the thread is a daemon."""


def numbers(values: dict[str, Any]) -> dict[str, float]:
    """The finite numbers among the values."""
    return {
        name: float(value)
        for name, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }


def _plain(parameters: dict[str, Any]) -> dict[str, Any]:
    """Lists and mappings as JSON: HPARAMS takes numbers, strings and booleans only."""
    return {
        path: value if isinstance(value, bool | int | float | str) else json.dumps(value)
        for path, value in parameters.items()
    }
