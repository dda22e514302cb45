"""What a trial may ask of the world: its data, its last checkpoint, and a place to report to."""

import difflib
import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from trainables.data.prepared import Prepared
from trainables.evaluation.metric_names import METRICS, metric_named
from trainables.evaluation.row_results import RowTable
from trainables.saved import Checkpoint, Diverged, SavedAdapter, TrialFailed, TrialStopped

# measured during training besides METRICS: for curves, never an objective
TELEMETRY = frozenset({"learning_rate", "grad_norm", "epoch", "penalty"})
# the same of kinds that learn from rewards
TELEMETRY |= {"entropy", "clip_fraction", "value_clip_fraction", "policy_loss", "value_loss"}
TELEMETRY |= {"approximate_kl", "explained_variance", "kl_coef"}
SAMPLED = "sampled_"  # before a metric's name: that of the answers trained on


class MetricError(TrialFailed):
    """A reported value that is not a finite number, or has an unknown name."""


class NotFiniteError(MetricError, Diverged):
    """A reported value that is not a finite number: training diverged."""


@dataclass(frozen=True)
class Report:
    """One message from a trial. `metrics` are checked on construction (MetricError)."""

    step: int
    planned_steps: int
    metrics: Mapping[str, float]
    seconds: float  # wall time of training and evaluation so far, earlier processes included
    rung: float | None = None  # the largest rung reached at this step, if any
    checkpoint: Checkpoint | None = None
    adapter: SavedAdapter | None = None  # of the best step so far, when this step is it
    predictions: tuple[dict[str, Any], ...] | None = None
    rows: tuple[RowTable, ...] = ()  # of the final report: its results row by row
    final: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)  # goes into record.json as it is

    def __post_init__(self) -> None:
        check_metrics(self.metrics)

    @property
    def progress(self) -> float:
        """Share of the trial's own planned steps, 0..1."""
        return self.step / self.planned_steps


def is_telemetry(name: str) -> bool:
    """Whether what a name stands for is watched during training only."""
    own = name.removeprefix(SAMPLED)
    return name in TELEMETRY or (own != name and metric_named(own) is not None)


def check_metrics(metrics: Mapping[str, Any]) -> None:
    """Raise MetricError unless every name is known and every value a finite number."""
    for name, value in metrics.items():
        if metric_named(name) is None and not is_telemetry(name):
            near = difflib.get_close_matches(name, METRICS, n=3) or METRICS
            raise MetricError(f"unknown metric {name!r}; known: {', '.join(near)}")
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            raise MetricError(f"{name} must be a number, got {type(value).__name__} {value!r}")
        if not math.isfinite(value):
            raise NotFiniteError(
                f"{name} is {value}: training diverged (try a lower learning rate)"
            )


class TrialContext(Protocol):
    """Implemented by the sweep (Ray Tune), by `medsweep trial` and by tests."""

    @property
    def prepared(self) -> Prepared:
        """The tokenised training and validation rows. The test split is not among them."""

    @property
    def checkpoint(self) -> Checkpoint | None:
        """Where to go on from; None for a fresh start."""

    def report(self, report: Report) -> None:
        """Hand over a report. Raises TrialStopped when the sweep wants no more."""


class ListContext:
    """A context that keeps its reports in a list; stops after `stop_after` reports if given. How it
    is used: `trainables.sft.train.train`."""

    def __init__(
        self,
        prepared: Prepared,
        checkpoint: Checkpoint | None = None,
        stop_after: int | None = None,
    ) -> None:
        self.prepared = prepared
        self.checkpoint = checkpoint
        self.reports: list[Report] = []
        self._stop_after = stop_after

    def report(self, report: Report) -> None:
        """Keep the report."""
        self.reports.append(report)
        if self._stop_after is not None and len(self.reports) >= self._stop_after:
            raise TrialStopped
